/// PyTorch's own trajectories, for those of its settings that the rules can express.
module CuteDl.Core.Tests.PyTorchTests

open System
open Expecto
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Trajectory

/// Step t over the parameters w with the gradient g: the next parameters.
type private Stepper = int -> float array -> float array -> float array

/// An optimizer's own steps.
let private plain (optimizer: Optimizer) : unit -> Stepper =
    fun () ->
        let mutable state = ValueNone

        fun _ w g ->
            let before = ValueOption.defaultWith (fun () -> Optimizer.init<float> optimizer w.Length) state
            let struct (next, delta) = Optimizer.step optimizer before (ReadOnlySpan g)
            state <- ValueSome next
            Array.map2 (-) w delta

/// PyTorch's `weight_decay`, which adds λ w to the gradient.
let private withL2 (factor: float) (start: unit -> Stepper) () : Stepper =
    let step = start ()
    fun t w g -> step t w (Array.map2 (fun g w -> g + factor * w) g w)

/// AdamW's: w shrinks by α λ before the step.
let private decoupled (rate: float) (factor: float) (start: unit -> Stepper) () : Stepper =
    let step = start ()
    fun t w g -> step t (w |> Array.map (fun w -> w * (1.0 - rate * factor))) g

/// The delta of one rule is the gradient of the next.
let private into (second: Optimizer) (first: Optimizer) () : Stepper =
    let inner = plain first ()
    let outer = plain second ()
    fun t w g -> outer t w (inner t (Array.zeroCreate w.Length) g |> Array.map (~-))

/// Adagrad under a falling rate from an initial sum: the rule of each step, over slots of our own.
let private adagradDecaying (rate: float) (rateDecay: float) (initialSum: float) (epsilon: float) () : Stepper =
    let mutable sums: float array = [||]

    fun t w g ->
        if sums.Length = 0 then
            sums <- Array.create w.Length initialSum

        let rule: IRule = { Adagrad.LearningRate = rate / (1.0 + float (t - 1) * rateDecay); Epsilon = epsilon }
        let delta = (fromSlots (fun _ -> rule) (int64 t) sums [| g |])[0]
        Array.map2 (-) w delta

let private adam = Optimizer.adam { LearningRate = 0.01; Beta1 = 0.9; Beta2 = 0.999; Epsilon = 1e-8 }
let private momentum = Optimizer.momentum { LearningRate = 0.01; Decay = 0.9 }
let private rmsProp = Optimizer.rmsProp { LearningRate = 0.01; Decay = 0.99; Epsilon = 1e-8 }

let private expressible: (string * (unit -> Stepper)) list =
    [ "sgd", plain (Optimizer.fixedRate { LearningRate = 0.01 })
      // At a constant rate it does not matter that PyTorch's rate is outside the velocity.
      "sgd_momentum", plain momentum
      "sgd_weight_decay", withL2 0.05 (plain momentum)
      "adagrad", plain (Optimizer.adagrad { LearningRate = 0.01; Epsilon = 1e-10 })
      "adagrad_decay_initial", adagradDecaying 0.01 0.01 0.1 1e-10
      "rmsprop", plain rmsProp
      "rmsprop_momentum", rmsProp |> into (Optimizer.momentum { LearningRate = 1.0; Decay = 0.7 })
      "adam", plain adam
      "adam_l2", withL2 0.02 (plain adam)
      "adamw", decoupled 0.01 0.03 (plain adam) ]

let private agrees (name: string) (start: unit -> Stepper) =
    testCase $"{name} agrees to 1e-10 at every recorded step" (fun () ->
        let reference = Reference.pyTorch.Value
        let recorded = Map reference.ParametersAfter[name]
        let step = start ()
        let mutable w = reference.Initial

        reference.Gradients
        |> Array.iteri (fun i g ->
            let t = i + 1
            w <- step t w g

            match recorded.TryFind t with
            | Some expected -> Array.iteri2 (fun j a b -> Close.relative 1e-10 a b $"parameter {j} after step {t}") w expected
            | None -> ())

        Expect.equal (List.ofSeq recorded.Keys) [ 1; 2; 3; 10; 13; 50; 100 ] "recorded steps"
        Expect.equal reference.Gradients.Length 100 "steps")

let tests = testList "PyTorch" [ for name, start in expressible -> agrees name start ]
