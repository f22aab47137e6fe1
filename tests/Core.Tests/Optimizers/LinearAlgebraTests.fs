/// Steps over vectors and matrices of Math.NET Numerics: the same as over arrays.
module CuteDl.Core.Tests.LinearAlgebraTests

open System
open Expecto
open FsCheck.FSharp
open MathNet.Numerics.LinearAlgebra
open CuteDl.Core.Optimizers
open CuteDl.Testing

let private optimizers =
    List.map Expression.parse [ "adam"; "adamw(lr=0.1)"; "clip_norm(1) | momentum(lr=0.1)"; "adafactor"; "muon"; "lamb" ]

let private cases =
    gen {
        let! optimizer = Gen.elements optimizers
        let! rows, columns = Gen.zip (Gen.choose (1, 5)) (Gen.choose (1, 5))
        let! values = Gen.arrayOfLength (3 * rows * columns) (Gen.choose (-100, 100))
        return optimizer, rows, columns, values |> Array.map (fun value -> float value / 16.0) |> Array.chunkBySize (rows * columns)
    }

let tests =
    testList
        "linear algebra"
        [ property "a step for matrices is that for their rows" cases (fun (optimizer, rows, columns, values) ->
              let matrix (values: float array) = Matrix<float>.Build.DenseOfRowMajor(rows, columns, values)
              let start = LinearAlgebra.initMatrix<float> optimizer rows columns
              let first, _ = Optimizer.stepAt optimizer start values[0] values[1]
              let expected, delta = Optimizer.stepAt optimizer first values[0] values[2]
              let next, _ = LinearAlgebra.stepMatrixAt optimizer start (matrix values[0]) (matrix values[1])
              let next, ofMatrix = LinearAlgebra.stepMatrixAt optimizer next (matrix values[0]) (matrix values[2])
              Expect.equal next expected "state"
              Expect.equal (ofMatrix.ToRowMajorArray()) delta "Δ")
          property "a step for vectors is that for their arrays, and changes no argument" cases (fun (_, _, _, values) ->
              let optimizer = Expression.parse "adamw(lr=0.1)"
              let start = Optimizer.init<float> optimizer values[0].Length
              let vectors = [| for row in values -> Vector<float>.Build.DenseOfArray row |]
              let expected = Optimizer.stepAt optimizer start values[0] values[1]
              let next, delta = LinearAlgebra.stepVectorAt optimizer start vectors[0] vectors[1]
              Expect.equal (next, delta.ToArray()) expected "step at parameters"
              Expect.equal [| for vector in vectors -> vector.ToArray() |] values "arguments"
              let momentum = Expression.parse "momentum"
              let start = Optimizer.init<float> momentum values[0].Length
              let next, delta = LinearAlgebra.stepVector momentum start vectors[1]
              Expect.equal (next, delta.ToArray()) (Optimizer.step momentum start values[1]) "step")
          testCase "sparse vectors and matrices are read as dense ones" (fun () ->
              let adam = Expression.parse "adam"
              let sparse = Vector<float>.Build.SparseOfArray [| 0.0; 1.0; 0.0 |]
              let _, delta = LinearAlgebra.stepVector adam (Optimizer.init<float> adam 3) sparse
              let _, expected = Optimizer.step adam (Optimizer.init<float> adam 3) [| 0.0; 1.0; 0.0 |]
              Expect.equal (delta.ToArray()) expected "Δ")
          testCase "another shape is refused" (fun () ->
              let adam = Expression.parse "adam"
              let state = LinearAlgebra.initMatrix<float> adam 2 3

              let message =
                  try
                      LinearAlgebra.stepMatrix adam state (Matrix<float>.Build.Dense(3, 2)) |> ignore
                      ""
                  with :? ArgumentException as error ->
                      error.Message

              Expect.stringContains message "The gradient is a matrix of 3 × 2, but the state is for [2, 3]." "message"
              Expect.throwsT<ArgumentOutOfRangeException> (fun () -> LinearAlgebra.initMatrix<float> adam 0 3 |> ignore) "no rows") ]
