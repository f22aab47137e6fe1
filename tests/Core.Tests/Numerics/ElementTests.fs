/// What a law may do with an element, alike for single numbers and for registers of them.
module CuteDl.Core.Tests.ElementTests

open System.Numerics
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Core.Tests.Generators

let private divisor<'E when 'E :> IElement<'E>> (value: 'E) = 'E.Divisor value
let private root<'E when 'E :> IElement<'E>> (value: 'E) = 'E.Root value
let private lift<'E when 'E :> IElement<'E>> value = 'E.Lift value

let private scalarDivisor (precision: Precision<'T>) (value: float) = (divisor (Scalar<'T>(precision.Of value))).Value

let private registersAgree<'V, 'T
    when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> and 'V: struct and 'V :> IElement<'V> and 'V :> IRegister<'V, 'T>>
    (precision: Precision<'T>)
    =
    let values =
        Gen.arrayOfLength 'V.Width (Gen.oneof [ anySize; Gen.elements [ 0.0; nan; infinity; -infinity ] ])

    property $"{'V.Width} in a register give what single numbers give, bit for bit" (Gen.two values) (fun (first, second) ->
        let a, b = precision.OfAll first, precision.OfAll second
        let register (values: 'T array) = 'V.Load &values[0]

        let check name (register: 'V) (scalar: Scalar<'T> -> Scalar<'T> -> Scalar<'T>) =
            let actual = Array.zeroCreate<'T> a.Length
            'V.Store(register, &actual[0])
            let expected = Array.map2 (fun (x: 'T) (y: 'T) -> (scalar (Scalar<'T> x) (Scalar<'T> y)).Value) a b
            Precision.expectSameBits precision actual expected name

        check "sum" (Arithmetic.(+) (register a) (register b)) (fun x y -> Arithmetic.(+) x y)
        check "difference" (Arithmetic.(-) (register a) (register b)) (fun x y -> Arithmetic.(-) x y)
        check "product" (Arithmetic.(*) (register a) (register b)) (fun x y -> Arithmetic.(*) x y)
        check "quotient" (Arithmetic.(/) (register a) (register b)) (fun x y -> Arithmetic.(/) x y)
        check "root" (root (register a)) (fun x _ -> root x)
        check "divisor" (divisor (register a)) (fun x _ -> divisor x)
        check "constant" (lift first[0]) (fun _ _ -> lift first[0])

        check "multiply-add" ('V.MultiplyAdd(register a, register b, register a)) (fun x y ->
            Scalar<'T>('T.FusedMultiplyAdd(x.Value, y.Value, x.Value))))

/// Every width, also those that this machine has to make do with narrower ones for.
let private everyWidth (precision: Precision<'T>) =
    [ registersAgree<Register128<'T>, 'T> precision
      registersAgree<Register256<'T>, 'T> precision
      registersAgree<Register512<'T>, 'T> precision ]

let private divisors (precision: Precision<'T>) (smallestNormal: float) =
    testCase "a divisor is at least the smallest normal number, and otherwise the value itself" (fun () ->
        let smallest = precision.Of smallestNormal

        for tiny in [ 0.0; -0.0; smallestNormal / 4.0 ] do
            Expect.equal (scalarDivisor precision tiny) smallest $"of {tiny}"

        for value in [ smallestNormal; 2.0 * smallestNormal; 1e-6; 1.0; infinity ] do
            Expect.equal (scalarDivisor precision value) (precision.Of value) $"of {value}"

        Expect.isTrue ('T.IsNaN(scalarDivisor precision nan)) "of NaN")

let tests =
    testList
        "elements"
        [ testList "float32" (divisors Precision.single (2.0 ** -126.0) :: everyWidth Precision.single)
          testList "float64" (divisors Precision.double (2.0 ** -1022.0) :: everyWidth Precision.double) ]
