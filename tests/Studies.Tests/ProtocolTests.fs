/// Protocols are data, and kinds of protocol of one's own take part in studies as those of the library do.
module CuteDl.Studies.Tests.ProtocolTests

open System
open System.Collections.Generic
open System.Threading
open Expecto
open FsCheck.FSharp
open CuteDl.Testing
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Studies
open CuteDl.Studies.Tests.Analysis

let private kinds = List.ofSeq StudyRegistry.Standard.Protocols

let private keys =
    [ ProtocolKey.Tuning
      ProtocolKey.Confirmation
      ProtocolKey.Frontier
      ProtocolKey.Seeds
      ProtocolKey.StopRules ]

/// The fair protocol with a smaller error rate, which no study can change.
let private strict: ProtocolKind =
    { FairProtocol.kind with
        Name = "strict"
        Meaning = "the fair protocol with a smaller error rate"
        Title = "the strict protocol"
        Keys = [ ProtocolKey.Tuning; ProtocolKey.Seeds ]
        Confirmation = { FairProtocol.kind.Confirmation with Alpha = 0.001; Seeds = [ 1..12 ] }
        Limits = fun _ -> [ "At the level 0.001." ]
        Check =
            fun study ->
                [ if study.Contenders.Length > 2 then
                      { Code = "X001"
                        Severity = Severity.Error
                        Path = "$.optimizers"
                        Message = "The strict protocol compares two optimizers."
                        Advice = "Remove the others." } ] }

let private registry = StudyRegistry.Standard.Add strict

let private bowl name : StudyTask =
    { Name = name
      Problem = Quadratic(3, 10.0)
      Precision = TaskPrecision.Double
      Steps = 40L
      ValidateEvery = 2
      Target = Loss 1e-3 }

let private design (protocol: Protocol) : StudyDesign =
    { Name = "n"
      Tasks = [ bowl "bowl" ]
      Metrics = Metric.Defaults
      Contenders =
        [ Contender.Of("sgd", Expression.parse "fixed", [ "lr", LogUniform(1e-4, 1.0) ])
          Contender.Of("momentum", Expression.parse "momentum", [ "lr", LogUniform(1e-4, 1.0) ]) ]
      Protocol = protocol }

let private run (study: StudyDesign) : StudyOutcome =
    let noImages = DataReader(fun _ -> invalidOp "A function has no images.")
    use run = StudyRun.InMemory(study, false, PreparedTrials.Of(noImages, study))
    run.Run(RunOptions.Defaults, ignore, CancellationToken.None)

/// The last plan of a study, if every trial has a result that follows from its id.
let private planned (untilDecided: bool) (study: StudyDesign) : Plan * TrialResult array =
    let answer (trial: Trial) =
        // A hash that is the same in every process.
        let luck = (trial.Id |> Seq.fold (fun hash letter -> (31 * hash + int letter) % 9973) 7) % 34
        Made.ofTrial trial (float (4 + luck)) 0.92

    let planner = Planner(study, untilDecided, (fun look results -> Analysis.isDecided study results look))
    let plans, results = Made.answered planner answer
    plans.Head, results

let private errors (registry: StudyRegistry) (text: string) : string =
    match StudyJson.parseWith registry text with
    | Ok _ -> failtest "it was read"
    | Error errors -> String.Join("\n", errors |> Array.map string)

let private asGiven seeds looks =
    AsGivenProtocol.make
        { AsGivenProtocol.kind.Confirmation with
            Seeds = seeds
            InterimLooks = looks |> Option.map (fun seeds -> { InterimLooks.Seeds = seeds }) }

let private sentences (study: StudyDesign) =
    let _, results = planned false study
    String.Join("\n", (Analysis.ofResults study results 1).Sentences)

let tests =
    testList
        "protocols"
        [ propertyWith
              (Share.OneIn(4, "Each case is two studies with their analyses."))
              "a kind with the parts of one of the library has the same trials, decisions, findings and figures"
              (Gen.zip StudyGenerators.protocol (Gen.elements [ true; false ]))
              (fun (protocol, looks) ->
                  let study = design protocol
                  let mine = { protocol.Kind with Name = "mine" }
                  let own = { study with Protocol = { protocol with Kind = mine } }
                  let looks = looks && protocol.Confirmation.InterimLooks.IsSome

                  let plan, results = planned looks study
                  let ownPlan, ownResults = planned looks own
                  // A set compares by reference.
                  Expect.isTrue (ownPlan.Awaits.SetEquals plan.Awaits) "results that the plan waits for"
                  Expect.equal { ownPlan with Awaits = plan.Awaits } plan "plan"
                  Expect.equal (ownResults |> Array.map _.Trial.Id) (results |> Array.map _.Trial.Id) "trials"
                  Expect.equal (StudySize.trials own looks) (StudySize.trials study looks) "size"
                  Expect.equal (Lint.check own) (Lint.check study) "findings"

                  let analysis study = sprintf "%A" (Analysis.ofResults study results 1)
                  Expect.equal (analysis own) (analysis study) "analysis"
                  Expect.equal (StudyRules.broken own) (StudyRules.broken study) "rules"

                  let quick = (Quick.study own).Protocol
                  Expect.equal { quick with Kind = protocol.Kind } (Quick.study study).Protocol "quick form"

                  let registry = StudyRegistry.Standard.Add mine
                  Expect.equal (StudyJson.parseWith registry (StudyJson.print own)) (Ok own) "read and printed")

          testCase "a study file names an own kind, and is read with a registry that has it" (fun () ->
              let study = design { strict.Protocol with Tuning = Some { StudyDefaults.tuning with Trials = 3 } }
              let text = StudyJson.print study
              Expect.stringContains text "\"protocol\": \"strict\"" "name"
              Expect.stringContains text "\"seeds\": 12" "its default"
              Expect.isFalse (text.Contains "alpha") "a part that no study can set"
              Expect.equal (StudyJson.parseWith registry text) (Ok study) "read"
              Expect.isEmpty (StudyRules.broken study) "and can run")

          testCase "an unknown kind is an error that lists the known ones and says where others come from" (fun () ->
              let message = errors StudyRegistry.Standard (StudyJson.print (design strict.Protocol))
              Expect.stringContains message "$.protocol: 'strict' is not a protocol of the registry." "place and value"

              for kind in kinds do
                  Expect.stringContains message kind.Name "known"

              Expect.stringContains message "read the study in its program, with a registry that has the protocol" "advice")

          testCase "a file cannot set a part that its protocol fixes" (fun () ->
              let text = StudyJson.print (design FairProtocol.kind.Protocol)
              let message = errors registry (text.Replace("\"fair\"", "\"strict\"", StringComparison.Ordinal))
              Expect.stringContains message "The protocol \"strict\" has no \"confirmation\"." "file"
              let alpha = { strict.Confirmation with Alpha = 0.05 }
              let problems = StudyRules.broken (design { strict.Protocol with Confirmation = alpha })
              Expect.equal problems.Length 1 "one"
              Expect.stringContains problems.Head "The protocol strict does not let a study set \"confirmation\"." "program"

              Expect.isEmpty
                  (StudyRules.broken (design { strict.Protocol with Confirmation = { strict.Confirmation with Seeds = [ 3..9 ] } }))
                  "seeds")

          testCase "its defaults, claims and checks are those of the study" (fun () ->
              let study = design strict.Protocol
              let outcome = run study

              let seeds =
                  [ for result in outcome.Results do
                        if result.Trial.Phase = Phase.Confirmation then
                            result.Trial.Seed ]

              Expect.equal (List.distinct seeds) [ 1..12 ] "seeds"
              Expect.equal (Analysis.levels study) [| 0.001 |] "level"
              Expect.stringContains (sentences study) "At the level 0.001." "limits of the verdict"
              let third = { study.Contenders[0] with Name = "third"; Label = "third" }
              let more = { study with Contenders = study.Contenders @ [ third ] }
              Expect.exists (Lint.check more) (fun finding -> finding.Code = "X001") "found"

              Expect.equal
                  (StudyRules.broken more)
                  [ "$.optimizers: The strict protocol compares two optimizers. Remove the others." ]
                  "and refused")

          property
              "the quick form of a study that can run can run, and reads from its file, whatever a study can set"
              (Gen.zip StudyGenerators.protocol (Gen.subListOf keys))
              (fun (protocol, keys) ->
                  let kind =
                      { protocol.Kind with
                          Name = "own"
                          Keys = keys
                          Tuning = protocol.Tuning
                          Confirmation = protocol.Confirmation
                          Frontier = protocol.Frontier
                          StopRules = protocol.StopRules }

                  let study = design kind.Protocol

                  if (StudyRules.broken study).IsEmpty then
                      let quick = Quick.study study
                      Expect.isEmpty (StudyRules.broken quick) "can run"
                      let registry = StudyRegistry.Standard.Add kind
                      Expect.equal (StudyJson.parseWith registry (StudyJson.print quick)) (Ok quick) "read and printed")

          testCase "parts that a study cannot set have the limits of those in files" (fun () ->
              let refused (kind: ProtocolKind) (words: string) =
                  let problems = StudyRules.broken (design ({ kind with Name = "other" }: ProtocolKind).Protocol)
                  Expect.stringContains (String.Join(" ", problems)) words words

              let own = { FairProtocol.kind with Keys = [ ProtocolKey.Seeds ] }
              let usual = own.Confirmation
              refused { own with Confirmation = { usual with Alpha = 2.0 } } "protocol other, confirmation.alpha"
              refused { own with Tuning = Some { StudyDefaults.tuning with Trials = 0 } } "protocol other, tuning.trials"
              refused { own with Frontier = Some { StudyDefaults.frontier with Seeds = [] } } "protocol other, frontier.seeds"
              refused { own with StopRules = [ Stagnation(0, 0.1) ] } "protocol other, stop_rules[0].stagnation.patience"

              refused
                  { own with Confirmation = { usual with InterimLooks = Some { InterimLooks.Seeds = [ 6; 8 ] } } }
                  "The last interim look is at 8 seeds, but the study starts with 10."

              Expect.isEmpty (StudyRules.broken (design ({ own with Name = "other" }: ProtocolKind).Protocol)) "all are allowed")

          testCase "a finding about seeds names the key that the protocol has" (fun () ->
              let paths (protocol: Protocol) seeds =
                  let confirmation = { protocol.Confirmation with Seeds = seeds }

                  [ for finding in Lint.checkDesign (design { protocol with Confirmation = confirmation }) do
                        if finding.Code = "S004" || finding.Code = "S006" then
                            finding.Path ]
                  |> List.distinct

              for protocol, path in
                  [ FairProtocol.kind.Protocol, "$.confirmation.seeds"
                    strict.Protocol, "$.seeds"
                    ({ strict with Keys = [] }: ProtocolKind).Protocol, "$.protocol" ] do
                  Expect.equal (paths protocol [ 1..3 ]) [ path ] "too few"
                  Expect.equal (paths protocol [ 1000..1009 ]) [ path ] "those of tuning")

          testCase "a trial that a stop rule ended has its score at the stop in tuning" (fun () ->
              let kind =
                  { FairProtocol.kind with
                      Name = "stopped"
                      Tuning = Some { StudyDefaults.tuning with Objective = FinalScore; Extensions = 0 }
                      StopRules = [ StopRule.Target(0.5, 1) ] }

              let study = design kind.Protocol
              let planner = Planner(study, false, (fun _ _ -> false))

              let stopped (trial: Trial) =
                  let made = Made.result trial.Phase trial.Task trial.Contender trial.Seed 20.0 0.92
                  let score = Score(20L, 0.1 * float (1 + (trial.Setting + 3) % 8), 0.0)
                  { made with Trial = trial; Ending = Ending.TargetHeld; Final = Nullable(); AtStop = Nullable score }

              let trials = (planner.Make(fun _ -> ValueNone)).Trials
              let known = dict [ for trial in trials -> trial.Id, stopped trial ]

              let plan =
                  planner.Make(fun id ->
                      match known.TryGetValue id with
                      | true, result -> ValueSome result
                      | _ -> ValueNone)

              Expect.equal [ for selection in plan.Selections -> selection.Best ] [ 5; 5 ] "the smallest loss at the stop")

          testCase "a registry has each name once, and no kind that contradicts itself" (fun () ->
              for name in [ "fair"; "RUNS"; "Strict"; "strict"; ""; "a b" ] do
                  Expect.throwsT<ArgumentException> (fun () -> registry.Add { strict with Name = name } |> ignore) name

              let refused (kind: ProtocolKind) (words: string) =
                  let kind = { kind with Name = "other" }
                  let message = (Expect.throwsC (fun () -> registry.Add kind |> ignore) (fun error -> error.Message))
                  Expect.stringContains message words "message"
                  Expect.stringContains (String.Join(" ", StudyRules.broken (design kind.Protocol))) words "and in a study"

              refused { strict with Phase = Phase.Tuning } "cannot have the phase Tuning. Use one of Confirmation, Document, Run."
              refused { strict with Tuning = None; Confirmation = asGiven [ 1 ] None |> _.Confirmation } "but the protocol has none"
              refused { strict with Keys = [ ProtocolKey.Confirmation; ProtocolKey.Seeds ] } "both set the seeds"
              refused { strict with Keys = [ ProtocolKey.Seeds; ProtocolKey.Seeds ] } "the key seeds 2 times"

              refused
                  { RunsProtocol.kind with Confirmation = FairProtocol.kind.Confirmation }
                  "has no tuning, so it cannot train default settings"

              refused
                  { AsGivenProtocol.kind with
                      ComparesPairs = false
                      Confirmation = { AsGivenProtocol.kind.Confirmation with InterimLooks = Some { InterimLooks.Seeds = [ 6; 8 ] } } }
                  "compares no pairs, so interim looks can decide nothing"

              let taken = StudyRules.broken (design { strict.Protocol with Kind = { strict with Name = "fair" } })
              Expect.stringContains (String.Join(" ", taken)) "The registry has a protocol fair already." "in a study")

          testCase
              "as_given: every optimizer with its given values and each seed, compared like tuned ones, and the verdict says so"
              (fun () ->
                  let study = design (asGiven [ 1..10 ] None)
                  let outcome = run study
                  Expect.equal outcome.Results.Length (StudySize.trials study false) "size"
                  Expect.equal outcome.Results.Length 20 "each with each seed"

                  for result in outcome.Results do
                      let contender = study.Contenders |> List.find (fun contender -> contender.Name = result.Trial.Contender)
                      Expect.equal result.Trial.Phase Phase.Confirmation "phase"
                      Expect.equal result.Trial.Optimizer (string contender.Optimizer) "as given"

                  let _, results = planned false study
                  let analysis = Analysis.ofResults study results 1
                  Expect.hasLength (analysis.Comparisons |> Array.filter (fun pair -> pair.Metric = Metric.StepsToTarget)) 1 "pairs"
                  Expect.all analysis.Summaries (fun row -> row.Variant = Variant.AsGiven) "variant"
                  Expect.stringContains (sentences study) "Nothing was tuned" "the verdict says so"
                  Expect.isFalse ((sentences study).Contains "tuning chose") "and nothing of tuning"
                  Expect.isEmpty analysis.Settings "no settings")

          testCase "as_given adds seeds at its looks" (fun () ->
              let study = design (asGiven [ 1..6 ] (Some [ 6; 8 ]))
              let plan, _ = planned true study
              Expect.equal (plan.LooksDone, plan.Trials.Length) (2, 16) "not decided at the first"
              let level = Analysis.levels study
              Expect.isTrue (level.Length = 2 && level[0] < level[1] && Array.sum level <= 0.05 + 1e-12) "alpha is spent over the looks"
              Expect.equal (planned false (StudyDesign.carriedOut false study) |> fst |> _.Trials.Length) 12 "without looks") ]
