/// Functions of Special, against values of 60 digits that mpmath computed (reference/layers/generate.py).
module CuteDl.Core.Tests.SpecialTests

open System
open System.IO
open System.Text.Json
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Core.Tests.Generators

let private reference: Lazy<JsonElement> =
    lazy
        (use document =
            JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "reference", "layers", "special.json")))

         document.RootElement.Clone())

let private points (name: string) : (float * float) list =
    [ for pair in reference.Value.GetProperty(name).EnumerateArray() -> pair[0].GetDouble(), pair[1].GetDouble() ]

let private of'<'F when 'F :> Special.ILaneFunction> (values: float array) : float array =
    let result = Array.copy values
    Special.apply<'F, float>(Span result)
    result

let private ofSingle<'F when 'F :> Special.ILaneFunction> (values: float32 array) : float32 array =
    let result = Array.copy values
    Special.apply<'F, float32>(Span result)
    result

/// A function with its name in the file, the bound of its error in units in the last place, and values at the edges. A bound of
/// slopes is relative to 1, because they have zeros.
let private described<'F when 'F :> Special.ILaneFunction> (name: string) (units: float) (isRelative: bool) (edges: (float * float) list) =
    testList
        name
        [ testCase $"is within {units} units of values of 60 digits" (fun () ->
              let xs, expected = List.unzip (points name)
              let actual = of'<'F>(List.toArray xs)

              for x, expected, actual in List.zip3 xs expected (List.ofArray actual) do
                  let unit = if isRelative then Math.BitIncrement(abs expected) - abs expected else Math.Pow(2.0, -52.0)
                  Expect.isLessThanOrEqual (abs (actual - expected) / unit) units $"{name} {x:R}: {actual:R}, {expected:R}")

          testCase "is rounded once in single precision" (fun () ->
              let xs = points name |> List.map (fst >> float32) |> List.toArray
              let double = of'<'F>(Array.map float xs)
              Expect.equal (ofSingle<'F> xs) (Array.map float32 double) "values")

          property "treats every element by itself" (uniform -50.0 50.0 |> Gen.arrayOf) (fun values ->
              let alone = values |> Array.collect (fun value -> of'<'F> [| value |])

              Expect.equal
                  (Array.map BitConverter.DoubleToInt64Bits (of'<'F> values))
                  (Array.map BitConverter.DoubleToInt64Bits alone)
                  "bits")

          testCase "is right at the edges" (fun () ->
              for x, expected in edges do
                  let actual = Array.head (of'<'F> [| x |])
                  Expect.equal (BitConverter.DoubleToInt64Bits actual) (BitConverter.DoubleToInt64Bits expected) $"{name} {x}: {actual}"

              Expect.isTrue (Double.IsNaN(Array.head (of'<'F> [| nan |]))) "NaN") ]

let private product =
    property "a product with a function has the function's bits, rounded to the precision" (Gen.arrayOf (uniform -6.0 6.0)) (fun values ->
        let x = Array.map float32 values
        let target = Array.mapi (fun i _ -> float32 (i + 1) * 0.3f) x
        let expected = Array.map2 (*) target (ofSingle<Special.GeluSlope> x)
        Special.multiply<Special.GeluSlope, float32> (Span target) (ReadOnlySpan x)
        Expect.equal target expected "products")

let tests =
    testList
        "special functions"
        [ described<Special.Tanh> "tanh" 3.0 true [ 0.0, 0.0; -0.0, -0.0; infinity, 1.0; -infinity, -1.0; 1e300, 1.0; 1e-300, 1e-300 ]
          described<Special.LogOnePlus>
              "log1p"
              2.0
              true
              [ 0.0, 0.0; infinity, infinity; -1.0, -infinity; 1e-300, 1e-300; 1.7e308, 709.7268368932282 ]
          described<Special.Erf> "erf" 2.0 true [ 0.0, 0.0; -0.0, -0.0; infinity, 1.0; -infinity, -1.0; 30.0, 1.0 ]
          described<Special.Normal> "normal" 8.0 true [ 0.0, 0.5; infinity, 1.0; -infinity, 0.0; -50.0, 0.0 ]
          described<Special.Sigmoid> "sigmoid" 3.0 true [ 0.0, 0.5; infinity, 1.0; -infinity, 0.0; -1e4, 0.0 ]
          described<Special.Gelu> "gelu" 9.0 true [ 0.0, 0.0; infinity, infinity; -infinity, -0.0; 1e30, 1e30; -1e30, -0.0 ]
          described<Special.GeluSlope> "gelu-slope" 6.0 false [ 0.0, 0.5; infinity, 1.0; -infinity, 0.0 ]
          described<Special.Silu> "silu" 5.0 true [ 0.0, 0.0; infinity, infinity; -infinity, -0.0; -1e30, -0.0 ]
          described<Special.SiluSlope> "silu-slope" 6.0 false [ 0.0, 0.5; infinity, 1.0; -infinity, -0.0 ]
          described<Special.Softplus> "softplus" 3.0 true [ infinity, infinity; -infinity, 0.0; 1e300, 1e300 ]
          product ]
