/// PyTorch's own trajectories: all twenty configurations.
module CuteDl.Core.Tests.PyTorchTests

open System
open Expecto
open CuteDl.Core.Optimizers

/// PyTorch's name of each configuration, and ours.
let private configurations =
    [ "sgd", "sgd(lr=0.01)"
      "sgd_momentum", "sgd(lr=0.01, momentum=0.9)"
      "sgd_momentum_dampening", "sgd(lr=0.01, momentum=0.9, dampening=0.3)"
      "sgd_nesterov", "sgd(lr=0.01, momentum=0.9, nesterov=true)"
      "sgd_weight_decay", "l2(0.05) | sgd(lr=0.01, momentum=0.9)"
      "adagrad", "adagrad(lr=0.01, eps=1e-10)"
      "adagrad_decay_initial", "adagrad(lr=0.01, eps=1e-10, initial=0.1, lr_decay=0.01)"
      "rmsprop", "rmsprop(lr=0.01, decay=0.99, eps=1e-8)"
      "rmsprop_centered", "rmsprop(lr=0.01, decay=0.99, eps=1e-8, centered=true)"
      "rmsprop_momentum", "rmsprop(lr=0.01, decay=0.99, eps=1e-8, momentum=0.7)"
      "adadelta", "adadelta(decay=0.9, eps=1e-6, inside=true)"
      "adam", "adam(lr=0.01, beta1=0.9, beta2=0.999)"
      "adam_amsgrad", "amsgrad(lr=0.01)"
      "adam_l2", "l2(0.02) | adam(lr=0.01, beta1=0.9, beta2=0.999)"
      "adamw", "adamw(lr=0.01, weight_decay=0.03)"
      "adamax", "adamax(lr=0.01)"
      // The recorded version multiplies μ_t in twice.
      "nadam", "nadam(lr=0.01, legacy=true)"
      "radam", "radam(lr=0.01)"
      "rprop", "rprop(lr=0.01)"
      "asgd", "asgd(lr=0.01)" ]

let private layout = Layout.OfShapes [ "matrix", [ 3; 4 ]; "vector", [ 5 ] ]

let private agrees (name: string, text: string) =
    testCase $"{name} agrees to 1e-10 at every recorded step" (fun () ->
        let reference = Reference.pyTorch.Value
        let recorded = Map reference.ParametersAfter[name]
        let optimizer = Expression.parse text
        let state = Optimizer.initFor<float> optimizer layout
        let w = Array.copy reference.Initial

        reference.Gradients
        |> Array.iteri (fun i g ->
            let t = i + 1
            Optimizer.stepInPlace optimizer state (Span w) (ReadOnlySpan g)

            match recorded.TryFind t with
            | Some expected -> Array.iteri2 (fun j a b -> Close.relative 1e-10 a b $"parameter {j} after step {t}") w expected
            | None -> ())

        Expect.equal (List.ofSeq recorded.Keys) [ 1; 2; 3; 10; 13; 50; 100 ] "recorded steps"
        Expect.equal reference.Gradients.Length 100 "steps")

let private complete =
    test "no configuration of PyTorch's is left out" {
        Expect.equal (configurations |> List.map fst |> Set) (Reference.pyTorch.Value.ParametersAfter.Keys |> Set) "names"
    }

let tests = testList "PyTorch" (complete :: List.map agrees configurations)
