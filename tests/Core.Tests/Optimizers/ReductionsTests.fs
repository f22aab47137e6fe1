/// Sums over whole tensors, against their definition bit for bit: the order of the elements, and no register.
module CuteDl.Core.Tests.ReductionsTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators

/// Groups of eight neighbours, lane by lane: four groups at a time to each other and then to the sum, the others one by one. The
/// lanes come together in one order, and what fills no group is added last.
let private definition (term: float -> float -> float) (x: float array) (y: float array) : float =
    let terms = Array.map2 term x y
    let whole = x.Length / 8 * 8
    let mutable lanes = Array.zeroCreate 8
    let group at = Array.sub terms at 8
    let mutable at = 0

    while at + 32 <= whole do
        let front = Array.map2 (+) (group at) (group (at + 8))
        let back = Array.map2 (+) (group (at + 16)) (group (at + 24))
        lanes <- Array.map2 (+) lanes (Array.map2 (+) front back)
        at <- at + 32

    while at < whole do
        lanes <- Array.map2 (+) lanes (group at)
        at <- at + 8

    let rest = Array.fold (+) 0.0 terms[whole..]

    (((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7])))
    + rest

let private expectDefinition (precision: Precision<'T>) (first: float array) (second: float array) =
    let x, y = precision.OfAll first, precision.OfAll second
    let ofX, ofY = Array.map precision.ToFloat x, Array.map precision.ToFloat y

    let check name (actual: float) term =
        let expected = definition term ofX ofY

        if not (Double.IsNaN actual && Double.IsNaN expected) then
            Expect.equal (BitConverter.DoubleToUInt64Bits actual) (BitConverter.DoubleToUInt64Bits expected) $"{name} of {x.Length}"

    check "Σ x²" (Reductions.squares (ReadOnlySpan x)) (fun x _ -> x * x)
    check "Σ x y" (Reductions.products (ReadOnlySpan x) (ReadOnlySpan y)) (fun x y -> x * y)
    check "Σ |x|" (Reductions.magnitudes (ReadOnlySpan x)) (fun x _ -> if x < 0.0 then 0.0 - x else x)
    check "Σ (x − y)²" (Reductions.squaresOfDifferences (ReadOnlySpan x) (ReadOnlySpan y)) (fun x y -> (x - y) * (x - y))
    check "Σ (x y)²" (Reductions.squaresOfProducts (ReadOnlySpan x) (ReadOnlySpan y)) (fun x y -> (x * y) * (x * y))

/// Σ x² / max(scale (decay mean + (1 − decay) x²), least), one element after the other.
let private expectInOrder (precision: Precision<'T>) (first: float array) (second: float array) =
    let x, means = precision.OfAll first, precision.OfAll(Array.map abs second)
    let decay, scale, least = 0.99, 1.25, 1e-16
    let mutable expected = 0.0

    for i in 0 .. x.Length - 1 do
        let g = precision.ToFloat x[i]
        let s = decay * precision.ToFloat means[i] + (1.0 - decay) * g * g
        expected <- expected + g * g / max (s * scale) least

    let actual = Reductions.normalizedSquares (ReadOnlySpan x) (ReadOnlySpan means) decay scale least

    if not (Double.IsNaN actual && Double.IsNaN expected) then
        Expect.equal (BitConverter.DoubleToUInt64Bits actual) (BitConverter.DoubleToUInt64Bits expected) $"sum of {x.Length}"

let private everyLength (precision: Precision<'T>) =
    testCase $"every length from 0 to 100, and those around a block, in {precision.Name}" (fun () ->
        for length in [ 0..100 ] @ [ 4095; 4096; 4097 ] do
            let values = samples (2 * length) moderate
            expectDefinition precision values[.. length - 1] values[length..]
            expectInOrder precision values[.. length - 1] values[length..])

let private anyValues (precision: Precision<'T>) =
    let element = Gen.frequency [ 30, anySize; 1, Gen.elements [ nan; infinity; -infinity ] ]

    let pairs = Gen.choose (0, 90) |> Gen.bind (fun length -> Gen.two (Gen.arrayOfLength length element))

    property $"any values, NaN and infinities among them, in {precision.Name}" pairs (fun (x, y) ->
        expectDefinition precision x y
        expectInOrder precision x y)

let private tooShort =
    testCase "a second tensor that is shorter is refused, not read beyond" (fun () ->
        Expect.throws (fun () -> Reductions.products (ReadOnlySpan [| 1.0; 2.0 |]) (ReadOnlySpan [| 1.0 |]) |> ignore) "products")

/// 0 or NaN, wherever the element is that decides.
let private zeros (precision: Precision<'T>) (square: float) =
    testCase $"finite and squarable find one element at any place ({precision.Name})" (fun () ->
        for length in 0..70 do
            let values = Array.create length 1.0
            let finite () = Reductions.finite (ReadOnlySpan(precision.OfAll values))
            let squarable () = Reductions.squarable (ReadOnlySpan(precision.OfAll values))
            Expect.equal (finite (), squarable ()) (0.0, 0.0) "all finite"

            for place in 0 .. length - 1 do
                for value, isFinite in [ square, true; -square, true; infinity, false; nan, false ] do
                    values[place] <- value
                    Expect.equal (Double.IsNaN(finite ())) (not isFinite) $"finite: {value} at {place} of {length}"
                    Expect.isTrue (Double.IsNaN(squarable ())) $"squarable: {value} at {place} of {length}"

                values[place] <- 1.0)

/// Counts, against their definition: NaN equals NaN, and 0 equals −0.
let private counts (precision: Precision<'T>) =
    let element =
        Gen.frequency [ 4, Gen.elements [ 0.0; -0.0; 1.0 ]; 1, moderate; 1, Gen.elements [ nan; infinity; -infinity ] ]

    let pairs = Gen.choose (0, 90) |> Gen.bind (fun length -> Gen.two (Gen.arrayOfLength length element))

    property $"counts of differences and of non-finite elements in {precision.Name}" pairs (fun (first, second) ->
        let x, y = precision.OfAll first, precision.OfAll second
        let differ = Array.zip x y |> Array.filter (fun (a, b) -> not (a.Equals b)) |> Array.length
        Expect.equal (Reductions.differences (ReadOnlySpan x) (ReadOnlySpan y)) differ "differences"
        Expect.equal (Reductions.nonFinite (ReadOnlySpan x)) (x |> Array.filter ('T.IsFinite >> not) |> Array.length) "not finite")

let tests =
    testList
        "sums"
        [ zeros Precision.single 2e19
          zeros Precision.double 2e154
          everyLength Precision.single
          everyLength Precision.double
          anyValues Precision.single
          anyValues Precision.double
          counts Precision.single
          counts Precision.double
          tooShort ]
