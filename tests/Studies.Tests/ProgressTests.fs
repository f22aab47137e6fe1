/// The reports of a study while it runs, and the trials that a cancelled session leaves under way.
module CuteDl.Studies.Tests.ProgressTests

open System
open System.Collections.Concurrent
open System.Collections.Generic
open System.IO
open System.Threading
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Studies
open CuteDl.Studies.Tests.JournalTests

/// A study of two small functions. The second diverges with large learning rates.
let private studyOf (steps: int) (every: int) (protocol: string) : StudyDesign =
    StudyJsonTests.parsed
        $$"""{
            "schema": "cutedl/study/1",
            "name": "progress",
            "tasks": [
                { "name": "bowl", "function": "quadratic", "steps": {{steps}}, "validate_every": {{every}}, "target": { "loss": 0.1 } },
                { "name": "valley", "function": "rosenbrock", "steps": {{steps}}, "validate_every": {{every}}, "target": { "loss": 0.1 } }
            ],
            "optimizers": [
                { "optimizer": "adam(lr=0.1)", "space": { "lr": { "log_uniform": [0.001, 1] } } },
                { "optimizer": "fixed(lr=0.001)", "space": { "lr": { "log_uniform": [0.0001, 100] } } }
            ],
            {{protocol}}
        }"""

let private protocols =
    [ """ "tuning": { "trials": 4, "extensions": 0, "pruning": { "successive_halving": { "eta": 2 } } }, "confirmation": { "seeds": [1, 2] } """
      """ "protocol": "runs", "seeds": [1, 2, 3], "stop_rules": [{ "stagnation": { "patience": 2, "min_gain": 0.001 } }] """ ]

let private cases =
    gen {
        let! steps = Gen.choose (1, 30)
        let! every = Gen.choose (1, min steps 7)
        let! protocol = Gen.elements protocols
        let! workers = Gen.choose (1, 3)
        let! cuts = Gen.listOfLength 3 (Gen.choose (1, 60))
        return studyOf steps every protocol, workers, cuts
    }

let private source (study: StudyDesign) : struct (ITrialSource * struct (string * string) array) =
    let trials = PreparedTrials.Of((fun _ -> invalidOp "A function has no images."), study)
    struct (trials, trials.DataHashes)

/// Runs one session: until so many reports, or to the end. Returns the outcome and the reports.
let private session (run: StudyRun) (workers: int) (most: int) : StudyOutcome * StudyProgress array =
    use cancel = new CancellationTokenSource()
    let reports = ConcurrentQueue<StudyProgress>()

    let progress (report: StudyProgress) =
        reports.Enqueue report

        if reports.Count >= most then
            cancel.Cancel()

    let outcome =
        run.Run({ Workers = workers; Threads = 1; SaveEvery = TimeSpan.MaxValue }, progress, cancel.Token)

    outcome, reports.ToArray()

let private scores (curve: Curve) : Score list = [ for i in 0 .. curve.Steps.Length - 1 -> curve.Score i ]

/// Checks one session, and adds its validations to those of earlier sessions.
let private checkSession (known: Dictionary<string, Score list>) (outcome: StudyOutcome, reports: StudyProgress array) =
    let began = List<string>()
    let ended = List<string>()

    for id, reports in reports |> Array.groupBy _.Trial.Id do
        began.Add id
        Expect.equal reports[0].Event TrialEvent.Begun $"{id}: first"
        Expect.equal (reports |> Array.filter (fun report -> report.Event = TrialEvent.Begun)).Length 1 $"{id}: begun once"

        for i, report in Array.indexed reports do
            if report.Event = TrialEvent.Ended then
                ended.Add id
                Expect.equal i (reports.Length - 1) $"{id}: last"

            Expect.equal (isNull report.Result) (report.Event <> TrialEvent.Ended) $"{id}: result"
            Expect.equal (report.State = TrialState.Finished) (report.Event = TrialEvent.Ended) $"{id}: state"

        let fresh =
            [ for report in reports do
                  if report.Event = TrialEvent.Validated then
                      Expect.equal report.Step report.Newest.Value.Step $"{id}: step"
                      report.Newest.Value ]

        known[id] <- (if known.ContainsKey id then known[id] else []) @ fresh

    let results = Map [ for result in outcome.Results -> result.Trial.Id, result ]

    for id in ended do
        Expect.equal known[id] (scores results[id].Curve) $"{id}: each validation was reported once"

    Expect.equal
        (Set [ for trial in outcome.Interrupted -> trial.Trial.Id ])
        (Set.difference (Set began) (Set ended))
        "what began and did not end was interrupted"

    for trial in outcome.Interrupted do
        Expect.equal trial.Ending Ending.Cancelled "ending"
        Expect.equal (scores trial.Curve) known[trial.Trial.Id] "validations so far"
        Expect.isTrue (trial.Steps >= (trial.Curve.Steps |> Array.tryLast |> Option.defaultValue 0L)) "steps so far"
        Expect.isSome (TrialJson.problem trial) "no file can have it"

    Expect.all outcome.Results (fun result -> result.Ending <> Ending.Cancelled) "a result is never of a cancelled trial"
    Expect.equal (outcome.Interrupted.Length > 0 && outcome.IsComplete) false "complete"

let private reported =
    propertyWith
        (Share.OneIn(4, "Each case is a study in a folder, in up to four sessions."))
        "each validation is reported once over all sessions, and trials under way are told apart from results"
        cases
        (fun (study, workers, cuts) ->
            inFolder (fun folder ->
                let known = Dictionary<string, Score list>()

                let first =
                    let struct (trials, data) = source study
                    StudyRun.Begin(study, false, folder, trials, data)

                use run = first
                let mutable last = session run workers cuts[0]
                checkSession known last
                (run :> IDisposable).Dispose()

                for most in List.tail cuts @ [ Int32.MaxValue ] do
                    Expect.isEmpty (StudyRun.Read(folder, None)).Interrupted "read"
                    use run = StudyRun.Resume(folder, None, source)
                    last <- session run workers most
                    checkSession known last

                let outcome = fst last
                Expect.isTrue outcome.IsComplete "complete"

                for result in outcome.Results do
                    Expect.equal known[result.Trial.Id] (scores result.Curve) $"{result.Trial.Id}: over all sessions"))

let private replays =
    testCase "a cancelled trial cannot be replayed" (fun () ->
        let study = studyOf 30 1 protocols[1]
        let struct (trials, _) = source study
        use run = StudyRun.InMemory(study, false, trials)
        let outcome, _ = session run 1 3
        let trial = outcome.Interrupted[0]

        let task =
            PreparedTask.prepare (DataReader(fun _ -> invalidOp "A function has no images.")) study.Tasks[0]

        try
            Replay.check task trial ignore CancellationToken.None |> ignore
            failtest "nothing was thrown"
        with :? ArgumentException as error ->
            Expect.stringContains error.Message "was cancelled" "message")

/// Trials of slow steps that validate only at their end.
let private saves =
    testCase "trials are saved between validations" (fun () ->
        let study = studyOf 30 30 protocols[1]

        inFolder (fun folder ->
            let struct (inner, data) = source study

            let slow =
                { new ITrialSource with
                    member _.Start trial =
                        let run = inner.Start trial

                        { new ITrialRun with
                            member _.Step = run.Step
                            member _.HasEnded = run.HasEnded
                            member _.Newest = run.Newest
                            member _.Moment = run.Moment
                            member _.Curve = run.Curve

                            member _.RunTo(step, cancellation) =
                                Thread.Sleep 5
                                run.RunTo(step, cancellation)

                            member _.Save path = run.Save path
                            member _.Result cancellation = run.Result cancellation
                            member _.Model() = run.Model() }

                    member _.Restore(trial, path) = inner.Restore(trial, path) }

            use run = StudyRun.Begin(study, false, folder, slow, data)
            let mutable saved = 0

            let progress (report: StudyProgress) =
                if report.Event = TrialEvent.Validated && File.Exists((StudyFolder folder).Checkpoint report.Trial) then
                    saved <- saved + 1

            let outcome =
                run.Run({ Workers = 1; Threads = 1; SaveEvery = TimeSpan.Zero }, progress, CancellationToken.None)

            Expect.equal saved outcome.Results.Length "before their only validation"))

let private shares =
    testCase "the finished share is of steps if all trials take them, and of trials if stop rules can end some" (fun () ->
        let reportsOf (patience: int) =
            let study =
                studyOf
                    40
                    10
                    $$""" "protocol": "runs", "seeds": [1, 2], "stop_rules": [{ "stagnation": { "patience": {{patience}}, "min_gain": 0 } }] """

            let struct (trials, _) = source study
            use run = StudyRun.InMemory(study, false, trials)

            session run 1 Int32.MaxValue
            |> snd
            |> Array.filter (fun report -> report.Event = TrialEvent.Validated)

        // Four validations: the rule can end a trial after twice the patience, which here is the last or later.
        for patience in [ 2; 20 ] do
            for report in reportsOf patience do
                let steps = 40.0 * float report.Finished + float report.Step
                Expect.floatClose Accuracy.high report.Share (steps / 40.0 / float report.Planned) $"patience {patience}"

        for report in reportsOf 1 do
            Expect.floatClose Accuracy.high report.Share (float report.Finished / float report.Planned) "patience 1")

let tests = testList "progress" [ reported; replays; saves; shares ]
