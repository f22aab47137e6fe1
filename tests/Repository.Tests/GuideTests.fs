/// What the guide repeats from the code.
module CuteDl.Repository.Tests.GuideTests

open System
open Expecto
open CuteDl.Core.Training

let private guide = "docs/guide.md"

let tests =
    testList
        "guide"
        [ testCase "the table of PyTorch's rules is that of the code" (fun () ->
              let rows =
                  [ "| rule | PyTorch | keys |"
                    "|---|---|---|"
                    for rule in PyTorchRules.all do
                        let keys =
                            List.map snd rule.Keys @ (if rule.CountsSteps then [ "step" ] else [])
                            |> List.map (fun key -> $"`{key}`")

                        let joined = String.Join(", ", keys)
                        $"| `{rule.Kind.Name}` | `{rule.Class}` | {joined} |" ]

              Expect.stringContains (Repository.read guide) (String.Join("\n", rows) + "\n\n") "the table"

              for ours, option in PyTorchRules.options do
                  Expect.stringContains ((Repository.read guide).Replace("`", "")) $"{ours} is {option}." "an option")

          testCase "own training code is that of the samples, which run" (fun () ->
              let section = ((Repository.read guide).Split "## Own training code\n")[1]

              for language, sample in [ "csharp", "samples/training.cs"; "fsharp", "samples/training.fsx" ] do
                  let block = ((section.Split $"```{language}\n")[1]).Split("```")[0]
                  Expect.isTrue ((Repository.read sample).EndsWith(block, StringComparison.Ordinal)) sample)

          testCase "the functions in Python are those that were tested with PyTorch" (fun () ->
              let script = Repository.read "tests/Core.Tests/reference/pytorch-state/generate.py"
              let blocks = (Repository.read guide).Split "```python\n" |> Array.skip 1
              Expect.equal blocks.Length 2 "functions"

              for block in blocks do
                  let lines = (block.Split("```")[0]).Replace("import numpy, torch\n\n", "")
                  Expect.stringContains script lines "the function") ]
