/// Studies whose trials are trained by a formula in place of a network, so that thousands fit a test.
module CuteDl.Studies.Tests.FormulaTrials

open System
open System.Collections.Concurrent
open System.IO
open System.Threading
open Expecto
open CuteDl.Core.Optimizers
open CuteDl.Studies
open CuteDl.Studies.Tests.Analysis

let internal steps = 40L
let internal every = 2

let internal task name : StudyTask =
    { Name = name
      Problem = Quadratic(2, 10.0)
      Precision = TaskPrecision.Double
      Steps = steps
      ValidateEvery = every
      Target = Accuracy 0.8 }

let internal contender name space : Contender =
    { Name = name
      Label = name
      Optimizer = Expression.parse "fixed(lr=0.01)"
      Space = [ "lr", space ] }

let internal tuning pruning =
    { Search = Grid
      Trials = 6
      Seeds = [ 1000; 1001 ]
      Objective = TimeToTarget
      Pruning = pruning
      Extensions = 2
      Nested = false }

let internal confirmation =
    { Seeds = [ 1; 2; 3 ]
      Alpha = 0.05
      EqualWithin = 1.05
      InterimLooks = Some { Seeds = [ 3; 5; 8 ] }
      Defaults = true }

let internal study pruning =
    { Name = "test"
      Tasks = [ task "one"; task "two" ]
      Metrics = Metric.Defaults
      Contenders = [ contender "a" (LogUniform(1e-4, 1e-1)); contender "b" (LogUniform(0.1, 1000.0)) ]
      Protocol = FairProtocol.make (tuning pruning, confirmation, Some { Rates = [ 0.001; 0.1 ]; Seeds = [ 2000 ] }) }

/// With a tuning for each confirmation seed.
let internal nested pruning =
    let study = study pruning
    let tuning = study.Protocol.Tuning |> Option.map (fun tuning -> { tuning with Nested = true })
    { study with Protocol = { study.Protocol with Tuning = tuning } }

/// A learning curve as a function of the trial and the step: the better, the nearer the rate is to 0.3.
let internal accuracy (trial: Trial) (step: int64) : float =
    let rate =
        match trial.Values with
        | [| struct (_, rate) |] -> rate
        | _ -> 0.01

    let noise = float (trial.Seed * 7 % 11) / 200.0
    (1.0 - exp (-float step / 10.0 / (1.0 + abs (log10 rate + 0.5)))) - noise

let internal curve (trial: Trial) (step: int64) : Curve =
    let steps = [| for s in int64 every .. int64 every .. step -> s |]
    Made.curve steps (Array.map (accuracy trial) steps)

/// Counts steps, and lets something happen at each. As in a training, a validation may be interrupted: then it is made up later.
type internal Formula(trial: Trial, start: int64, validatedAtStart: int64, onStep: unit -> unit) =
    let mutable step = start
    let mutable validated = validatedAtStart

    let validate (cancellation: CancellationToken) =
        if step % int64 every = 0L && not cancellation.IsCancellationRequested then
            validated <- step

    interface ITrialRun with
        member _.Step = step
        member _.HasEnded = step >= steps && validated = step
        member _.Moment = TrialMoment.Unknown
        member _.Curve = curve trial validated

        member _.Newest =
            let accuracy = accuracy trial validated

            if validated > 0L then Nullable(Score(validated, 1.0 - accuracy, accuracy)) else Nullable()

        member _.RunTo(goal, cancellation) =
            if step <= goal then
                validate cancellation

            while step < min goal steps && not cancellation.IsCancellationRequested do
                step <- step + 1L
                onStep ()
                validate cancellation

        member _.Save path = File.WriteAllText(path, $"{step} {validated}")

        member _.Result _ =
            let pruned = step < steps
            let curve = curve trial step

            let reached =
                Array.tryFindIndex (fun accuracy -> accuracy >= 0.8) curve.Accuracy
                |> Option.map (fun i -> float curve.Steps[i])
                |> Option.defaultValue infinity

            let best =
                if curve.Steps.Length = 0 then
                    Nullable()
                else
                    let i = curve.Accuracy |> Array.indexed |> Array.maxBy snd |> fst
                    Nullable(Score(curve.Steps[i], curve.Loss[i], curve.Accuracy[i]))

            { Trial = trial
              Ending = if pruned then Ending.Pruned else Ending.Completed
              Steps = step
              Curve = curve
              StepsToTarget = reached
              ExamplesToTarget = reached
              SecondsToTarget = 0.0
              Best = best
              Final = if pruned then Nullable() else best
              AtStop = Nullable()
              Test = Nullable()
              Health = Health.Sound
              Fingerprint = [||]
              FingerprintEvery = 1
              Parameters = 0UL
              Seconds = 0.0
              Failure = "" }

        member _.Model() = null

type internal Formulas(onStep: unit -> unit) =
    /// Trials begun anew, by id: none may be begun twice in one sitting.
    member val Started = ConcurrentBag<string>()

    interface ITrialSource with
        member source.Start trial =
            source.Started.Add trial.Id
            Formula(trial, 0L, 0L, onStep)

        member _.Restore(trial, path) =
            match (File.ReadAllText path).Split ' ' with
            | [| step; validated |] -> Formula(trial, int64 step, int64 validated, onStep)
            | parts -> failtest $"{parts.Length} numbers in '{path}'"

let internal decideAt look : int -> TrialResult array -> bool = fun number _ -> number >= look

let internal sitting study look (store: IStudyStore) workers (source: ITrialSource) cancellation =
    let workers =
        StudyWorkers(
            study,
            Planner(study, true, decideAt look),
            source,
            store,
            workers,
            1,
            (if workers % 2 = 0 then TimeSpan.Zero else TimeSpan.MaxValue),
            ignore
        )

    workers.Run cancellation
    workers

let internal outcome (workers: StudyWorkers) = workers.Results |> Array.map TrialJson.write, workers.Decisions

let internal undisturbed study look workers =
    outcome (sitting study look (MemoryStore()) workers (Formulas ignore) CancellationToken.None)

let internal prunings = [ NoPruning; Median 2; SuccessiveHalving 3 ]
