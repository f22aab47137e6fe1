/// A nested tuning is repeated for each confirmation seed, and the intervals then cover the luck of tuning.
module CuteDl.Studies.Tests.NestedTuningTests

open System
open System.Collections.Generic
open Expecto
open FsCheck.FSharp
open MathNet.Numerics.Distributions
open CuteDl.Testing
open CuteDl.Core.Optimizers
open CuteDl.Studies
open CuteDl.Studies.Tests.Analysis

let private tuning nested : Tuning =
    { Search = Search.Sobol
      Trials = 4
      Seeds = [ 1000; 1001 ]
      Objective = TimeToTarget
      Pruning = NoPruning
      Extensions = 1
      Nested = nested }

let private confirmation: Confirmation =
    { Seeds = [ 1..6 ]; Alpha = 0.05; EqualWithin = 1.05; InterimLooks = None; Defaults = true }

let private contender name : Contender = Contender.Of(name, Expression.parse "adam", [ "lr", LogUniform(1e-4, 1e-1) ])

let private study (protocol: Protocol) : StudyDesign =
    { Name = "nested"
      Tasks = [ Made.imagesTask "one"; Made.imagesTask "two" ]
      Metrics = Metric.Defaults
      Contenders = [ contender "a"; contender "b" ]
      Protocol = protocol }

/// A number from -1 to 1 that is the same in every process.
let private drawn (text: string) : float =
    let hash = text |> Seq.fold (fun hash letter -> BitHash.add hash (uint64 letter)) BitHash.start
    float (hash % 20011UL) / 10005.0 - 1.0

let private made (trial: Trial) (steps: float) : TrialResult = Made.ofTrial trial (Math.Round steps) 0.92

let private answer (trial: Trial) = made trial (500.0 + 400.0 * drawn trial.Id)

let private answered (study: StudyDesign) untilDecided isDecided (answer: Trial -> TrialResult) : Plan list * TrialResult array =
    Made.answered (Planner(study, untilDecided, isDecided)) answer

let private never _ _ = false

let private ofPhase phase (plan: Plan) = plan.Trials |> Array.filter (fun trial -> trial.Phase = phase)

let private fair =
    StudyGenerators.protocol |> Gen.where (fun protocol -> protocol.Kind = FairProtocol.kind)

let private withTuning change (protocol: Protocol) = { protocol with Tuning = Option.map change protocol.Tuning }

/// The same, with the seeds of all phases close together, also where whole numbers end.
let private crowded =
    gen {
        let! protocol = fair
        let! greatest = Gen.elements [ 1000; Int32.MaxValue - 3; Int32.MaxValue ]
        let! gap = Gen.choose (1, 4)
        let tuned = protocol.Tuning.Value.Seeds.Length
        let confirmed = protocol.Confirmation.Seeds.Length

        return
            { withTuning (fun tuning -> { tuning with Seeds = [ for i in 1..tuned -> greatest - tuned + i ] }) protocol with
                // Sums beyond the largest whole number continue at the smallest one.
                Confirmation = { protocol.Confirmation with Seeds = [ for i in 1..confirmed -> greatest + gap * i ] }
                Frontier =
                    protocol.Frontier
                    |> Option.map (fun frontier ->
                        { frontier with
                            Seeds = [ for i in 1 .. frontier.Seeds.Length -> greatest + gap * (confirmed + i) ] }) }
    }

let private searches =
    let starts (search: Search) =
        let protocol = FairProtocol.make ({ tuning true with Search = search }, confirmation, None)

        [ for repetition in Repetitions.ofSeeds protocol confirmation.Seeds ->
              [ for setting in (Settings.start repetition.Tuning.Value (contender "a")).Settings -> setting.Values ] ]

    testList
        "searches"
        [ for search in [ Search.Sobol; Search.Halton ] do
              testCase $"{search}: each repetition has settings of its own" (fun () ->
                  let all = starts search |> List.concat
                  Expect.equal (List.distinct all).Length (6 * 4) "different settings")

          testCase "a grid keeps its settings" (fun () -> Expect.equal (List.distinct (starts Search.Grid)).Length 1 "the same settings") ]

let private plans =
    testList
        "plans"
        [ property
              "every trial has an id of its own, no two repetitions share a seed, and no seed of a later repetition is one of another phase"
              crowded
              (fun protocol ->
                  let tuning = protocol.Tuning.Value
                  let nested = protocol |> withTuning (fun tuning -> { tuning with Nested = true })
                  let seeds = StudyDesign.seedsAtMost protocol.Confirmation
                  let repetitions = Repetitions.ofSeeds nested seeds
                  Expect.equal [ for repetition in repetitions -> repetition.Seeds ] [ for seed in seeds -> [ seed ] ] "one for each seed"
                  Expect.equal repetitions.Head.Tuning.Value.Seeds tuning.Seeds "the first has the seeds of the tuning"

                  let tuned = repetitions |> List.collect _.Tuning.Value.Seeds
                  let others = seeds @ (protocol.Frontier |> Option.map _.Seeds |> Option.defaultValue [])
                  Expect.equal (List.distinct tuned).Length (seeds.Length * tuning.Seeds.Length) "different seeds"
                  let added = List.skip tuning.Seeds.Length tuned
                  Expect.isEmpty (Set.intersect (Set.ofList added) (Set.ofList others)) "no seed of another phase"

                  let plans, _ = answered (study nested) false never answer
                  let ids = plans.Head.Trials |> Array.map _.Id
                  Expect.equal (Array.distinct ids).Length ids.Length "ids")

          property "without nesting there is one tuning for all seeds" fair (fun protocol ->
              let plain = protocol |> withTuning (fun tuning -> { tuning with Nested = false })
              let seeds = protocol.Confirmation.Seeds
              Expect.equal (Repetitions.ofSeeds plain seeds) [ { Number = 0; Tuning = plain.Tuning; Seeds = seeds } ] "one")

          property
              "the trials of a seed use the settings of its own tuning, and the first tuning is that of the plain study"
              fair
              (fun protocol ->
                  let nested =
                      study (protocol |> withTuning (fun tuning -> { tuning with Nested = true; Pruning = NoPruning }))

                  let plain =
                      study (protocol |> withTuning (fun tuning -> { tuning with Nested = false; Pruning = NoPruning }))

                  let plans, _ = answered nested false never answer
                  let plan = plans.Head

                  for trial in ofPhase Phase.Confirmation plan do
                      let selection =
                          plan.Selections
                          |> Array.filter (fun selection ->
                              selection.Task = trial.Task
                              && selection.Contender = trial.Contender
                              && selection.Seed = Nullable trial.Seed)
                          |> Array.exactlyOne

                      Expect.equal trial.Values selection.Settings[selection.Best].Values $"{trial}"

                  let plainPlans, _ = answered plain false never answer
                  let first = protocol.Confirmation.Seeds.Head

                  let ofFirst (plan: Plan) =
                      plan.Selections
                      |> Array.filter (fun selection -> not selection.Seed.HasValue || selection.Seed.Value = first)
                      |> Array.map (fun selection -> selection.Task, selection.Contender, selection.Best, selection.StepsToTarget)

                  Expect.equal (ofFirst plan) (ofFirst plainPlans.Head) "first tuning"

                  let frontier (plan: Plan) =
                      ofPhase Phase.Frontier plan |> Array.map (fun trial -> trial.Id, trial.Optimizer)

                  Expect.equal (frontier plan) (frontier plainPlans.Head) "the frontier has its settings")

          property
              "the expected number of trials grows only by extensions and added seeds"
              (Gen.zip fair (Gen.elements [ true; false ]))
              (fun (protocol, looks) ->
                  let looks = looks && protocol.Confirmation.InterimLooks.IsSome
                  let protocol = protocol |> withTuning (fun tuning -> { tuning with Extensions = 0 })

                  // A frontier can have rates that an optimizer refuses, which are counted but not run.
                  let study = study { protocol with Frontier = None }
                  let plans, _ = answered study looks (fun _ _ -> true) answer
                  let expected = StudySize.trials study looks

                  for plan in plans do
                      Expect.equal plan.Expected expected "expected in each state"

                  Expect.equal (plans.Head.Trials.Length, plans.Head.Later) (expected, []) "in the end"
                  Expect.isTrue plans.Head.IsComplete "complete"
                  let tuning = protocol.Tuning.Value

                  if tuning.Nested then
                      let seeds =
                          if looks then
                              protocol.Confirmation.InterimLooks.Value.Seeds.Head
                          else
                              protocol.Confirmation.Seeds.Length

                      Expect.equal (ofPhase Phase.Tuning plans.Head).Length (2 * 2 * tuning.Trials * tuning.Seeds.Length * seeds) "tunings")

          testCase "a later look needs later tunings, which begin only then" (fun () ->
              let looks = { confirmation with InterimLooks = Some { Seeds = [ 6; 8 ] } }
              let study = study (FairProtocol.make ({ tuning true with Extensions = 0 }, looks, None))
              let plans, _ = answered study true (fun look _ -> look = 2) answer

              let tunings (plan: Plan) =
                  plan.Selections
                  |> Array.choose (fun selection -> Option.ofNullable selection.Seed)
                  |> Array.distinct

              let first = plans |> List.findBack (fun plan -> plan.LooksDone = 1)
              Expect.equal (tunings first) [| 1..6 |] "after the first look"
              Expect.equal (tunings plans.Head, plans.Head.LooksDone) ([| 1..8 |], 2) "after the second"
              // Four pairs, with 4 settings and 2 seeds.
              Expect.equal plans.Head.Trials.Length (4 * 8 * (4 * 2 + 1 + 1)) "tuning, confirmation and defaults"

              Expect.equal
                  (plans |> List.map _.Expected |> List.distinct |> List.rev)
                  [ 4 * 6 * (4 * 2 + 1 + 1); plans.Head.Trials.Length ]
                  "expected before and after the first look")

          testCase "each decision of each tuning is recorded" (fun () ->
              let plans, _ = answered (study (FairProtocol.make (tuning true, confirmation, None))) false never answer

              let selected =
                  plans.Head.Decisions |> Array.filter (fun decision -> decision.Kind = DecisionKind.Selected)

              Expect.equal selected.Length (4 * 6) "one for each pair and seed"
              Expect.equal (plans.Head.Decisions |> Array.distinctBy _.Key).Length plans.Head.Decisions.Length "keys"
              Expect.contains [ for decision in selected -> decision.About ] "one/a, seed 3" "named") ]

let private reports =
    let nested = study (FairProtocol.make (tuning true, confirmation, None))

    testList
        "reports"
        [ testCase "the figures of single settings are those of the first tuning, and the report says so" (fun () ->
              let plans, results = answered nested false never answer
              let analysis = Analysis.ofResults nested results 1

              for selection in plans.Head.Selections do
                  if selection.Seed = Nullable 1 then
                      let rows =
                          analysis.Settings
                          |> Array.filter (fun row -> row.Task = selection.Task && row.Contender = selection.Contender)

                      Expect.equal [| for row in rows -> row.Values |] [| for setting in selection.Settings -> setting.Values |] "settings"
                      Expect.equal [| for row in rows -> row.Chosen |] [| for i in 0 .. rows.Length - 1 -> i = selection.Best |] "chosen"
                      Expect.all rows (fun row -> row.Trials = 2) "trials"

              let text = String.Join("\n", analysis.Sentences)
              Expect.stringContains text "those of the first tuning, for seed 1." "said"
              Expect.stringContains text "include the luck of tuning." "the verdict"
              Expect.isFalse (text.Contains "do not include") "and not that it is missing"
              Expect.exists analysis.Summaries (fun row -> row.Optimizer = "6 settings, each selected by a tuning") "summary")

          testCase "without nesting, the verdict says that the luck is missing and names the option" (fun () ->
              let plain = study (FairProtocol.make (tuning false, confirmation, None))
              let _, results = answered plain false never answer
              let text = String.Join("\n", (Analysis.ofResults plain results 1).Sentences)
              Expect.stringContains text "do not include the luck of that choice. The option \"nested\" of \"tuning\"" "limit")

          testCase "a study file sets it, and a file without it stays as it was" (fun () ->
              let text = StudyJson.print nested
              Expect.stringContains text "\"nested\": true" "printed"
              let functions = StudyJsonTests.parsed (StudyGenerators.sample "functions")
              Expect.isFalse ((StudyJson.print functions).Contains "nested") "by default not"
              Expect.isFalse functions.Protocol.Tuning.Value.Nested "and one tuning")

          testCase "S020: nothing is tuned, and all repetitions are the same" (fun () ->
              let found study = Lint.check study |> Array.exists (fun finding -> finding.Code = "S020")

              let bowl =
                  { StudyJsonTests.parsed (StudyGenerators.sample "functions") with Protocol = nested.Protocol }

              Expect.isFalse (found bowl) "tuned"
              let given = [ for contender in bowl.Contenders -> { contender with Space = [] } ]
              Expect.isTrue (found { bowl with Contenders = given }) "given")

          testCase "the quick form has one tuning" (fun () -> Expect.isFalse (Quick.study nested).Protocol.Tuning.Value.Nested "one tuning") ]

/// Studies of two contenders of equal merit. The logarithm of the steps is the sum of a random effect of the setting and a random effect of
/// the trial. The few settings of one tuning are its luck.
let private luck =
    let studies =
        match Tier.current.Value.Tier with
        | Tier.Quick -> 500
        | Tier.Long -> 20000

    let design nested =
        let tuning = { tuning nested with Seeds = [ 1000 ]; Extensions = 0 }

        { study (FairProtocol.make (tuning, { confirmation with Seeds = [ 1..10 ]; Defaults = false }, None)) with
            Tasks = [ Made.imagesTask "one" ] }

    let rules: Pairs.Rules = { Level = 0.05; EqualWithin = 1.05; LookSeeds = 10 }

    /// The shares of studies whose interval contains the true ratio, 1, and whose verdict names a winner.
    let simulated nested =
        let study = design nested

        let outcomes =
            [ for number in 1..studies ->
                  let normal (text: string) =
                      let place = (drawn $"{number}/{text}" + 1.0) / 2.0
                      Normal.InvCDF(0.0, 1.0, place * 0.9999 + 5e-5)

                  let steps (trial: Trial) =
                      let struct (_, rate) = trial.Values[0]
                      400.0 * exp (0.2 * normal $"{trial.Contender}, {rate}" + 0.1 * normal trial.Id)

                  let _, results = answered study false never (fun trial -> made trial (steps trial))

                  let pair =
                      Pairs.ofTasks rules study results |> Array.find (fun pair -> pair.Metric = Metric.StepsToTarget)

                  pair.Effect.Low <= 1.0 && 1.0 <= pair.Effect.High, pair.Outcome = Outcome.Wins ]

        let share holds = float (outcomes |> List.filter holds |> List.length) / float studies
        share fst, share snd

    let error = 3.0 * sqrt (0.05 * 0.95 / float studies)

    testList
        "luck of tuning"
        [ longTest "Simulates studies with ten tunings each." "a nested study covers the true ratio at its level" (fun () ->
              let covered, won = simulated true
              Expect.isGreaterThanOrEqual covered (0.95 - error) "coverage"
              Expect.isLessThanOrEqual won (0.05 + error) "wrong winners"
              Expect.isGreaterThan won 0.01 "there is power to name a winner")

          testCase "a study with one tuning covers it too rarely" (fun () ->
              let covered, won = simulated false
              Expect.isLessThan covered 0.7 "coverage"
              Expect.isGreaterThan won 0.2 "wrong winners") ]

let tests = testList "nested tuning" [ searches; plans; reports; luck ]
