/// A step that the optimizer cannot take, because its state or too many gradients are not finite, ends a training like any divergence.
module CuteDl.Core.Tests.NonFiniteStateTests

open System
open System.Threading
open Expecto
open CuteDl.Core.Models
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Core.Tests.Precision

/// One parameter, with a gradient that depends on the number of steps alone. The losses are finite.
type private Scripted(gradientAt: int64 -> float) =
    let parameters = [| 1.0 |]
    let gradient = [| 0.0 |]

    interface IWorkload<float> with
        member _.Layout = Layout.OfShapes [ "w", [ 1 ] ]
        member _.Parameters = Span parameters
        member _.Gradient = ReadOnlySpan gradient
        member _.StepsAnEpoch = 10

        member _.Train step =
            gradient[0] <- gradientAt step
            1.0

        member _.Validate _ = ValueSome(struct (Quality.Of(struct (1.0, nan)), Quality.Unknown))

/// 1e200 cannot be squared. The next check of the state is before step 17.
let private overflowing () = Scripted(fun step -> if step = 3L then 1e200 else 1.0)

let private limits =
    { MaxSteps = Some 100L; ValidateEvery = Some 5; StopRules = []; Diagnose = true; KeepBest = false }

let private start (optimizer: string) =
    TrainingSnapshot.start (Expression.parse optimizer) (overflowing () :> IWorkload<float>).Layout [| 1.0 |]

let private advance (workload: IWorkload<float>) (steps: int64) (snapshot: TrainingSnapshot<float>) =
    let training = Training<float>(workload, limits, snapshot, (fun _ _ -> ()))
    training.Advance(steps, ignore, CancellationToken.None)
    training.Snapshot()

let private ending (snapshot: TrainingSnapshot<float>) =
    snapshot.Stop, snapshot.Step, snapshot.FirstNonFinite, [ for v in snapshot.History -> v.Step ]

let tests =
    testList
        "a state that is not finite"
        [ testCase "ends a training as diverged, with its history and finite parameters" (fun () ->
              let last = advance (overflowing ()) Int64.MaxValue (start "adam(lr=0.01)")
              Expect.equal (ending last) (ValueSome Diverged, 16L, 17L, [ 5L; 10L; 15L ]) "end"
              Expect.isTrue (Double.IsFinite last.Checkpoint.Parameters[0]) "parameter"
              Expect.equal last.Checkpoint.State.Step 16L "steps of the state")
          testCase "ends it at the same step if it was interrupted and resumed" (fun () ->
              let whole = advance (overflowing ()) Int64.MaxValue (start "adam(lr=0.01)")

              for cut in 0L .. 20L do
                  let resumed =
                      start "adam(lr=0.01)" |> advance (overflowing ()) cut |> advance (overflowing ()) Int64.MaxValue

                  Expect.equal (ending resumed) (ending whole) $"end after {cut} steps"
                  expectSameBits Precision.double resumed.Checkpoint.Parameters whole.Checkpoint.Parameters $"parameters after {cut} steps")
          testCase "includes the limit of skip_non_finite" (fun () ->
              let workload = Scripted(fun step -> if step >= 3L then nan else 1.0)
              let last = advance workload Int64.MaxValue (start "skip_non_finite(2) | fixed(lr=0.25)")
              Expect.equal (ending last) (ValueSome Diverged, 5L, 4L, [ 5L ]) "end"
              Expect.equal last.Checkpoint.Parameters [| 0.25 |] "parameters of the third step")
          testCase "ends a sweep over learning rates, and says so" (fun () ->
              let options = { RateFinder.defaults with Steps = 50 }

              let sweep =
                  RateFinder.sweep options (overflowing ()) (Expression.parse "adam") [| 1.0 |] CancellationToken.None

              Expect.equal (sweep.End, sweep.Points.Length) (StateNotFinite, 17) "end") ]
