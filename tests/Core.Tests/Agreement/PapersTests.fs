/// The papers' rules against PyTorch's own trajectories, for all that PyTorch has, and others against these where they coincide:
/// what shows that they are read rightly.
module CuteDl.Core.Tests.PapersTests

open Expecto
open CuteDl.Core.Tests.Paper
open CuteDl.Core.Tests.MomentumPapers
open CuteDl.Core.Tests.AdagradPapers
open CuteDl.Core.Tests.AdamPapers
open CuteDl.Core.Tests.ScheduleFreePapers
open CuteDl.Core.Tests.TransformationPapers

/// The reference's PyTorch multiplies μ_t in twice.
let private nadamOfPyTorch113 = nadamWith (fun mu muAhead product -> product * mu * muAhead)

/// PyTorch's name of each configuration, and the rule with its hyper-parameters.
let private configurations: (string * (unit -> Reference)) list =
    [ "sgd", (fun () -> sgd 0.01 0.0 0.0 false)
      "sgd_momentum", (fun () -> sgd 0.01 0.9 0.0 false)
      "sgd_momentum_dampening", (fun () -> sgd 0.01 0.9 0.3 false)
      "sgd_nesterov", (fun () -> sgd 0.01 0.9 0.0 true)
      "sgd_weight_decay", (fun () -> sgd 0.01 0.9 0.0 false |> l2 0.05)
      "adagrad", (fun () -> adagrad 0.01 1e-10 0.0 0.0 false)
      "adagrad_decay_initial", (fun () -> adagrad 0.01 1e-10 0.1 0.01 false)
      "rmsprop", (fun () -> rmsprop 0.01 0.99 1e-8 false 0.0 false)
      "rmsprop_centered", (fun () -> rmsprop 0.01 0.99 1e-8 true 0.0 false)
      "rmsprop_momentum", (fun () -> rmsprop 0.01 0.99 1e-8 false 0.7 false)
      "adadelta", (fun () -> adadelta 0.9 1e-6 1e-6 1.0 true)
      "adam", (fun () -> adam 0.01 0.9 0.999 1e-8 true false)
      "adam_amsgrad", (fun () -> amsgrad 0.01 0.9 0.999 1e-8)
      "adam_l2", (fun () -> adam 0.01 0.9 0.999 1e-8 true false |> l2 0.02)
      "adamw", (fun () -> adamw 0.01 0.9 0.999 1e-8 0.03)
      "adamax", (fun () -> adamax 0.01 0.9 0.999 1e-8)
      "nadam", (fun () -> nadamOfPyTorch113 0.01 0.9 0.999 1e-8 0.004)
      "radam", (fun () -> radam 0.01 0.9 0.999 1e-8)
      "rprop", (fun () -> rprop 0.01 0.5 1.2 1e-6 50.0)
      "asgd", (fun () -> asgd 0.01 0.0001 0.75 1e6) ]

/// A flat array as the reference's two tensors.
let private tensors (values: float array) =
    [ { Shape = [ 3; 4 ]; Values = values[..11] }; { Shape = [ 5 ]; Values = values[12..] } ]

let private agrees (name: string, start: unit -> Reference) =
    testCase $"{name} agrees with PyTorch to 1e-12 at every recorded step" (fun () ->
        let reference = Reference.pyTorch.Value
        let recorded = Map reference.ParametersAfter[name]
        let rule = start ()
        let mutable w = tensors reference.Initial

        reference.Gradients
        |> Array.iteri (fun i g ->
            let t = i + 1
            w <- rule.Step t w (tensors g)

            for expected in recorded.TryFind t |> Option.toList do
                let actual = w |> List.map _.Values |> Array.concat
                Array.iteri2 (fun j a b -> Close.relative 1e-12 a b $"parameter {j} after step {t}") actual expected))

let private complete =
    test "every configuration of PyTorch's has its rule" {
        let ours = configurations |> List.map fst |> Set
        let theirs = Reference.pyTorch.Value.ParametersAfter.Keys |> Set
        Expect.equal ours theirs "names"
    }

/// The parameters after each step over the reference's gradients, its matrix alone for rules that know nothing else.
let private trajectory (rule: Reference) : Tensor list list =
    let chosen values =
        if Papers.matricesOnly rule.Name then List.take 1 (tensors values) else tensors values

    Reference.pyTorch.Value.Gradients
    |> Array.toList
    |> List.indexed
    |> List.scan (fun w (i, g) -> rule.Step (i + 1) w (chosen g)) (chosen Reference.pyTorch.Value.Initial)
    |> List.tail

let private expectClose (tolerance: float) (actual: Tensor list list) (expected: Tensor list list) =
    List.zip actual expected
    |> List.iteri (fun i (actual, expected) ->
        for a, b in List.zip actual expected do
            Array.iter2 (fun a b -> Close.within tolerance a b $"after step {i + 1}") a.Values b.Values)

let private coincide (name: string) (one: unit -> Reference) (other: unit -> Reference) =
    testCase name (fun () -> expectClose 1e-12 (trajectory (one ())) (trajectory (other ())))

let private identities =
    testList
        "coincide"
        [ coincide "Nesterov's rate inside and outside the velocity" (fun () -> nesterov 0.01 0.9) (fun () -> sgd 0.01 0.9 0.0 true)
          coincide "Lion with equal betas and Signum" (fun () -> lion 0.01 0.9 0.9 0.0) (fun () -> signum 0.01 0.9)
          coincide "RMSProp and Adam without a first mean" (fun () -> rmsprop 0.01 0.99 1e-3 false 0.0 true) (fun () ->
              adam 0.01 0.0 0.99 1e-3 false true)
          coincide "AdEMAMix without its slow mean and AdamW" (fun () -> ademamix 0.01 0.9 0.999 0.9999 0.0 1e-8 0.03 0) (fun () ->
              adamw 0.01 0.9 0.999 1e-8 0.03)
          coincide "NAdam and Adam, both without a first mean" (fun () -> nadam 0.01 0.0 0.999 1e-8 0.004) (fun () ->
              adam 0.01 0.0 0.999 1e-8 true false)
          coincide "schedule-free without interpolation and SGD" (fun () -> scheduleFreeSgd 0.01 0.0 0) (fun () -> sgd 0.01 0.0 0.0 false)
          coincide "Lookahead at every step and a shorter SGD" (fun () -> sgd 0.02 0.0 0.0 false |> lookahead 1 0.5) (fun () ->
              sgd 0.01 0.0 0.0 false)
          coincide "accumulation of one and none" (fun () -> adam 0.01 0.9 0.999 1e-8 true false |> accumulate 1) (fun () ->
              adam 0.01 0.9 0.999 1e-8 true false)
          testCase "schedule-free all averaged and the mean of SGD's parameters" (fun () ->
              let mean = swa 1 1
              let means = trajectory (sgd 0.01 0.0 0.0 false) |> List.mapi (fun i w -> mean.Add (i + 1) w)
              expectClose 1e-12 (trajectory (scheduleFreeSgd 0.01 1.0 0)) means) ]

let private everyOne =
    testList
        "every rule"
        [ for name, start in Papers.all ->
              testCase $"{name} stays finite over the reference's gradients" (fun () ->
                  for w in trajectory (start ()) |> List.concat do
                      Expect.all w.Values System.Double.IsFinite "parameters") ]

let private names =
    test "no text form appears twice" {
        let names = List.map fst Papers.all @ List.map fst Papers.averages
        Expect.equal (List.distinct names) names "names"
    }

let tests =
    testList "papers" ([ complete; names; identities; everyOne ] @ List.map agrees configurations)
