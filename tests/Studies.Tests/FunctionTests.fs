/// The functions of the library, as problems of studies.
module CuteDl.Studies.Tests.FunctionTests

open System
open Expecto
open FsCheck
open FsCheck.FSharp
open CuteDl.Testing
open CuteDl.Core.Training
open CuteDl.Studies
open CuteDl.Studies.Tests.StudyGenerators

let private workload (problem: IProblem) (seed: int) : IWorkload<float> =
    problem.Prepare("task", DataReader(fun _ -> invalidOp "A function has no images.")).Start<float>(seed).Workload

/// Loss and gradient of a step, and the validation loss.
let private at (workload: IWorkload<float>) (step: int64) (point: float array) =
    point.CopyTo workload.Parameters
    let loss = workload.Train step
    let gradient = workload.Gradient.ToArray()

    match workload.Validate Threading.CancellationToken.None with
    | ValueSome(struct (validated, _)) -> loss, gradient, validated.Loss
    | ValueNone -> failtest "not validated"

/// So few that equal ones are frequent.
let private few: Gen<IProblem> =
    let number = Gen.choose (1, 2)

    Gen.oneof
        [ Gen.map2 (fun dimensions condition -> Quadratic(dimensions, float condition) :> IProblem) number number
          Gen.map (fun pairs -> Rosenbrock(2 * pairs) :> IProblem) number
          Gen.map2 (fun dimensions examples -> LogisticRegression(dimensions, 1 + examples) :> IProblem) number number
          Gen.map3 (fun dimensions condition batch -> NoisyQuadratic(dimensions, float condition, batch) :> IProblem) number number number ]

let private noisy =
    gen {
        let! dimensions = Gen.choose (1, 8)
        let! condition = Gen.choose (1, 1000)
        let! batch = Gen.choose (1, 100)
        let! seed = Gen.choose (0, 1000)
        let! step = Gen.choose (0, 100_000)

        let! point =
            Gen.arrayOfLength dimensions (Gen.choose (-1000, 1000) |> Gen.map (fun x -> float x / 100.0))

        return float condition, batch, seed, int64 step, point
    }

let tests =
    testList
        "functions"
        [ testCase "every function of the library is a kind of study files" (fun () ->
              let types =
                  typeof<FunctionProblem>.Assembly.GetTypes()
                  |> Array.filter (fun t -> t.IsSubclassOf typeof<FunctionProblem>)

              Expect.equal (functionsByDefault |> List.map _.GetType() |> List.length) types.Length "kinds"
              Expect.containsAll (functionsByDefault |> List.map _.GetType()) types "types"

              for problem, kind in List.zip functionsByDefault FunctionKinds.all do
                  Expect.equal problem.Kind kind.Word "word"
                  Expect.isTrue (StudyRegistry.IsBuiltIn kind.Word) "no other problem can have this name")

          property "functions are equal if their kinds and numbers are" (Gen.zip few few) (fun (one, other) ->
              let text (problem: IProblem) = string problem
              Expect.equal (one = other) (text one = text other) "equality"

              if one = other then
                  Expect.equal (hash one) (hash other) "hash")

          testCase "numbers that no file can have are refused" (fun () ->
              let refuses (name: string) (make: unit -> FunctionProblem) =
                  try
                      make () |> ignore
                      failtest "not refused"
                  with :? ArgumentOutOfRangeException as error ->
                      Expect.equal error.ParamName name error.Message

              refuses "dimensions" (fun () -> Quadratic(0, 10.0))
              refuses "condition" (fun () -> Quadratic(2, 0.9))
              refuses "condition" (fun () -> Quadratic(2, infinity))
              refuses "dimensions" (fun () -> Rosenbrock 3)
              refuses "dimensions" (fun () -> Rosenbrock 0)
              refuses "examples" (fun () -> LogisticRegression(2, 1))
              refuses "batch" (fun () -> NoisyQuadratic(2, 10.0, 0)))

          property
              "the noise of a noisy quadratic is a linear function, and validations are without it"
              noisy
              (fun (condition, batch, seed, step, point) ->
                  let exact, exactGradient, _ = at (workload (Quadratic(point.Length, condition)) seed) step point
                  let problem = workload (NoisyQuadratic(point.Length, condition, batch)) seed
                  let loss, gradient, validated = at problem step point
                  let noise = Array.map2 (-) gradient exactGradient
                  let linear = Array.map2 (*) noise point |> Array.sum
                  let scale = 1.0 + exact + (Array.map2 (fun a b -> abs (a * b)) noise point |> Array.sum)
                  Expect.isLessThan (abs (loss - exact - linear)) (1e-12 * scale) "loss"
                  Expect.equal validated exact "validation"
                  let again, gradientAgain, _ = at problem step point
                  Expect.equal (again, gradientAgain) (loss, gradient) "the same at the same step"
                  let _, next, _ = at problem (step + 1L) point
                  Expect.notEqual next gradient "other noise at the next step")

          testCase "the noise of a noisy quadratic has mean 0 and the variance λ / batch, without correlations" (fun () ->
              let batch, steps = 4, 4000
              let problem = workload (NoisyQuadratic(3, 100.0, batch)) 7
              let zero = Array.zeroCreate 3

              // At 0 the gradient is the noise. λ is 1, 10 and 100.
              let noise =
                  [| for step in 0L .. int64 steps - 1L ->
                         let _, gradient, _ = at problem step zero
                         Array.mapi (fun i g -> g / sqrt (Math.Pow(10.0, float i) / float batch)) gradient |]

              let error = 4.0 / sqrt (float steps)

              for i in 0..2 do
                  Expect.isLessThan (abs (noise |> Array.averageBy (fun z -> z[i]))) error $"mean {i}"
                  Expect.isLessThan (abs (noise |> Array.averageBy (fun z -> z[i] * z[i] - 1.0))) (sqrt 2.0 * error) $"variance {i}"
                  Expect.isLessThan (abs (noise |> Array.averageBy (fun z -> z[i] * z[(i + 1) % 3]))) error $"correlation {i}"

              let following = noise |> Array.pairwise |> Array.averageBy (fun (one, next) -> one[0] * next[0])
              Expect.isLessThan (abs following) error "steps") ]
