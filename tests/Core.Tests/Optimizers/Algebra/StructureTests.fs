/// What chains and groups mean: laws of the algebra, bit for bit.
module CuteDl.Core.Tests.AlgebraStructureTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Precision
open CuteDl.Core.Tests.AlgebraSamples
open CuteDl.Core.Tests.AlgebraSteps

let private expectEqualRuns (precision: Precision<'T>) (run: Run) (other: Optimizer) (what: string) =
    let expected, expectedState = trajectory precision run
    let actual, actualState = trajectory precision { run with Optimizer = other }
    expectSameTrajectory precision actual expected what
    expectSamePicture precision (picture actualState) (picture expectedState) what

let private bracketed (precision: Precision<'T>) =
    property
        "a chain may be bracketed in any way, and identities put anywhere"
        (gen {
            let! tensors = shapes
            let! parts = Gen.listOfLength 4 (one any tensors)
            let! run = runOf tensors Optimizer.identity moderate true
            return parts, run
        })
        (fun (parts, run) ->
            let run = { run with Optimizer = Optimizer.chain parts }
            let chain = Optimizer.chain

            for other in
                [ chain [ chain parts[..1]; chain parts[2..] ]
                  chain [ parts[0]; chain [ parts[1]; chain [ parts[2]; parts[3] ] ] ]
                  chain [ chain [ chain [ parts[0]; parts[1] ]; parts[2] ]; parts[3] ]
                  chain [ Optimizer.identity; chain parts ]
                  chain [ chain parts; Optimizer.identity ]
                  chain
                      [ for part in parts do
                            Optimizer.identity
                            part ] ] do
                Expect.equal other run.Optimizer "the same value"
                expectEqualRuns precision run other "bracketed otherwise")

/// Where each tensor lies in the permuted layout.
let private permuted (order: int array) (layout: Layout) (values: 'a array) : 'a array =
    order
    |> Array.collect (fun k ->
        let p = layout.Parameters[k]
        Array.sub values p.Offset p.Length)

let private order (precision: Precision<'T>) =
    let choice = any |> without ("noise" :: global')

    property
        "tensors in another order give the same, where no sum goes over all of them"
        (gen {
            let! run = runs choice moderate true
            let! order = permutation run.Layout.Parameters.Count
            return run, order
        })
        (fun (run, order) ->
            let layout =
                Layout.OfShapes
                    [ for k in order do
                          let p = run.Layout.Parameters[k]
                          p.Name, p.Shape ]

            let expected, state = trajectory precision run

            let other =
                { run with
                    Layout = layout
                    Parameters = permuted order run.Layout run.Parameters
                    Gradients = Array.map (permuted order run.Layout) run.Gradients }

            let actual, actualState = trajectory precision other
            expectSameTrajectory precision actual (Array.map (permuted order run.Layout) expected) "in another order"

            if not (List.exists (fst >> fun (name: string) -> name.Contains "square_norm") state.Numbers) then
                Expect.equal (List.sort (List.map fst actualState.Numbers)) (List.sort (List.map fst state.Numbers)) "numbers")

let private split (precision: Precision<'T>) =
    let choice = { any with Groups = false } |> without byTensor

    property
        "where tensors begin and end is nothing to parts that work element by element"
        (gen {
            let! run = runs choice moderate true
            let! cut = Gen.choose (0, 100)
            return run, cut
        })
        (fun (run, cut) ->
            let length = run.Layout.Length
            let cut = length * cut / 100
            let expected, state = trajectory precision run

            for layout in [ Layout.Flat length; Layout.OfShapes [ "a", [ cut ]; "b", [ length - cut ] ] ] do
                let actual, otherState = trajectory precision { run with Layout = layout }
                expectSameTrajectory precision actual expected "cut otherwise"
                expectSamePicture precision (picture otherState) (picture state) "cut otherwise"

            // The tensors of groups are walked one by one.
            for layout in [ run.Layout; Layout.OfShapes [ "a", [ cut ]; "b", [ length - cut ] ] ] do
                let grouped = { run with Layout = layout; Optimizer = Optimizer.groups [ "*", run.Optimizer ] }
                let actual, _ = trajectory precision grouped
                expectSameTrajectory precision actual expected "cut otherwise, in groups")

let private oneGroup (precision: Precision<'T>) =
    property
        "a group of all is no group"
        (gen {
            let! tensors = shapes
            let! optimizer = optimizers (any |> without [ "clip_global_norm" ]) tensors
            return! runOf tensors optimizer moderate true
        })
        (fun run ->
            let expected, expectedState = trajectory precision run

            let actual, actualState =
                trajectory precision { run with Optimizer = Optimizer.groups [ "*", run.Optimizer ] }

            expectSameTrajectory precision actual expected "in a group"

            for (_, a), (_, b) in List.zip (picture actualState).Slots (picture expectedState).Slots do
                expectSameBits precision a b "slots"

            Expect.equal
                (List.map (snd >> BitConverter.DoubleToInt64Bits) actualState.Numbers |> List.length)
                expectedState.Numbers.Length
                "numbers")

/// The tensors of a layout that a filter takes: their layout, and how to cut their elements out.
let private part (isIn: string -> bool) (layout: Layout) =
    let chosen =
        [ for p in layout.Parameters do
              if isIn p.Name then
                  p ]

    Layout.OfShapes [ for p in chosen -> p.Name, p.Shape ],
    (fun (values: 'a array) -> chosen |> List.map (fun p -> Array.sub values p.Offset p.Length) |> Array.concat)

let private groupsApart (precision: Precision<'T>) =
    let choice = any |> without [ "noise"; "clip_global_norm" ]

    property
        "groups act as each part alone would on its tensors"
        (gen {
            let! tensors = shapes |> Gen.filter (fun tensors -> tensors.Length > 1)
            let first = [ tensors.Head ]
            let! ofFirst = optimizers choice first
            let! ofOthers = optimizers choice tensors.Tail
            let! run = runOf tensors (Optimizer.groups [ fst tensors.Head, ofFirst; "*", ofOthers ]) moderate false
            return run, ofFirst, ofOthers
        })
        (fun (run, ofFirst, ofOthers) ->
            let name = run.Layout.Parameters[0].Name
            let run = upToRefusal precision run
            let whole, state = trajectory precision run

            for optimizer, isIn in [ ofFirst, (=) name; ofOthers, (<>) name ] do
                let layout, _ = part isIn run.Layout
                let cut values = (snd (part isIn run.Layout)) values
                let cutElements (values: 'T array) = (snd (part isIn run.Layout)) values

                let alone =
                    { Optimizer = optimizer
                      Layout = layout
                      Parameters = cut run.Parameters
                      Gradients = Array.map cut run.Gradients
                      Losses = run.Losses }

                let expected, aloneState = trajectory precision alone
                expectSameTrajectory precision (Array.map cutElements whole) expected $"{optimizer} in its group"

                let prefix = if isIn name then $"{name}." else "*."
                let ours = (picture state).Slots |> List.filter (fun (slot, _) -> slot.StartsWith prefix)

                for (_, a), (_, b) in List.zip ours (picture aloneState).Slots do
                    expectSameBits precision a b "slots")

let private globalNorm (precision: Precision<'T>) =
    property
        "the norm in front of groups goes over all tensors"
        (gen {
            let! tensors = shapes |> Gen.filter (fun tensors -> tensors.Length > 1)
            let! ofFirst = optimizers (any |> without ("clip_global_norm" :: gates)) [ tensors.Head ]
            let! ofOthers = optimizers (any |> without ("clip_global_norm" :: gates)) tensors.Tail
            let! limit = logUniform 1e-2 1e2
            let! run = runOf tensors (Optimizer.groups [ fst tensors.Head, ofFirst; "*", ofOthers ]) moderate false
            return run, limit
        })
        (fun (run, limit) ->
            let clip = Expression.parse $"clip_global_norm({NumberText.ofFloat limit})"

            let actual, state =
                trajectory precision { run with Optimizer = Optimizer.chain [ clip; run.Optimizer ] }
            // Over all tensors at once, each with its own sum.
            let sums (gradient: float array) =
                [ for p in run.Layout.Parameters ->
                      let block = precision.OfAll(Array.sub gradient p.Offset p.Length)
                      block |> Array.sumBy (fun g -> precision.ToFloat g * precision.ToFloat g) ]

            let norm = Array.map (sums >> List.sum >> sqrt) run.Gradients
            let _, last = List.find (fst >> (=) "1.clip_global_norm.norm") state.Numbers
            Close.relative 1e-12 last (Array.last norm) "the norm is remembered"
            // The same as gradients that were clipped beforehand by what is remembered, step for step.
            let clipped = Optimizer.initFor<'T> run.Optimizer run.Layout
            let parameters = precision.OfAll run.Parameters
            let clipState = Optimizer.initFor<'T> clip run.Layout

            for i in 0 .. run.Gradients.Length - 1 do
                let gradient = precision.OfAll run.Gradients[i]
                let _, delta = Optimizer.step clip clipState gradient
                let length = delta |> Array.sumBy (fun d -> precision.ToFloat d * precision.ToFloat d) |> sqrt
                Expect.isLessThanOrEqual length (limit * (1.0 + 1e-9 + 4.0 * precision.Rounding)) "clipped"

                if norm[i] > limit * (1.0 + 1e-9) then
                    // Thousands of squares are added up in another order.
                    Close.relative (10000.0 * precision.Rounding) length limit "no shorter than the limit"

                inPlaceStep run.Optimizer clipped parameters delta |> ignore
                Optimizer.observeInPlace run.Optimizer clipped run.Losses[i]
                expectSameBits precision actual[i] parameters $"step {i + 1}")

let private inPrecision (precision: Precision<'T>) =
    testList
        precision.Name
        [ bracketed precision
          order precision
          split precision
          oneGroup precision
          groupsApart precision
          globalNorm precision ]

let tests = testList "structure" [ inPrecision single; inPrecision Precision.double ]
