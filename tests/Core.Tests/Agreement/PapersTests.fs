/// The papers' rules against PyTorch's own trajectories, for all that PyTorch has: what shows that they are read rightly.
module CuteDl.Core.Tests.PapersTests

open Expecto
open CuteDl.Core.Tests.Paper
open CuteDl.Core.Tests.MomentumPapers
open CuteDl.Core.Tests.AdagradPapers
open CuteDl.Core.Tests.AdamPapers
open CuteDl.Core.Tests.TransformationPapers

/// The reference's PyTorch multiplies μ_t in twice.
let private nadamOfPyTorch113 = nadamWith (fun mu muAhead product -> product * mu * muAhead)

/// PyTorch's name of each configuration, and the rule with its hyper-parameters.
let private configurations: (string * (unit -> Reference)) list =
    [ "sgd", (fun () -> sgd 0.01 0.0 0.0 false)
      "sgd_momentum", (fun () -> sgd 0.01 0.9 0.0 false)
      "sgd_momentum_dampening", (fun () -> sgd 0.01 0.9 0.3 false)
      "sgd_nesterov", (fun () -> sgd 0.01 0.9 0.0 true)
      "sgd_weight_decay", (fun () -> sgd 0.01 0.9 0.0 false |> decay 0.05)
      "adagrad", (fun () -> adagrad 0.01 1e-10 0.0 0.0 false)
      "adagrad_decay_initial", (fun () -> adagrad 0.01 1e-10 0.1 0.01 false)
      "rmsprop", (fun () -> rmsprop 0.01 0.99 1e-8 false 0.0 false)
      "rmsprop_centered", (fun () -> rmsprop 0.01 0.99 1e-8 true 0.0 false)
      "rmsprop_momentum", (fun () -> rmsprop 0.01 0.99 1e-8 false 0.7 false)
      "adadelta", (fun () -> adadelta 0.9 1e-6 1e-6 1.0 true)
      "adam", (fun () -> adam 0.01 0.9 0.999 1e-8 true false)
      "adam_amsgrad", (fun () -> amsgrad 0.01 0.9 0.999 1e-8)
      "adam_l2", (fun () -> adam 0.01 0.9 0.999 1e-8 true false |> decay 0.02)
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

let tests = testList "papers" (complete :: List.map agrees configurations)
