/// The two ways of taking a step agree on any optimizer, whatever it is made of; texts, copies and threads too.
module CuteDl.Core.Tests.AlgebraStepTests

open System
open System.Reflection
open System.Threading.Tasks
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Precision
open CuteDl.Core.Tests.AlgebraSamples
open CuteDl.Core.Tests.AlgebraSteps

let private anyRun = runs any moderate true
let private wildRun = runs any anySize true

/// Both ways over the same gradients, compared after each step; a step that fails changes nothing.
let private expectInPlaceEqualsPure (precision: Precision<'T>) (run: Run) =
    let mutable state = Optimizer.initFor<'T> run.Optimizer run.Layout
    let mutable parameters = precision.OfAll run.Parameters
    let inPlaceState = Optimizer.initFor<'T> run.Optimizer run.Layout
    let inPlace = Array.copy parameters

    for loss, gradient in Seq.zip run.Losses (Array.map precision.OfAll run.Gradients) do
        let before = picture state
        let parametersBefore = Array.copy parameters
        let gradientBefore = Array.copy gradient
        let next, nextParameters, error = pureStep run.Optimizer state parameters gradient
        expectSamePicture precision (picture state) before "the pure step leaves its state"
        expectSameBits precision parameters parametersBefore "the pure step leaves its parameters"
        Expect.equal (inPlaceStep run.Optimizer inPlaceState inPlace gradient) error "errors"
        expectSameBits precision gradient gradientBefore "gradient"
        let at = $"step {next.Step}"
        expectSameBits precision inPlace nextParameters $"parameters after {at}"
        expectSamePicture precision (picture inPlaceState) (picture next) $"state after {at}"

        expectSameBits
            precision
            (Optimizer.averaged run.Optimizer inPlaceState (ReadOnlySpan inPlace))
            (Optimizer.averaged run.Optimizer next (ReadOnlySpan nextParameters))
            $"averages after {at}"

        let after = picture next
        state <- Optimizer.observe run.Optimizer next loss
        expectSamePicture precision (picture next) after "the pure observation leaves its state"
        Optimizer.observeInPlace run.Optimizer inPlaceState loss
        expectSamePicture precision (picture inPlaceState) (picture state) $"state after the loss of {at}"
        parameters <- nextParameters

let private resumed (precision: Precision<'T>) (run: Run) =
    let whole, final = trajectory precision run
    let half = run.Gradients.Length / 2
    let first, last = Array.splitAt half run.Gradients
    let before, middle = trajectory precision { run with Gradients = first }
    let copy = middle.Copy()
    let parameters = if half = 0 then precision.OfAll run.Parameters else Array.copy before[half - 1]

    // The original goes another way: the copy must not follow it.
    for gradient in last do
        inPlaceStep run.Optimizer middle (Array.copy parameters) (precision.OfAll(Array.rev gradient))
        |> ignore

        Optimizer.observeInPlace run.Optimizer middle 3.0

    for i in 0 .. last.Length - 1 do
        inPlaceStep run.Optimizer copy parameters (precision.OfAll last[i]) |> ignore
        expectSameBits precision parameters whole[half + i] $"parameters after step {half + i + 1}"
        Optimizer.observeInPlace run.Optimizer copy run.Losses[half + i]

    expectSamePicture precision (picture copy) (picture final) "state at the end"

let private throughText (precision: Precision<'T>) (run: Run) =
    let read = Expression.parse (string run.Optimizer)
    Expect.equal read run.Optimizer "the same value"
    Expect.equal (string read) (string run.Optimizer) "the same text"
    let expected, expectedState = trajectory precision run
    let actual, actualState = trajectory precision { run with Optimizer = read }
    expectSameTrajectory precision actual expected "read from its text"
    expectSamePicture precision (picture actualState) (picture expectedState) "state"
    // A value read anew goes on with the other's state.
    let parameters =
        if expected.Length = 0 then precision.OfAll run.Parameters else Array.copy (Array.last expected)

    let gradient = precision.OfAll run.Gradients[0]
    let next, nextParameters, _ = pureStep read expectedState parameters gradient
    let next', nextParameters', _ = pureStep run.Optimizer expectedState parameters gradient
    expectSameBits precision nextParameters nextParameters' "going on"
    expectSamePicture precision (picture next) (picture next') "going on"

let private inParallel (precision: Precision<'T>) (run: Run) =
    let all, state = trajectory precision run
    let parameters = if all.Length = 0 then precision.OfAll run.Parameters else Array.last all
    let gradient = precision.OfAll run.Gradients[0]
    let expected, expectedParameters, _ = pureStep run.Optimizer state parameters gradient
    let results = Array.zeroCreate 8

    Parallel.For(0, 8, fun i -> results[i] <- pureStep run.Optimizer state parameters gradient)
    |> ignore

    for next, nextParameters, _ in results do
        expectSameBits precision nextParameters expectedParameters "parameters"
        expectSamePicture precision (picture next) (picture expected) "state"

let private inPrecision (precision: Precision<'T>) =
    testList
        precision.Name
        [ property "the in-place step equals the pure step, with nothing else touched" anyRun (expectInPlaceEqualsPure precision)
          property "also for gradients of any size" wildRun (expectInPlaceEqualsPure precision)
          property "going on from a copy of the state gives the bits of never having stopped" anyRun (resumed precision)
          property "an optimizer read from its text is the same, and steps with the same bits" anyRun (throughText precision)
          property "pure steps from one state in several threads give the same bits" anyRun (inParallel precision) ]

/// Every kind on its own at the borders of registers and blocks.
let private borders (precision: Precision<'T>) =
    testList
        precision.Name
        [ for kind in Rules.known do
              testCase kind.Name (fun () ->
                  for length in [ 0..35 ] @ [ 4095; 4096; 4097; 8193 ] do
                      let shape = if kind.Name = "muon" then [ length; 1 ] else [ length ]
                      let tensors = [ "a", shape; "b", [ 2; 3 ]; "c", [ length % 19; length % 7 ] ]

                      for optimizer in Expression.parse $"{kind.Name}()" :: List.ofArray (samples 2 (ofKind true kind)) do
                          for optimizer in
                              [ optimizer
                                Optimizer.chain [ Expression.parse "scale(2)"; optimizer; Expression.parse "clip_norm(0.5)" ] ] do
                              let run = samples 1 (runOf tensors optimizer moderate false) |> Array.head
                              expectInPlaceEqualsPure precision { run with Gradients = Array.truncate 3 run.Gradients }) ]

/// Every kind on its own and in a chain, over tensors that threads divide.
let private threads (precision: Precision<'T>) =
    testList
        precision.Name
        [ for kind in Rules.known do
              testCase kind.Name (fun () ->
                  for length in [ 2 * StepBlock.Border - 1; 3 * StepBlock.Border + 5; 2 * StepBlock.Length + 1 ] do
                      let shape = if kind.Name = "muon" then [ length; 1 ] else [ length ]
                      let tensors = [ "a", shape; "b", [ 2; 3 ]; "c", [ 2; StepBlock.Border ] ]

                      for optimizer in Expression.parse $"{kind.Name}()" :: List.ofArray (samples 1 (ofKind true kind)) do
                          for optimizer in
                              [ optimizer
                                Optimizer.chain [ Expression.parse "scale(2)"; optimizer; Expression.parse "clip_norm(0.5)" ] ] do
                              let run = samples 1 (runOf tensors optimizer moderate false) |> Array.head
                              let run = { run with Gradients = Array.truncate 3 run.Gradients }
                              let expected, expectedState = trajectory precision run

                              for threads in [ 2; 3 ] do
                                  use _ = Team.Enter(threads, true)
                                  let actual, state = trajectory precision run
                                  expectSameTrajectory precision actual expected $"{threads} threads, {optimizer}"
                                  expectSamePicture precision (picture state) (picture expectedState) $"{threads} threads") ]

/// A tail call keeps its arguments, spans among them, where a collection may lose them.
let private noTailCalls =
    testCase "no method of the core makes a tail call" (fun () ->
        let everything =
            BindingFlags.Static
            ||| BindingFlags.Instance
            ||| BindingFlags.Public
            ||| BindingFlags.NonPublic
            ||| BindingFlags.DeclaredOnly

        for holder in typeof<Optimizer>.Assembly.GetTypes() do
            for call in holder.GetMethods everything do
                match call.GetMethodBody() with
                | null -> ()
                | body ->
                    // The prefix, followed by call, calli or callvirt.
                    let code = body.GetILAsByteArray() |> Option.ofObj |> Option.defaultValue [||]

                    for bytes in Array.windowed 3 code do
                        if bytes[0] = 0xFEuy && bytes[1] = 0x14uy && Array.contains bytes[2] [| 0x28uy; 0x29uy; 0x6Fuy |] then
                            failtest $"{holder.FullName}.{call.Name}")

let tests =
    testList
        "steps of whole optimizers"
        [ noTailCalls
          inPrecision single
          inPrecision Precision.double
          testList "at the borders of blocks" [ borders single; borders Precision.double ]
          testList "have the same bits for any number of threads" [ threads single; threads Precision.double ] ]
