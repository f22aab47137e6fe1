/// One specification, several executions: the step by element defines what a step is, and all others equal it bit for bit.
module CuteDl.Core.Tests.ExecutionTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Precision
open CuteDl.Core.Tests.Subjects
open CuteDl.Core.Tests.Trajectory

let private cases (subject: Subject) : FsCheck.Gen<Case> =
    Gen.map2 (fun optimizer gradients -> { Optimizer = optimizer; Gradients = gradients }) (optimizers subject) (someGradients 70 anySize)

/// Steps both ways over the same gradients, comparing parameters, slots and step counts after each.
let private expectInPlaceEqualsPure (precision: Precision<'T>) (case: Case) =
    let parameters = Array.init case.Length (fun i -> precision.Of(0.1 * float (i - 30)))
    let mutable pureParameters = Array.copy parameters
    let mutable pureState = Optimizer.init<'T> case.Optimizer case.Length
    let state = Optimizer.init<'T> case.Optimizer case.Length

    for gradient in Array.map precision.OfAll case.Gradients do
        let next, delta = Optimizer.stepByElement case.Optimizer pureState pureParameters gradient
        let vectorNext, vectorDelta = Optimizer.step case.Optimizer pureState gradient
        expectSameBits precision vectorDelta delta $"Δ of the pure step of {case.Optimizer}"
        Expect.equal vectorNext next $"the state after the pure step of {case.Optimizer}"
        pureState <- next
        pureParameters <- Array.map2 (fun w d -> 'T.op_Subtraction (w, d)) pureParameters delta
        Optimizer.stepInPlace case.Optimizer state (Span parameters) (ReadOnlySpan gradient)
        let at = $"{case.Optimizer} at step {next.Step}"
        expectSameBits precision parameters pureParameters $"parameters of {at}"
        expectSameBits precision (slots state) (slots pureState) $"slots of {at}"
        Expect.equal state.Step pureState.Step $"steps of {at}"

let private everyLength (precision: Precision<'T>) (subject: Subject) =
    testCase "the in-place step equals the pure step for every length from 0 to 70, and for 1000" (fun () ->
        for optimizer in subject.Default :: List.ofArray (samples 3 (optimizers subject)) do
            for length in [ 0..70 ] @ [ 1000 ] do
                let gradients = samples 1 (gradients 4 length anySize)
                expectInPlaceEqualsPure precision { Optimizer = optimizer; Gradients = gradients[0] })

/// A span need not begin where a vector would like it to.
let private anywhereInMemory (precision: Precision<'T>) (subject: Subject) =
    testCase "the in-place step equals the pure step wherever in memory the spans begin" (fun () ->
        for start in 0..17 do
            let gradient =
                samples 1 (gradients 1 (start + 37) anySize) |> Array.head |> Array.head |> precision.OfAll

            let parameters = Array.create (start + 37) (precision.Of 0.5)
            let state = Optimizer.init<'T> subject.Default 37
            let _, delta = Optimizer.stepSpan subject.Default state (ReadOnlySpan(gradient, start, 37))
            Optimizer.stepInPlace subject.Default state (Span(parameters, start, 37)) (ReadOnlySpan(gradient, start, 37))
            let expected = delta |> Array.map (fun d -> 'T.op_Subtraction (precision.Of 0.5, d))
            expectSameBits precision parameters[start..] expected $"start {start}"
            expectSameBits precision parameters[.. start - 1] (Array.create start (precision.Of 0.5)) "what lies before is not touched")

let private inputsUntouched (precision: Precision<'T>) (subject: Subject) =
    property "no step touches its gradient, and the pure step does not touch its state" (cases subject) (fun case ->
        let _, state = pure' precision case.Optimizer case.Gradients
        let slotsBefore = slots state
        let gradient = precision.OfAll case.Gradients[0]
        Optimizer.step case.Optimizer state gradient |> ignore
        expectSameBits precision (slots state) slotsBefore "slots"
        Expect.equal state.Step (int64 case.Gradients.Length) "steps"
        expectSameBits precision gradient (precision.OfAll case.Gradients[0]) "gradient of the pure step"
        Optimizer.stepInPlace case.Optimizer state (Span(Array.copy gradient)) (ReadOnlySpan gradient)
        expectSameBits precision gradient (precision.OfAll case.Gradients[0]) "gradient of the in-place step")

let private resumed (precision: Precision<'T>) (subject: Subject) =
    property "going on from a copy of the state gives the bits of never having stopped" (cases subject) (fun case ->
        let whole, final = pure' precision case.Optimizer case.Gradients
        let half = case.Gradients.Length / 2
        let first, last = Array.splitAt half (Array.map precision.OfAll case.Gradients)
        let before, middle = pureFrom case.Optimizer (Optimizer.init<'T> case.Optimizer case.Length) first
        let saved = middle.Copy()

        // The original goes another way: the copy must not follow it.
        for gradient in last do
            Optimizer.stepInPlace case.Optimizer middle (Span(Array.copy gradient)) (ReadOnlySpan(Array.rev gradient))

        let after, resumed = pureFrom case.Optimizer saved last
        Array.iteri2 (fun i a b -> expectSameBits precision a b $"Δ of step {i + 1}") (Array.append before after) whole
        expectSameBits precision (slots resumed) (slots final) "slots at the end"
        Expect.equal resumed.Step final.Step "steps")

let private elementwise (precision: Precision<'T>) (subject: Subject) =
    property "running the law element by element through stepElements equals the pure step" (cases subject) (fun case ->
        let block = Array.create (case.Optimizer.SlotNames.Length * case.Length) (Scalar<'T> 'T.Zero)
        let expected, state = pure' precision case.Optimizer case.Gradients

        for i in 0 .. case.Gradients.Length - 1 do
            let gradient = precision.OfAll case.Gradients[i] |> Array.map (fun g -> Scalar<'T> g)
            let delta = Optimizer.stepElements case.Optimizer.Rule (int64 (i + 1)) gradient block
            expectSameBits precision (delta |> Array.map _.Value) expected[i] $"Δ of step {i + 1}"

        expectSameBits precision (block |> Array.map _.Value) (slots state) "slots at the end")

let private inPrecision (precision: Precision<'T>) (subject: Subject) =
    testList
        precision.Name
        [ everyLength precision subject
          property "the in-place step equals the pure step for any hyper-parameters" (cases subject) (expectInPlaceEqualsPure precision)
          anywhereInMemory precision subject
          inputsUntouched precision subject
          resumed precision subject
          elementwise precision subject ]

/// Another thread that collects garbage moves arrays in the middle of a step, where no test of one thread has it happen.
let private beside =
    testCase "no step is lost while other threads collect garbage" (fun () ->
        let optimizer = Optimizer.create { LearningRate = 1.0 }
        let clock = Diagnostics.Stopwatch.StartNew()
        let lost = ref 0

        Threading.Tasks.Parallel.For(
            0,
            4,
            fun _ ->
                let state = Optimizer.init<float> optimizer 5
                let gradient = [| 1.0; 2.0; 3.0; 4.0; 5.0 |]

                while clock.Elapsed.TotalSeconds < 3.0 do
                    let _, delta = Optimizer.step optimizer state gradient

                    if delta <> gradient then
                        Threading.Interlocked.Increment lost |> ignore
        )
        |> ignore

        Expect.equal lost.Value 0 "steps whose Δ went elsewhere")

let tests =
    testList
        "execution"
        [ testSequenced beside
          for subject in all do
              testList subject.Name [ inPrecision single subject; inPrecision Precision.double subject ] ]
