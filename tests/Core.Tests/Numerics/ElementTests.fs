/// What a law may do with an element, alike for single numbers and for lanes.
module CuteDl.Core.Tests.ElementTests

open System.Numerics
open Expecto
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Core.Tests.Generators

let private divisor<'E when 'E :> IElement<'E>> (value: 'E) = 'E.Divisor value
let private root<'E when 'E :> IElement<'E>> (value: 'E) = 'E.Root value
let private lift<'E when 'E :> IElement<'E>> value = 'E.Lift value

let private scalarDivisor (precision: Precision<'T>) (value: float) = (divisor (Scalar<'T>(precision.Of value))).Value

let private lanesAgree (precision: Precision<'T>) =
    let values =
        Gen.arrayOfLength Vector<'T>.Count (Gen.oneof [ anySize; Gen.elements [ 0.0; nan; infinity; -infinity ] ])

    property "lanes give what single numbers give, bit for bit" (Gen.two values) (fun (first, second) ->
        let a, b = precision.OfAll first, precision.OfAll second
        let lanes (values: 'T array) = Lanes<'T>(Vector<'T> values)

        let check name (vector: Lanes<'T>) (scalar: Scalar<'T> -> Scalar<'T> -> Scalar<'T>) =
            let actual = Array.init a.Length (fun i -> vector.Value[i])
            let expected = Array.map2 (fun (x: 'T) (y: 'T) -> (scalar (Scalar<'T> x) (Scalar<'T> y)).Value) a b
            Precision.expectSameBits precision actual expected name

        check "sum" (Arithmetic.(+) (lanes a) (lanes b)) (fun x y -> Arithmetic.(+) x y)
        check "difference" (Arithmetic.(-) (lanes a) (lanes b)) (fun x y -> Arithmetic.(-) x y)
        check "product" (Arithmetic.(*) (lanes a) (lanes b)) (fun x y -> Arithmetic.(*) x y)
        check "quotient" (Arithmetic.(/) (lanes a) (lanes b)) (fun x y -> Arithmetic.(/) x y)
        check "root" (root (lanes a)) (fun x _ -> root x)
        check "divisor" (divisor (lanes a)) (fun x _ -> divisor x)
        check "constant" (lift first[0]) (fun _ _ -> lift first[0]))

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
        [ testList "float32" [ lanesAgree Precision.single; divisors Precision.single (2.0 ** -126.0) ]
          testList "float64" [ lanesAgree Precision.double; divisors Precision.double (2.0 ** -1022.0) ] ]
