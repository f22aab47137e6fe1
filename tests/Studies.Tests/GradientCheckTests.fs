/// Tests the check of gradients by central differences.
module CuteDl.Studies.Tests.GradientCheckTests

open System
open Expecto
open FsCheck
open FsCheck.FSharp
open CuteDl.Testing
open CuteDl.Core.Optimizers
open CuteDl.Studies

/// Σ c Π xᵢ^kᵢ, with its exact gradient.
type private Polynomial = { Terms: (float * int list) list; Point: float list }

let private power (x: float) (exponent: int) : float = Seq.replicate exponent x |> Seq.fold (*) 1.0

let private value (polynomial: Polynomial) (x: float array) : float =
    polynomial.Terms
    |> List.sumBy (fun (factor, exponents) -> exponents |> List.mapi (fun i k -> power x[i] k) |> List.fold (*) factor)

let private slope (polynomial: Polynomial) (x: float array) (index: int) : float =
    polynomial.Terms
    |> List.sumBy (fun (factor, exponents) ->
        exponents
        |> List.mapi (fun i k ->
            if i <> index then power x[i] k
            elif k = 0 then 0.0
            else float k * power x[i] (k - 1))
        |> List.fold (*) factor)

let private scaled (low: int) (high: int) : Gen<float> =
    Gen.map2
        (fun significand exponent -> float significand / 1000.0 * Math.Pow(10.0, float exponent))
        (Gen.choose (-999, 999))
        (Gen.choose (low, high))

let private polynomials: Gen<Polynomial> =
    gen {
        let! dimensions = Gen.choose (1, 5)
        let exponents = Gen.listOfLength dimensions (Gen.choose (0, 3))
        let! count = Gen.choose (1, 6)
        let! terms = Gen.listOfLength count (Gen.zip (scaled -2 4) exponents)
        let! point = Gen.listOfLength dimensions (scaled -1 2)
        return { Terms = terms; Point = point }
    }

/// Without its powers above 1: the third derivatives are 0.
let private multilinear (polynomial: Polynomial) : Polynomial =
    { polynomial with
        Terms =
            [ for factor, exponents in polynomial.Terms do
                  factor, List.map (min 1) exponents ] }

/// The tensors: a matrix of two rows, if there is an even number of parameters, and a vector.
let private layoutOf (dimensions: int) : Layout =
    if dimensions % 2 = 0 then
        Layout.OfShapes [ "weight", [ 2; dimensions / 2 ] ]
    else
        Layout.OfShapes [ "first", [ 1 ]; "others", [ dimensions - 1 ] ]

let private problem (polynomial: Polynomial) (disturb: int -> float -> float) : OwnProblem =
    let point = List.toArray polynomial.Point

    let evaluate (x: float array) (_: ProblemStep) =
        struct (value polynomial x, Array.init x.Length (fun i -> disturb i (slope polynomial x i)))

    OwnProblem.From("polynomial", layoutOf point.Length, (fun _ -> point), evaluate)

let private precisions = Gen.elements [ TaskPrecision.Double; TaskPrecision.Single ]

let private elements (precision: TaskPrecision) (problem: OwnProblem) = GradientCheck.elements (problem.Prepared "") precision 0 0L None

let private check (precision: TaskPrecision) (problem: OwnProblem) : GradientCheck = problem.CheckGradient(precision = precision)

/// The tensor and the index of a parameter.
let private place (dimensions: int) (index: int) : string * int array =
    if dimensions % 2 = 0 then "weight", [| index / (dimensions / 2); index % (dimensions / 2) |]
    elif index = 0 then "first", [| 0 |]
    else "others", [| index - 1 |]

let tests =
    testList
        "gradient check"
        [ property "every correct gradient of a polynomial is accepted" (Gen.zip polynomials precisions) (fun (polynomial, precision) ->
              let found = check precision (problem polynomial (fun _ g -> g))
              Expect.isTrue found.IsCorrect (string found)
              Expect.equal found.Checked polynomial.Point.Length "all elements"
              found.ThrowIfWrong())

          property
              "a correct gradient of a multilinear polynomial is accepted beside a kink"
              (Gen.zip3 (Gen.map multilinear polynomials) precisions (Gen.zip3 (Gen.choose (0, 4)) (Gen.choose (-300, 300)) (scaled -3 3)))
              (fun (polynomial, precision, (index, steps, height)) ->
                  let index = index % polynomial.Point.Length
                  let unit = if precision = TaskPrecision.Single then Math.Pow(2.0, -24.0) else Math.Pow(2.0, -53.0)

                  let start =
                      if precision = TaskPrecision.Single then
                          float (float32 polynomial.Point[index])
                      else
                          polynomial.Point[index]

                  let corner = start + float steps / 100.0 * Math.Cbrt unit * max 1.0 (abs start)

                  let bent =
                      OwnProblem.From(
                          "bent",
                          layoutOf polynomial.Point.Length,
                          (fun _ -> List.toArray polynomial.Point),
                          fun x _ ->
                              let gradient = Array.init x.Length (slope polynomial x)
                              gradient[index] <- gradient[index] + (if x[index] > corner then height else 0.0)
                              struct (value polynomial x + height * max 0.0 (x[index] - corner), gradient)
                      )

                  let found = check precision bent
                  Expect.isTrue found.IsCorrect (string found))

          property
              "a single element that is wrong by more than twice its tolerance is found"
              (Gen.zip3 polynomials precisions (Gen.choose (0, 4)))
              (fun (polynomial, precision, index) ->
                  let dimensions = polynomial.Point.Length
                  let index = index % dimensions
                  let struct (_, _, tolerance) = (elements precision (problem polynomial (fun _ g -> g)))[index]
                  let error = 2.5 * tolerance + 1e-30
                  let found = check precision (problem polynomial (fun i g -> if i = index then g + error else g))
                  Expect.equal found.Wrong 1 (string found)
                  Expect.equal (found.Tensor, found.Index) (place dimensions index) (string found)
                  Expect.throwsT<InvalidOperationException> found.ThrowIfWrong "an error that names the element")

          property "the tolerance of a polynomial is small" (Gen.zip polynomials precisions) (fun (polynomial, precision) ->
              let point = List.toArray polynomial.Point

              let magnitude =
                  polynomial.Terms
                  |> List.sumBy (fun (factor, exponents) ->
                      value { polynomial with Terms = [ abs factor, exponents ] } (Array.map (abs >> max 1.0) point))

              let steepness = 1.0 + 27.0 * magnitude
              let share = if precision = TaskPrecision.Single then 1e-2 else 1e-8

              for struct (_, _, tolerance) in elements precision (problem polynomial (fun _ g -> g)) do
                  Expect.isLessThan tolerance (share * steepness) "tolerance")

          testCase "a difference that is not a number is wrong" (fun () ->
              let logarithm =
                  OwnProblem.From(
                      "logarithm",
                      Layout.Flat 2,
                      (fun _ -> [| 1.0; 1e-9 |]),
                      fun x _ -> struct (log x[0] + log x[1], [| 1.0 / x[0]; 1.0 / x[1] |])
                  )

              let found = logarithm.CheckGradient()
              Expect.equal (found.Wrong, found.Index) (1, [| 1 |]) (string found)
              Expect.stringContains (string found) "The worst is parameters[1]: 1e+09, and NaN by central differences" "sentence")

          testCase "the gradients of the built-in problems are accepted" (fun () ->
              let noImages = DataReader(fun _ -> invalidOp "A function has no images.")

              for problem in StudyGenerators.functionsByDefault @ [ Quadratic(7, 1e4); Rosenbrock 6 ] do
                  for precision in [ TaskPrecision.Double; TaskPrecision.Single ] do
                      for seed in 1..20 do
                          let found = GradientCheck.run (problem.Prepare("task", noImages)) precision seed 0L None
                          Expect.isTrue found.IsCorrect $"{problem.Kind} {precision}: {found}")

          testCase "a point of another length is refused" (fun () ->
              let bowl = OwnProblem.From("bowl", Layout.Flat 2, (fun _ -> [| 1.0; 2.0 |]), fun x _ -> struct (0.0, x))
              Expect.throwsT<ArgumentException> (fun () -> bowl.CheckGradient(point = [| 1.0 |]) |> ignore) "one of two") ]
