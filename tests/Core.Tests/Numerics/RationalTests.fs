module CuteDl.Core.Tests.RationalTests

open System
open System.Numerics
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Core.Tests.Generators

let private whole = Gen.choose (-1000, 1000)

let private fractions =
    Gen.map2 (fun (n: int) (d: int) -> Rational.Of(BigInteger n, BigInteger d)) whole (Gen.filter ((<>) 0) whole)

/// Through the interface, as laws do it.
let private lift<'E when 'E :> IElement<'E>> value = 'E.Lift value

let private root<'E when 'E :> IElement<'E>> (value: 'E) = 'E.Root value

let tests =
    testList
        "fractions"
        [ property "are a field" (Gen.zip3 fractions fractions fractions) (fun (a, b, c) ->
              Expect.equal (a + b) (b + a) "a + b"
              Expect.equal ((a + b) + c) (a + (b + c)) "a + b + c"
              Expect.equal (a * (b + c)) (a * b + a * c) "a (b + c)"
              Expect.equal (a - b + b) a "a − b + b"

              if b <> Rational.Of 0 then
                  Expect.equal (a / b * b) a "a / b · b")
          property "are kept in lowest terms, the denominator positive" fractions (fun a ->
              Expect.isTrue (a.Denominator.Sign > 0) "sign"
              Expect.equal (BigInteger.GreatestCommonDivisor(a.Numerator, a.Denominator)) BigInteger.One "common divisor")
          property "hold every finite double exactly" (Gen.oneof [ anySize; signed (logUniform 1e-320 1e300) ]) (fun value ->
              let fraction = lift<Rational> value
              let back = Math.ScaleB(float fraction.Numerator, -int(fraction.Denominator.GetBitLength() - 1L))
              Expect.isTrue fraction.Denominator.IsPowerOfTwo "the denominator is a power of 2"

              // Powers of 2 beyond a double's range cannot be scaled back in one go.
              if abs value > 1e-290 && abs value < 1e290 then
                  Expect.equal back value "value")
          testCase "a default fraction is 0" (fun () -> Expect.equal (Unchecked.defaultof<Rational>) (Rational.Of 0) "0")
          testCase "refuse what is none" (fun () ->
              Expect.throwsT<DivideByZeroException> (fun () -> Rational.Of(BigInteger.One, BigInteger.Zero) |> ignore) "1/0"
              Expect.throwsT<ArgumentOutOfRangeException> (fun () -> Rational.Of nan |> ignore) "NaN"
              Expect.throwsT<ArgumentOutOfRangeException> (fun () -> Rational.Of infinity |> ignore) "∞"
              Expect.throwsT<NotSupportedException> (fun () -> root (Rational.Of 2) |> ignore) "√2")
          testCase "print as a fraction, or a whole number" (fun () ->
              Expect.equal (string (Rational.Of 0.75)) "3/4" "3/4"
              Expect.equal (string (Rational.Of -2)) "-2" "-2") ]
