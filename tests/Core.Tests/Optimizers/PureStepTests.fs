/// The pure step as a first-class function, and states as values.
module CuteDl.Core.Tests.PureStepTests

open System
open System.Threading.Tasks
open Expecto
open FsCheck.FSharp
open CuteDl.Testing
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.AlgebraSamples
open CuteDl.Core.Tests.AlgebraSteps

let private adam = Expression.parse "adam(lr=0.1)"
let private gradients = [ [| 1.0; -2.0 |]; [| 0.5; 0.0 |]; [| -3.0; 4.0 |] ]
let private initial () = Optimizer.init<float> adam 2

/// The specification, one step after the other.
let private expected () =
    (initial (), gradients)
    ||> List.mapFold (fun state gradient ->
        let next, delta = Optimizer.stepByElement adam state [| 0.0; 0.0 |] gradient
        (next, delta), next)
    |> fst

let private expectSteps (actual: (State<float> * float array) list) = Expect.equal actual (expected ()) "states and Δ"

let private firstClass =
    testList
        "is a value"
        [ testCase "that a scan takes" (fun () ->
              let step = Optimizer.step adam

              List.scan (fun (state, _) gradient -> step state gradient) (initial (), [||]) gradients
              |> List.tail
              |> expectSteps)

          testCase "that sequences map lazily" (fun () ->
              Optimizer.steps adam (initial ()) gradients |> Seq.toList |> expectSteps

              let failing =
                  seq {
                      gradients[0]
                      failwith "too far"
                  }

              let first, _ = Optimizer.steps adam (initial ()) failing |> Seq.head
              Expect.equal first.Step 1L "only what is enumerated is computed")

          testTask "that tasks and closures capture" {
              let take state gradient = task { return Optimizer.step adam state gradient }
              let! next, delta = take (initial ()) gradients[0]
              Expect.equal (next, delta) (List.head (expected ())) "the first step"
          }

          testCase "that composes" (fun () ->
              let both = Optimizer.step adam (initial ()) >> fst >> Optimizer.step adam
              let first, second = gradients[0], gradients[1]
              Expect.equal (both first second) (List.item 1 (expected ())) "the second step") ]

let private atTheSameTime =
    property
        "steps from one state at the same time do not disturb each other"
        (runs any CuteDl.Core.Tests.Generators.moderate false)
        (fun run ->
            let parameters = Array.copy run.Parameters
            let state = Optimizer.initFor<float> run.Optimizer run.Layout

            let all =
                [| for _ in 1..8 -> Task.Run(fun () -> pureStep run.Optimizer state parameters run.Gradients[0]) |]
                |> Array.map _.Result

            let first, reached, _ = all[0]

            for next, others, _ in all do
                Expect.equal next first "the state"
                Precision.expectSameBits Precision.double others reached "the parameters")

let private allocations =
    testCase "allocates its results and little more: at most 400 bytes for adam and 4 parameters" (fun () ->
        let gradient = [| 1.0; -2.0; 3.0; -4.0 |]
        let mutable state = Optimizer.init<float> adam 4

        let take count =
            for _ in 1..count do
                state <- fst (Optimizer.step adam state gradient)

        take 100
        let before = GC.GetAllocatedBytesForCurrentThread()
        take 100
        let bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / 100L
        Expect.isLessThanOrEqual bytes 400L "bytes a step")

let private withSlot (value: float) =
    let state = initial ()
    state.WritableSlot("average").Span[ 0 ] <- value
    state

let private equality =
    testList
        "states are equal"
        [ property
              "if their contents are, and then they have the same hash"
              (runs any CuteDl.Core.Tests.Generators.moderate false)
              (fun run ->
                  let once () = trajectory Precision.double run |> snd
                  let a, b = once (), once ()
                  Expect.equal a b "the same steps"
                  Expect.equal (a.GetHashCode()) (b.GetHashCode()) "hash"
                  Expect.equal (a.Copy()) a "a copy"

                  let other = Optimizer.initFor<float> run.Optimizer run.Layout

                  if a.Step > 0L then
                      Expect.notEqual a other "another step")

          testCase "bit by bit" (fun () ->
              Expect.equal (withSlot nan) (withSlot nan) "NaN equals NaN"
              Expect.notEqual (withSlot 0.0) (withSlot -0.0) "0 and −0"
              Expect.notEqual (withSlot 1.0) (withSlot (Math.BitIncrement 1.0)) "neighbours")

          testCase "only for equal optimizers and layouts" (fun () ->
              Expect.equal (initial ()) (Optimizer.init<float> (Expression.parse "adam(lr=0.1)") 2) "an equal optimizer"
              Expect.notEqual (initial ()) (Optimizer.init<float> (Expression.parse "adam(lr=0.2)") 2) "another rate"
              let named name = Optimizer.initFor<float> adam (Layout.OfShapes [ name, [ 2 ] ])
              Expect.equal (named "a") (named "a") "equal layouts"
              Expect.notEqual (named "a") (named "b") "other names"
              Expect.notEqual (named "a") (Optimizer.initFor<float> adam (Layout.OfShapes [ "a", [ 2; 1 ] ])) "other shapes")

          testCase "and print their contents" (fun () ->
              Expect.equal
                  (string (Optimizer.step adam (initial ()) gradients[0] |> fst))
                  "step 1: average = [0.1; -0.2], square_average = [0.01; 0.04]"
                  "adam"

              Expect.equal
                  (string (Optimizer.init<float> adam 9))
                  "step 0: average = [0; 0; 0; 0; ... 5 more], square_average = [0; 0; 0; 0; ... 5 more]"
                  "many elements"

              Expect.equal (string (Optimizer.init<float> (Expression.parse "fixed(lr=1)") 2)) "step 0" "no slots"
              Expect.equal (string (Layout.OfShapes [ "w", [ 2; 3 ]; "b", [ 3 ] ])) "w [2, 3], b [3]" "layout") ]

let private current =
    testList
        "the hyper-parameters of the next step"
        [ testCase "follow schedules" (fun () ->
              let optimizer = Expression.parse "clip_norm(2) | momentum(lr=linear(1, steps=4), decay=0.5)"

              let state = Optimizer.init<float> optimizer 2

              let rates =
                  Optimizer.steps optimizer state gradients
                  |> Seq.map (fun (next, _) -> Optimizer.current optimizer next |> Map.ofList |> Map.find "2.momentum.lr")
                  |> Seq.toList

              Expect.equal
                  (Optimizer.current optimizer state)
                  [ "1.clip_norm.limit", 2.0; "2.momentum.lr", 1.0; "2.momentum.decay", 0.5 ]
                  "before the first step"

              Expect.equal rates [ 0.75; 0.5; 0.25 ] "after each step")

          testCase "follow plateaus" (fun () ->
              let optimizer = Expression.parse "fixed(lr=plateau(1, factor=0.5, patience=1))"

              let state =
                  (Optimizer.init<float> optimizer 1, [ 1.0; 1.0; 1.0 ])
                  ||> List.fold (fun state loss -> Optimizer.observe optimizer state loss)

              Expect.equal (Optimizer.current optimizer state) [ "lr", 0.5 ] "after two losses without improvement")

          testCase "belong to the optimizer of the state" (fun () ->
              Expect.throwsT<ArgumentException>
                  (fun () -> Optimizer.current (Expression.parse "fixed(lr=1)") (initial ()) |> ignore)
                  "another rule"

              Expect.equal
                  (Optimizer.current (Expression.parse "adam(lr=0.7)") (initial ()) |> List.head)
                  ("lr", 0.7)
                  "another rate of the same rule") ]

let tests = testList "pure step" [ firstClass; atTheSameTime; allocations; equality; current ]
