module CuteDl.Core.Tests.DocumentedRunsTests

open Expecto
open CuteDl.Core.Data
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Core.Tests.Subjects

/// Name, text form, and an ε that the text form leaves out.
let private expected =
    [ "fixed-0.0001", "fixed(lr=0.0001)", None
      "fixed-0.2", "fixed(lr=0.2)", None
      "fixed-0.01", "fixed(lr=0.01)", None
      "momentum", "momentum(lr=0.002, decay=0.9)", None
      "adagrad", "adagrad(lr=0.001)", Some 1e-6
      "rmsprop", "rmsprop(lr=0.0001, decay=0.99)", Some 1e-6
      "adadelta", "adadelta(decay=0.99)", Some 1e-6
      "adam", "adam(lr=0.0001, beta1=0.9, beta2=0.99)", Some 1e-8 ]

let tests =
    testList
        "documented runs"
        [ testCase "are the document's eight with its settings, in its order" (fun () ->
              let actual =
                  [ for run in DocumentedRuns.all -> run.Name, string run.Optimizer, tryValue "eps" run.Optimizer ]

              Expect.equal actual expected "runs")
          testCase "with the name of a rule are the rule with its defaults" (fun () ->
              for kind in Rules.document do
                  let name = if obj.ReferenceEquals(kind, Rules.fixedRate.Kind) then "fixed-0.01" else kind.Name
                  let run = DocumentedRuns.all |> List.find (fun run -> run.Name = name)
                  Expect.equal run.Optimizer (Optimizer.ofKind kind) name)
          testCase "can be made from their text forms" (fun () ->
              for run in DocumentedRuns.all do
                  Expect.equal (Expression.parse (string run.Optimizer)) run.Optimizer run.Name)
          testCase "carry the document's own figures where it gives any" (fun () ->
              let silent =
                  [ for run in DocumentedRuns.all do
                        if run.Figures = "" then
                            run.Name ]

              Expect.equal silent [ "adagrad"; "rmsprop" ] "runs without figures") ]
