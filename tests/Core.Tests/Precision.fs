namespace CuteDl.Core.Tests

open System
open System.Numerics
open Expecto

/// A floating-point type of the library as the tests see it: how to come from double, and which bits a number has.
type Precision<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> =
    {
        Name: string
        Bits: 'T -> uint64
        /// The relative error of one rounding.
        Rounding: float
    }

    member _.Of(value: float) = 'T.CreateTruncating value
    member precision.OfAll(values: float array) = Array.map precision.Of values
    member _.ToFloat(value: 'T) = Double.CreateTruncating value

module Precision =
    let single: Precision<float32> =
        { Name = "float32"; Bits = BitConverter.SingleToUInt32Bits >> uint64; Rounding = 6.0e-8 }

    let double: Precision<float> =
        { Name = "float64"; Bits = BitConverter.DoubleToUInt64Bits; Rounding = 1.2e-16 }

    /// Bit for bit, except that one NaN is as good as another.
    let expectSameBits (precision: Precision<'T>) (actual: 'T array) (expected: 'T array) (what: string) =
        Expect.equal actual.Length expected.Length $"{what}: lengths"

        for i in 0 .. actual.Length - 1 do
            let bothNaN = 'T.IsNaN actual[i] && 'T.IsNaN expected[i]

            if not bothNaN && precision.Bits actual[i] <> precision.Bits expected[i] then
                failtest $"{what}: element {i} of {actual.Length} is {actual[i]}, expected {expected[i]} bit for bit ({precision.Name})"

    /// Equal as numbers: 0 is −0, and NaN is NaN.
    let expectSameNumbers (actual: 'T array) (expected: 'T array) (what: string) =
        Expect.equal actual.Length expected.Length $"{what}: lengths"

        for i in 0 .. actual.Length - 1 do
            if not (actual[i].Equals expected[i]) then
                failtest $"{what}: element {i} is {actual[i]}, expected exactly {expected[i]}"

/// Closeness of doubles.
module Close =
    let isRelative (tolerance: float) (actual: float) (expected: float) =
        actual = expected || abs (actual - expected) <= tolerance * max (abs actual) (abs expected)

    let relative (tolerance: float) (actual: float) (expected: float) (what: string) =
        if not (isRelative tolerance actual expected) then
            failtest $"{what}: %.17g{actual}, expected %.17g{expected} to a relative {tolerance}"

    let within (tolerance: float) (actual: float) (expected: float) (what: string) =
        if not (abs (actual - expected) <= tolerance) then
            failtest $"{what}: %.17g{actual}, expected %.17g{expected} ± {tolerance}"
