/// Search methods and pruning rules of one's own take part in studies as those of the library do.
module CuteDl.Studies.Tests.OwnSearchTests

open System
open System.Threading
open Expecto
open FsCheck.FSharp
open CuteDl.Testing
open CuteDl.Core.Optimizers
open CuteDl.Studies

let private sobol point =
    { new ISampler with
        member _.Name = "mine"
        member _.MaxDimensions = 3
        member _.Point(key, dimensions, index) = point (QuasiRandom.sobol key dimensions index) }

let private mine = sobol id

/// The median rule, written from its definition.
let private medianRule (warmUp: int) =
    { new IPruningRule with
        member _.Name = "my_median"
        member _.Rungs(steps, _) = seq { for tenth in 1L .. 9L -> steps * tenth / 10L }

        member _.Threshold(_, earlier, position) =
            if position < warmUp || earlier.Length = 0 then
                Double.NegativeInfinity
            else
                let means =
                    [| for validations in earlier ->
                           if validations.Length = 0 then Double.NegativeInfinity else validations |> Array.averageBy _.Score |]
                    |> Array.sort

                let middle = means.Length / 2
                if means.Length % 2 = 1 then means[middle] else (means[middle - 1] + means[middle]) / 2.0 }

let private design search pruning : StudyDesign =
    { Name = "n"
      Tasks =
        [ { Name = "bowl"
            Problem = Quadratic(3, 10.0)
            Precision = TaskPrecision.Double
            Steps = 40L
            ValidateEvery = 2
            Target = Loss 1e-3 } ]
      Metrics = Metric.Defaults
      Contenders =
        [ Contender.Of("sgd", Expression.parse "fixed", [ "lr", LogUniform(1e-4, 1.0) ])
          Contender.Of("momentum", Expression.parse "momentum", [ "lr", LogUniform(1e-4, 1.0); "decay", Uniform(0.1, 0.9) ]) ]
      Protocol =
        FairProtocol.make (
            { Search = search
              Trials = 8
              Seeds = [ 7 ]
              Objective = TimeToTarget
              Pruning = pruning
              Extensions = 1
              Nested = false },
            { Seeds = [ 1 ]; Alpha = 0.05; EqualWithin = 1.05; InterimLooks = None; Defaults = false },
            None
        ) }

let private run (study: StudyDesign) : StudyOutcome =
    let noImages = DataReader(fun _ -> invalidOp "A function has no images.")
    use run = StudyRun.InMemory(study, false, PreparedTrials.Of(noImages, study))
    run.Run(RunOptions.Defaults, ignore, CancellationToken.None)

let private results (outcome: StudyOutcome) =
    [ for result in outcome.Results -> result.Trial.Id, result.Trial.Optimizer, result.Ending, result.Steps, result.Parameters ]

let private registry = StudyRegistry.Standard.Add(mine).Add(medianRule 2)
let private text = StudyJson.print (design (Sampler mine) (PruningRule(medianRule 2)))

let private refused (study: StudyDesign) : string =
    match StudyRules.broken study with
    | [] -> failtest "not refused"
    | problems -> String.Join(" ", problems)

let tests =
    testList
        "own searches and prunings"
        [ property
              "a method that gives the points of Sobol gives its settings, extended too"
              (gen {
                  let! seed = Gen.choose (-1000, 1000)
                  let! trials = Gen.choose (1, 20)
                  let! best = Gen.choose (0, trials - 1)
                  return seed, trials, best
              })
              (fun (seed, trials, best) ->
                  let settings search =
                      let tuning =
                          { Search = search
                            Trials = trials
                            Seeds = [ seed ]
                            Objective = TimeToTarget
                            Pruning = NoPruning
                            Extensions = 1
                            Nested = false }

                      let contender = (design search NoPruning).Contenders[1]
                      let list = Settings.start tuning contender
                      let extended = Settings.extend tuning contender best list |> Option.defaultValue list
                      [ for setting in extended.Settings -> string setting.Optimizer ]

                  Expect.equal (settings (Sampler mine)) (settings Sobol) "settings")

          testCase "a rule that is the median rule makes the same decisions, and a study has the same results" (fun () ->
              let own = run (design (Sampler mine) (PruningRule(medianRule 2)))
              let known = run (design Sobol (Median 2))
              Expect.equal (results own) (results known) "results"
              Expect.equal own.Decisions known.Decisions "decisions"

              Expect.exists
                  own.Results
                  (fun result -> result.Ending = Ending.Pruned)
                  "some trials are pruned, so that the test says something")

          testCase "a study file names them, and is read with a registry that has them" (fun () ->
              Expect.stringContains text "\"search\": \"mine\"" "search"
              Expect.stringContains text "\"pruning\": \"my_median\"" "pruning"

              match StudyJson.parseWith registry text with
              | Ok study -> Expect.equal (StudyJson.print study) text "read and printed"
              | Error errors -> failtestf "%A" errors)

          testCase "an unknown name is an error that lists the known ones" (fun () ->
              let problems registry =
                  match StudyJson.parseWith registry text with
                  | Ok _ -> failtest "it was read"
                  | Error errors -> String.Join("\n", errors |> Array.map string)

              let unknown = problems StudyRegistry.Standard
              Expect.stringContains unknown "$.tuning.search" "place"
              Expect.stringContains unknown "sobol" "known searches"
              Expect.stringContains unknown "$.tuning.pruning" "place"
              Expect.stringContains unknown "successive_halving" "known prunings"
              Expect.stringContains (problems (StudyRegistry.Standard.Add mine)) "$.tuning.pruning" "only the other")

          testCase "a registry has each name once" (fun () ->
              for taken in [ "sobol"; "GRID"; "mine"; "Mine"; ""; "a b" ] do
                  let other =
                      { new ISampler with
                          member _.Name = taken
                          member _.MaxDimensions = 1
                          member _.Point(_, _, _) = [| 0.0 |] }

                  Expect.throwsT<ArgumentException> (fun () -> registry.Add other |> ignore) taken

              for taken in [ "none"; "Median"; "successive_halving"; "my_median" ] do
                  let other =
                      { new IPruningRule with
                          member _.Name = taken
                          member _.Rungs(_, _) = Seq.empty
                          member _.Threshold(_, _, _) = 0.0 }

                  Expect.throwsT<ArgumentException> (fun () -> registry.Add other |> ignore) taken)

          testCase "wrong points and exceptions are refused before the first trial" (fun () ->
              let refuses point = refused (design (Sampler(sobol point)) NoPruning)
              Expect.stringContains (refuses (Array.append [| 0.5 |])) "gave point 0 with 2 coordinates. It must have 1" "too long"
              Expect.stringContains (refuses (Array.map (fun _ -> nan))) "the coordinate NaN" "NaN"
              Expect.stringContains (refuses (Array.map (fun _ -> 1.5))) "the coordinate 1.5" "above 1"
              Expect.stringContains (refuses (fun _ -> failwith "no luck")) "'mine' failed at point 0: no luck" "an exception"

              let many =
                  { new ISampler with
                      member _.Name = "one"
                      member _.MaxDimensions = 1
                      member _.Point(_, _, _) = [| 0.5 |] }

              Expect.stringContains
                  (refused (design (Sampler many) NoPruning))
                  "2 hyper-parameters are tuned. Tune at most 1."
                  "dimensions")

          testCase "a rule that fails or gives NaN ends the study, and the message names it" (fun () ->
              let broken threshold =
                  { new IPruningRule with
                      member _.Name = "broken"
                      member _.Rungs(steps, _) = Seq.singleton (steps / 2L)
                      member _.Threshold(_, _, _) = threshold () }

              let message threshold =
                  try
                      run (design Sobol (PruningRule(broken threshold))) |> ignore
                      failtest "nothing was thrown"
                  with :? StudyException as error ->
                      error.Message

              Expect.stringContains (message (fun () -> nan)) "'broken' gave the score NaN at step 20" "NaN"
              Expect.stringContains (message (fun () -> failwith "no luck")) "'broken' failed: no luck" "an exception") ]
