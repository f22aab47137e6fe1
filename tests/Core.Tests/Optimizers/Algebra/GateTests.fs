/// Parts that let those behind them rest, and parts that average: against what they say they do.
module CuteDl.Core.Tests.AlgebraGateTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Precision
open CuteDl.Core.Tests.AlgebraSamples
open CuteDl.Core.Tests.AlgebraSteps

/// What stands behind a gate, under the names that it has alone: slots of the gate left out.
let private behind (gate: string) (picture: Picture<'T>) =
    // In front of the identity it is alone, and its names have no number.
    let isOfGate (name: string) =
        name.StartsWith $"1.{gate}." || List.contains name [ "sum"; "gathered"; "skipped"; "in_a_row" ]

    [ for name, values in picture.Slots do
          if not (isOfGate name) then
              values ],
    [ for name, value in picture.Numbers do
          if not (isOfGate name) then
              value ]

let private expectSameBehind (precision: Precision<'T>) (gate: string) actual (expected: Picture<'T>) (what: string) =
    let slots, numbers = behind gate actual
    let expectedSlots = List.map snd expected.Slots
    List.iter2 (fun a b -> expectSameBits precision a b $"{what}: slots") slots expectedSlots
    expectSameBits Precision.double (Array.ofList numbers) (expected.Numbers |> List.map snd |> Array.ofList) $"{what}: numbers"

let private inner (choice: Choice) elements = runs choice elements false

/// Sums of dyadic gradients and their halves and quarters are exact.
let private accumulate (precision: Precision<'T>) =
    property
        "accumulate(k) over k times the same gradient is one step, and nothing counts in between"
        // Behind accumulate only tensors that freeze together are allowed.
        (Gen.zip (Gen.elements [ 1; 2; 4 ]) (inner (any |> without [ "freeze" ]) dyadic))
        (fun (k, run) ->
            let optimizer = Optimizer.chain [ Expression.parse $"accumulate({k})"; run.Optimizer ]
            let state = Optimizer.initFor<'T> optimizer run.Layout
            let alone = Optimizer.initFor<'T> run.Optimizer run.Layout
            let parameters = precision.OfAll run.Parameters
            let expected = Array.copy parameters

            try
                for loss, gradient in Seq.zip run.Losses (Array.map precision.OfAll run.Gradients) do
                    for _ in 1..k do
                        expectSameBits precision parameters expected "in between"
                        expectSameBehind precision "accumulate" (picture state) (picture alone) "in between"
                        inPlaceStep optimizer state parameters gradient |> ignore

                    inPlaceStep run.Optimizer alone expected gradient |> ignore
                    expectSameBits precision parameters expected "after k"
                    Optimizer.observeInPlace optimizer state loss
                    Optimizer.observeInPlace run.Optimizer alone loss
                    expectSameBehind precision "accumulate" (picture state) (picture alone) "after k"
            with :? NonFiniteStateException ->
                // A square was infinite. The states are checked at every 16th step of their own, so only one of them notices here.
                ())

let private freeze (precision: Precision<'T>) =
    property
        "what is frozen stays, and goes on from there when it thaws"
        (Gen.zip (Gen.listOfLength 7 (Gen.elements [ true; false ])) (inner any moderate))
        (fun (isOn, run) ->
            let frozen = Optimizer.chain [ Expression.parse "freeze"; run.Optimizer ]
            // Of the gates in the optimizer itself none is a freeze that would thaw along.
            let thawed = Optimizer.chain [ Expression.parse "freeze(on=false)"; run.Optimizer ]
            let state = Optimizer.initFor<'T> frozen run.Layout
            let alone = Optimizer.initFor<'T> run.Optimizer run.Layout
            let parameters = precision.OfAll run.Parameters
            let expected = Array.copy parameters

            for isOn, loss, gradient in Seq.zip3 isOn run.Losses (Array.map precision.OfAll run.Gradients) do
                let now = if isOn then frozen else thawed
                inPlaceStep now state parameters gradient |> ignore
                Optimizer.observeInPlace now state loss

                // While it is frozen, neither steps nor losses count.
                if not isOn then
                    inPlaceStep run.Optimizer alone expected gradient |> ignore
                    Optimizer.observeInPlace run.Optimizer alone loss

                expectSameBits precision parameters expected "parameters"
                expectSameBehind precision "freeze" (picture state) (picture alone) "state")

/// True if the state has a slot or number of this name with a value that is not finite.
let private holdsNonFinite (name: string) (state: State<'T>) : bool =
    let isNumber =
        state.Numbers |> List.exists (fun (other, value) -> other = name && not (Double.IsFinite value))

    let isSlot =
        List.contains name state.SlotNames && state[name].ToArray() |> Array.exists ('T.IsFinite >> not)

    isNumber || isSlot

let private skip (precision: Precision<'T>) =
    property
        "a step that is not finite is left out, counted, and in the end an error that changes nothing"
        (gen {
            let! run = runs (any |> without [ "skip_non_finite"; "freeze" ]) moderate true
            let! limit = Gen.choose (0, 2)
            return limit, run
        })
        (fun (limit, run) ->
            let optimizer = Optimizer.chain [ Expression.parse $"skip_non_finite({limit})"; run.Optimizer ]
            let state = Optimizer.initFor<'T> optimizer run.Layout
            let alone = Optimizer.initFor<'T> run.Optimizer run.Layout
            let parameters = precision.OfAll run.Parameters
            let expected = Array.copy parameters
            let mutable skipped = 0
            let mutable inRow = 0

            try
                // Each several times, so that limits are met.
                for gradient in run.Gradients |> Array.collect (fun g -> [| g; g; g |]) |> Array.map precision.OfAll do
                    let isFinite = Array.forall 'T.IsFinite gradient
                    let before = picture state
                    let error = inPlaceStep optimizer state parameters gradient

                    if isFinite then
                        inRow <- 0
                        Expect.isNone error "finite"
                        inPlaceStep run.Optimizer alone expected gradient |> ignore
                    elif limit > 0 && inRow = limit then
                        Expect.stringStarts
                            (defaultArg error "")
                            $"{limit + 1} gradients in a row were not finite or too large"
                            "above the limit"

                        expectSamePicture precision (picture state) before "a failing step"
                    else
                        inRow <- inRow + 1
                        skipped <- skipped + 1
                        Expect.isNone error "below the limit"

                    expectSameBits precision parameters expected "parameters"
                    expectSameBehind precision "skip_non_finite" (picture state) (picture alone) "behind"

                    let counts =
                        state.Numbers
                        |> List.filter (fun (name, _) -> name.StartsWith "1.skip" || not (name.Contains '.'))
                        |> List.map snd

                    Expect.equal counts [ float skipped; float inRow ] "counts"
            with :? NonFiniteStateException as error ->
                // A rule behind another rule can receive steps that are too large to square. The case ends there.
                Expect.isTrue
                    ([ state; alone ] |> List.exists (holdsNonFinite error.SlotName))
                    $"a value that is not finite in {error.SlotName}")

/// Also where other parts have done something before it is known.
let private lateFailure (precision: Precision<'T>) =
    testCase "a step that fails late leaves all as it was" (fun () ->
        let layout = Layout.OfShapes [ "a", [ 5000 ]; "b", [ 40 ] ]
        let good = Array.init 5040 (fun i -> precision.Of(sin (float i)))
        let bad = good |> Array.mapi (fun i g -> if i = 5020 then 'T.NaN else g)

        for text in
            [ "skip_non_finite(1) | adam"
              "momentum | skip_non_finite(1) | prodigy"
              "{ \"a\": nadam | ema, \"b\": accumulate(1) | skip_non_finite(1) | adam }"
              "clip_global_norm(1) | { \"a\": schedule_free_sgd, \"b\": adam | skip_non_finite(1) | lookahead(2) }" ] do
            let optimizer = Expression.parse text
            let state = Optimizer.initFor<'T> optimizer layout
            let parameters = Array.copy good

            for gradient in [ good; bad ] do
                Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan gradient)

            let copy = state.Copy()
            let copied = Array.copy parameters

            for _ in 1..3 do
                Expect.isSome (inPlaceStep optimizer state parameters bad) text
                expectSameBits precision parameters copied text
                expectSamePicture precision (picture state) (picture copy) text

            // What is counted too: it goes on as if nothing had been.
            for _ in 1..2 do
                inPlaceStep optimizer state parameters good |> ignore
                inPlaceStep optimizer copy copied good |> ignore

            expectSameBits precision parameters copied text
            expectSamePicture precision (picture state) (picture copy) text)

let private changedCount =
    testCase "accumulate gives means of what it gathered, also when k changes" (fun () ->
        let optimizer k = Expression.parse $"accumulate({k}) | scale(1)"
        let state = Optimizer.init<float> (optimizer 2) 1
        let parameters = [| 0.0 |]

        for k, gradient, expected in [ 2, 1.0, 0.0; 2, 3.0, -2.0; 3, 1.0, -2.0; 3, 2.0, -2.0; 3, 6.0, -5.0; 3, 4.0, -5.0; 1, 8.0, -11.0 ] do
            Optimizer.stepInPlace (optimizer k) state (Span parameters) (ReadOnlySpan [| gradient |])
            Expect.equal parameters[0] expected $"k = {k}, gradient {gradient}")

let private gatesInGroups =
    testCase "parts with slots behind groups in which some tensors rest are refused, and belong into them" (fun () ->
        let layout = Layout.OfShapes [ "a", [ 2 ]; "b", [ 3 ] ]
        let start (text: string) = Optimizer.initFor<float> (Expression.parse text) layout |> ignore

        for gate in [ "freeze"; "accumulate(2)"; "skip_non_finite" ] do
            let text = $"{{ \"a\": {gate}, \"*\": identity() }}"

            for late in [ "adam"; "ema"; "scale(2) | lamb"; "{ \"*\": sgd(momentum=linear(0, steps=3, end=0.9)) }" ] do
                try
                    start $"{text} | {late}"
                    failtest "it was taken"
                with :? ArgumentException as error ->
                    Expect.stringContains error.Message "inside each group" "advice"

            // Without slots there is nothing to count.
            start $"{text} | clip_global_norm(1) | scale(0.1) | {{ \"*\": sgd }}"
            // And parts that have only tensors which rest together count rightly.
            start $"{text} | {{ \"a\": adam, \"*\": adam }}"
            start $"{gate} | adam")

/// Δ = g, counted in the slot.
[<Struct; NoEquality; NoComparison>]
type private OneMore<'E when 'E: struct and 'E :> IElement<'E>> =
    { One: 'E }

    interface IUpdate<'E> with
        member update.Delta(g, _, slots) =
            slots[0] <- slots[0] + update.One
            g

/// A gate of one's own with a slot: it lets every second step loop, and counts those in the slot.
type private EverySecond() =
    interface IGate with
        member _.MayThrow _ = false

    interface IReducingRule with
        member _.Slots = [ "passed" ]
        member _.NeedsParameters = false
        member _.Scalars _ = []
        member _.Coefficients = 0
        member _.Sums = 1
        member _.Waits = true
        member _.Prepare(_, _) = true
        member _.Reduce(_, _) = ()
        member _.Decide(step, _) = step % 2L = 0L
        member _.Update(_, loop) = loop.Run { OneMore.One = loop.Lift 1.0 }

let private ownGate =
    testCase "a gate that decides against a step does nothing in it itself" (fun () ->
        let gate = Optimizer.ofRule "every_second" (EverySecond())

        let optimizer =
            Optimizer.chain [ Expression.parse "scale(2)"; gate; Expression.parse "momentum(lr=1, decay=0.5)" ]

        let state = Optimizer.initFor<float> optimizer (Layout.OfShapes [ "a", [ 5000 ]; "b", [ 3 ] ])
        let parameters = Array.zeroCreate<float> 5003

        for step in 1L .. 5L do
            Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan(Array.create 5003 1.0))
            let passed = float (step / 2L)
            Expect.all (state["2.every_second.passed"].ToArray()) ((=) passed) $"steps passed of {step}"
            // v = 2, then 3: both are taken away.
            Expect.all parameters ((=) (if passed = 2.0 then -5.0 else -2.0 * passed)) $"parameters after {step}")

// Averages

let private averages (precision: Precision<'T>) =
    property
        "ema, swa and lookahead are what their definitions say of the parameters after each step"
        (gen {
            let! run = runs (any |> without ("noise" :: gates)) moderate false
            let! decay = uniform 0.05 0.95
            let! last = uniform 0.05 0.95
            let! start = Gen.choose (1, 4)
            let! every = Gen.choose (1, 3)
            return run, decay, last, start, every
        })
        (fun (run, decay, last, start, every) ->
            let plain, _ = trajectory precision run

            let expectAverage (text: string) (weights: int -> float array) =
                let optimizer = Optimizer.chain [ run.Optimizer; Expression.parse text ]
                let state = Optimizer.initFor<'T> optimizer run.Layout
                let parameters = precision.OfAll run.Parameters

                for t in 1 .. run.Gradients.Length do
                    inPlaceStep optimizer state parameters (precision.OfAll run.Gradients[t - 1]) |> ignore
                    Optimizer.observeInPlace optimizer state run.Losses[t - 1]
                    expectSameBits precision parameters plain[t - 1] "the parameters go their way"
                    let weights = weights t
                    Close.relative 1e-12 (Array.sum weights) 1.0 "weights sum to 1"
                    let average = Optimizer.averaged optimizer state (ReadOnlySpan parameters)

                    for i in 0 .. average.Length - 1 do
                        let values = Array.init t (fun s -> precision.ToFloat plain[s].[i])
                        let expected = Array.fold2 (fun sum w x -> sum + w * x) 0.0 weights values
                        let scale = values |> Array.fold (fun most x -> max most (abs x)) 0.0

                        if Double.IsFinite scale then
                            Close.within (200.0 * precision.Rounding * scale) (precision.ToFloat average[i]) expected $"{text}, step {t}"

            let normal (values: float array) = values |> Array.map (fun v -> v / Array.sum values)
            let number = NumberText.ofFloat
            expectAverage $"ema({number decay})" (fun t -> normal [| for s in 1..t -> decay ** float (t - s) |])

            expectAverage $"ema({number decay}, debiased=false)" (fun t ->
                [| for s in 1..t -> (if s = 1 then 1.0 else 1.0 - decay) * decay ** float (t - s) |])

            // β from one value to another in 3 steps.
            let beta s = if s >= 4 then last else decay + (last - decay) * float (s - 1) / 3.0

            expectAverage $"ema(linear({number decay}, steps=3, end={number last}))" (fun t ->
                normal [| for s in 1..t -> Seq.fold (fun weight r -> weight * beta r) (1.0 - beta s) [ s + 1 .. t ] |])

            expectAverage $"swa({start}, every={every})" (fun t ->
                let counts = [| for s in 1..t -> if s >= start && (s - start) % every = 0 then 1.0 else 0.0 |]

                if Array.sum counts = 0.0 then
                    Array.init t (fun s -> if s = t - 1 then 1.0 else 0.0)
                else
                    normal counts))

let private inPrecision (precision: Precision<'T>) =
    testList
        precision.Name
        [ accumulate precision
          freeze precision
          skip precision
          lateFailure precision
          averages precision ]

let tests =
    testList "gates and averages" [ inPrecision single; inPrecision Precision.double; changedCount; gatesInGroups; ownGate ]
