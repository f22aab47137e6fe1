/// Trainings with shares of the run, and with schedules of one's own.
module CuteDl.Core.Tests.RunLengthTrainingTests

open System
open System.IO
open System.Threading
open Expecto
open CuteDl.Core.Data
open CuteDl.Core.Models
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Core.Tests.Precision
open CuteDl.Core.Tests.SmallRuns

/// One parameter with a gradient of 1: each step takes the learning rate away. The loss falls with the parameter.
type private Slope() =
    let parameters = [| 0.0 |]

    interface IWorkload<float> with
        member _.Layout = Layout.OfShapes [ "w", [ 1 ] ]
        member _.Parameters = Span parameters
        member _.Gradient = ReadOnlySpan [| 1.0 |]
        member _.StepsAnEpoch = 4
        member _.Train _ = exp parameters[0]
        member _.Validate _ = ValueSome(struct (Quality.Of(struct (1.0, nan)), Quality.Unknown))

let private limitsOf (steps: int64 option) : TrainingLimits =
    { MaxSteps = steps; ValidateEvery = Some 1000; StopRules = []; Diagnose = false; KeepBest = false }

let private start (optimizer: Optimizer) = TrainingSnapshot.start optimizer (Slope() :> IWorkload<float>).Layout [| 0.0 |]

let private weight (training: Training<float>) : float = training.Workload.Parameters[0]

/// Trains to a step, and returns the snapshot there and the size of each step.
let private train (limits: TrainingLimits) (until: int64) (snapshot: TrainingSnapshot<float>) =
    let training = Training<float>(Slope(), limits, snapshot, (fun _ _ -> ()))

    let taken =
        [ while training.Stop.IsNone && training.Step < until do
              let before = weight training
              training.Advance(training.Step + 1L, ignore, CancellationToken.None)
              before - weight training ]

    training.Snapshot(), taken

let private rates (schedule: string) (steps: int64 list) : float list = [ for t in steps -> Schedule.at (Schedule.parse schedule) t ]

let private near (actual: float list) (expected: float list) (what: string) =
    Expect.equal actual.Length expected.Length what
    List.iter2 (fun a b -> Expect.floatClose Accuracy.veryHigh a b what) actual expected

let private written = Expression.parse "fixed(lr=linear(0.5, end=0.25))"

let tests =
    testList
        "trainings with shares of the run"
        [ testCase "a training takes the steps of its limit, and keeps the optimizer as written" (fun () ->
              for steps in [ 5L; 8L; 12L ] do
                  let last, taken = train (limitsOf (Some steps)) Int64.MaxValue (start written)
                  near taken (rates $"linear(0.5, steps={steps}, end=0.25)" [ 0L .. steps - 1L ]) $"{steps} steps"
                  Expect.equal last.Checkpoint.Optimizer written "optimizer"
                  Expect.equal last.Step steps "steps")
          testCase "a training without a limit is refused" (fun () ->
              Expect.throwsT<ArgumentException> (fun () -> train (limitsOf None) 1L (start written) |> ignore) "no limit"
              train (limitsOf None) 1L (start (Expression.parse "fixed")) |> ignore)
          testCase "a resumed training equals an uninterrupted one, through a file too" (fun () ->
              let limits = limitsOf (Some 8L)
              let whole, _ = train limits Int64.MaxValue (start written)

              for cut in 0L .. 8L do
                  let part, _ = train limits cut (start written)
                  let content = TrainingSnapshot.toContent part
                  Expect.equal content.Metadata["cutedl.optimizer"] "fixed(lr=linear(0.5, end=0.25))" "as written"
                  let read = TrainingSnapshot.ofContent<float> written "file" content
                  Expect.equal read.Checkpoint.State part.Checkpoint.State "state"
                  let resumed, _ = train limits Int64.MaxValue read
                  expectSameBits Precision.double resumed.Checkpoint.Parameters whole.Checkpoint.Parameters $"after {cut} steps")
          testCase "a training that is extended has the shares of the longer run from there on" (fun () ->
              let part, first = train (limitsOf (Some 8L)) 4L (start written)
              let _, next = train (limitsOf (Some 20L)) Int64.MaxValue part
              near first (rates "linear(0.5, steps=8, end=0.25)" [ 0L .. 3L ]) "before"
              near next (rates "linear(0.5, steps=20, end=0.25)" [ 4L .. 19L ]) "after")
          testCase "the trainer and the sweep know the length of the run" (fun () ->
              let ofText text = SmallRuns.train (Expression.parse text) options
              let steps = (ofText "adam(lr=0.01)").Steps
              let shared, numbered = ofText "adam(lr=cosine(0.01))", ofText $"adam(lr=cosine(0.01, steps={steps}))"
              expectSameBits Precision.double shared.Parameters numbered.Parameters "parameters"

              let sweep text =
                  let options = { RateFinder.defaults with Steps = 30 }
                  (RateFinder.sweep options (Slope()) (Expression.parse text) [| 0.0 |] CancellationToken.None).Points

              Expect.equal (sweep "clip_norm(linear(1)) | fixed") (sweep "clip_norm(linear(1, steps=30)) | fixed") "sweep")
          testCase "a checkpoint keeps shares and schedules of one's own; reading needs the registry or the optimizer" (fun () ->
              let ramp = OwnSchedule("ramp", fun step -> float (step + 1L) / 8.0)
              let registry = Registry.Standard.Add ramp
              let optimizer = Expression.parseWith registry "clip_norm(linear(1, steps=50%)) | fixed(lr=ramp)"

              let state, _ =
                  Optimizer.step (Optimizer.forRun 4L optimizer) (Optimizer.init<float> (Optimizer.forRun 4L optimizer) 1) [| 1.0 |]

              let path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())

              try
                  Checkpoint.save path { Optimizer = optimizer; State = state; Parameters = [| 1.0 |] }

                  for read in [ Checkpoint.readWith<float> registry path; Checkpoint.readFor<float> optimizer path ] do
                      Expect.equal read.Optimizer optimizer "optimizer"
                      Expect.equal read.State.Step 1L "state"
                      let next (state: State<float>) = Optimizer.step (Optimizer.forRun 4L read.Optimizer) state [| 1.0 |] |> snd
                      Expect.equal (next read.State) (next state) "the next step"

                  let problem =
                      try
                          Checkpoint.read<float> path |> ignore
                          failtest "nothing was thrown"
                      with :? DataFormatException as error ->
                          error.Message

                  for part in
                      [ "The optimizer cannot be read: "
                        "'ramp' is neither a number nor a schedule in the registry."
                        "Add a schedule of your own to the registry." ] do
                      Expect.stringContains problem part "without a registry"
              finally
                  File.Delete path) ]
