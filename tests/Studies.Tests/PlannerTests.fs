/// What a study needs next, from results that are made up.
module CuteDl.Studies.Tests.PlannerTests

open System
open System.Collections.Generic
open Expecto
open CuteDl.Core.Optimizers
open CuteDl.Studies
open CuteDl.Studies.Tests.Analysis

let private rates = LogUniform(1e-3, 1.0)

let private contender name : Contender =
    { Name = name
      Label = name
      Optimizer = Expression.parse "adam"
      Space = [ "lr", rates; "eps", Choice [ 1e-8; 1e-4 ] ] }

let private tuning =
    { Search = Grid
      Trials = 8
      Seeds = [ 1000; 1001; 1002 ]
      Objective = TimeToTarget
      Pruning = NoPruning
      Extensions = 0
      Nested = false }

let private confirmation =
    { Seeds = [ 1..6 ]
      Alpha = 0.05
      EqualWithin = 1.05
      InterimLooks = Some { Seeds = [ 6; 8 ] }
      Defaults = true }

let private study tuning : StudyDesign =
    { Name = "planned"
      Tasks = [ Made.imagesTask "one" ]
      Metrics = Metric.Defaults
      Contenders = [ contender "a"; contender "b" ]
      Protocol = FairProtocol.make (tuning, confirmation, Some { Rates = [ 0.01; 0.1; 1.0 ]; Seeds = [ 2000; 2001 ] }) }

let private made = Made.ofTrial

/// Answers what is asked until nothing is.
let private answered (study: StudyDesign) (answer: Trial -> TrialResult) : Plan =
    Made.answered (Planner(study, true, (fun look _ -> look = 2))) answer |> fst |> List.head

let private selected (plan: Plan) contender =
    plan.Selections |> Array.find (fun selection -> selection.Contender = contender)

let private reasons (plan: Plan) kind =
    [ for decision in plan.Decisions do
          if decision.Kind = kind then
              decision.Reason ]

let tests =
    testList
        "planner"
        [ testCase "a setting that met its target and then diverged failed" (fun () ->
              let answer (trial: Trial) =
                  if trial.Phase = Phase.Tuning && trial.Setting = 0 then
                      { made trial 100.0 0.99 with Ending = Ending.Diverged; Final = Nullable() }
                  else
                      made trial (300.0 + float trial.Setting) 0.92

              let selection = selected (answered (study tuning) answer) "a"
              Expect.equal selection.Best 1 "the fastest that stayed"
              Expect.equal (selection.StepsToTarget[0], selection.Objectives[0]) (infinity, -infinity) "never, and the worst objective"
              Expect.equal (selection.StepsToTarget[1], selection.Objectives[1]) (301.0, 0.92) "as it was")

          testCase "of settings that all diverge, the one that lasted longest is chosen, and that is said" (fun () ->
              let answer (trial: Trial) =
                  { Made.diverged (made trial 100.0 0.99) with
                      Steps = if trial.Setting = 5 then 90L else 10L + int64 trial.Setting }

              let plan = answered (study tuning) answer
              Expect.equal (selected plan "a").Best 5 "90 steps"
              Expect.stringContains (reasons plan DecisionKind.Selected).Head "All 8 settings failed." "said"
              Expect.isTrue plan.IsComplete "and it goes on")

          testCase "as many trials as the study alone tells of; seeds that a look adds come on top" (fun () ->
              let plan = answered (study tuning) (fun trial -> made trial 100.0 0.99)
              let added = 2 * 2 * (8 - 6)
              Expect.equal plan.Trials.Length (StudySize.trials (study tuning) true + added) "decided at the second look"
              let start = (Planner(study tuning, true, (fun _ _ -> false))).Make(fun _ -> ValueNone)
              Expect.equal start.Expected (StudySize.trials (study tuning) true) "expected from the beginning"
              Expect.equal (plan.Expected, plan.Later) (plan.Trials.Length, []) "in the end, all are named"
              let document = { study tuning with Protocol = DocumentProtocol.make [ 1..5 ] }
              Expect.equal (StudySize.trials document false) 10 "each with each seed")

          testCase "what counts is the median over seeds, then the better validation, then the order" (fun () ->
              let steps (trial: Trial) =
                  match trial.Setting, trial.Seed with
                  // One lucky seed of three.
                  | 0, 1000 -> 1.0
                  | 0, _ -> infinity
                  | 3, 1001 -> infinity
                  | 3, _ -> 200.0
                  | 4, _ -> 200.0
                  | 5, _ -> 200.0
                  | _ -> 400.0

              let accuracy (trial: Trial) = if trial.Setting >= 4 then 0.95 else 0.92

              let selection =
                  selected (answered (study tuning) (fun trial -> made trial (steps trial) (accuracy trial))) "b"

              Expect.equal (selection.StepsToTarget[0], selection.StepsToTarget[3]) (infinity, 200.0) "medians"
              Expect.equal selection.Best 4 "best")

          testCase "the final score is that of the last validation, and steps are told all the same" (fun () ->
              let study = study { tuning with Objective = FinalScore }

              let answer (trial: Trial) =
                  let result = made trial (100.0 + float trial.Setting) (0.9 + 0.001 * float trial.Setting)

                  match trial.Setting with
                  | 7 -> { result with Final = Nullable(); Ending = Ending.Pruned }
                  | 6 -> { result with Final = Nullable(Score(1000L, 0.5, 0.1)) }
                  | _ -> result

              let selection = selected (answered study answer) "a"
              Expect.equal selection.Best 5 "of those that have a last validation"
              Expect.equal (selection.StepsToTarget[2], selection.Objectives[6], selection.Objectives[7]) (102.0, 0.1, -infinity) "told")

          testCase "every trial is of the optimizer that its values make, the frontier's with all that tuning chose" (fun () ->
              let plan =
                  answered (study tuning) (fun trial -> made trial (if trial.Setting = 3 then 100.0 else 200.0) 0.92)

              let chosen = (selected plan "a").Settings[3]
              Expect.contains chosen.Values (struct ("eps", 1e-4)) "tuning chose another ε than the default"

              for trial in plan.Trials do
                  let optimizer =
                      (Expression.parse "adam", trial.Values)
                      ||> Array.fold (fun optimizer struct (name, value) -> Optimizer.set name value optimizer)

                  Expect.equal (string optimizer) trial.Optimizer trial.Id

              let frontier = plan.Trials |> Array.filter (fun trial -> trial.Phase = Phase.Frontier)
              Expect.equal frontier.Length (2 * 3 * 2) "each rate with each seed"

              for trial in frontier do
                  Expect.contains trial.Values (struct ("eps", 1e-4)) "with the ε"
                  Expect.contains trial.Values (struct ("lr", [| 0.01; 0.1; 1.0 |][trial.Setting])) "and the rate")

          testCase "all trials are told apart, and seeds of tuning, confirmation and frontier have none in common" (fun () ->
              let plan = answered (study tuning) (fun trial -> made trial 200.0 0.92)
              Expect.equal (plan.Trials |> Array.distinctBy _.Id |> Array.length) plan.Trials.Length "ids"

              let seeds phases =
                  plan.Trials
                  |> Array.filter (fun trial -> List.contains trial.Phase phases)
                  |> Array.map _.Seed
                  |> Set.ofArray

              let tuned, frontier = seeds [ Phase.Tuning ], seeds [ Phase.Frontier ]
              let confirmed = seeds [ Phase.Confirmation; Phase.Defaults ]
              Expect.equal confirmed (set [ 1..8 ]) "those of both looks"
              Expect.isTrue ((Set.intersect tuned confirmed).IsEmpty && (Set.intersect frontier (tuned + confirmed)).IsEmpty) "disjoint"
              Expect.equal plan.LooksDone 2 "looks")

          testCase "nobody is confirmed before everybody has a setting" (fun () ->
              let known = Dictionary<string, TrialResult>()

              let find id =
                  match known.TryGetValue id with
                  | true, result -> ValueSome result
                  | _ -> ValueNone

              let planner = Planner(study tuning, true, (fun _ _ -> true))

              for trial in (planner.Make find).Trials do
                  if trial.Contender = "a" || trial.Setting > 0 || trial.Seed > 1000 then
                      known[trial.Id] <- made trial 200.0 0.92

              let phases =
                  (planner.Make find).Trials |> Array.map (fun trial -> trial.Phase, trial.Contender) |> Set.ofArray

              Expect.equal phases (set [ Phase.Tuning, "a"; Phase.Tuning, "b"; Phase.Frontier, "a" ]) "b has one trial left"
              Expect.isFalse (planner.Make find).IsComplete "not complete") ]
