/// Inputs with the mean 0 and the deviation 1.
module CuteDl.Core.Tests.StandardizationTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Tests.Generators

/// Columns of any location and scale; some are constant.
let private columns =
    let column count =
        gen {
            let! scale = logUniform 1e-150 1e150
            let! location = Gen.oneof [ Gen.constant 0.0; signed (logUniform 1e-3 1e6) ]
            let! isConstant = Gen.frequency [ 5, Gen.constant false; 1, Gen.constant true ]
            let! values = Gen.arrayOfLength count (uniform -1.0 1.0)
            return values |> Array.map (fun value -> scale * (location + (if isConstant then 0.0 else value)))
        }

    gen {
        let! count = Gen.choose (1, 60)
        let! width = Gen.choose (1, 5)
        return! Gen.arrayOfLength width (column count)
    }

let private setOf (columns: float array array) : DataSet =
    let rows = columns |> Array.transpose |> Array.concat
    DataSet(TensorShape.Flat columns.Length, Features.Doubles rows, Targets.Values(1, Array.zeroCreate columns[0].Length))

/// The mean and the variance of numbers of moderate size, computed from multiples of 2⁻¹⁰⁰ without rounding.
let private meanAndVariance (values: float array) : struct (float * float) =
    let fixedPoint = values |> Array.map (fun value -> bigint (Math.ScaleB(value, 100)))
    let count = bigint values.Length
    let sum = Array.sum fixedPoint
    let squares = fixedPoint |> Array.sumBy (fun value -> bigint.Pow(value * count - sum, 2))
    struct (Math.ScaleB(float sum, -100) / float count, Math.ScaleB(float (squares / bigint.Pow(count, 3)), -200))

let tests =
    testList
        "standardisation"
        [ propertyWith (Share.OneIn(4, "exact arithmetic")) "training columns have mean 0 and deviation 1" columns (fun columns ->
              let set = setOf columns
              let fitted = Standardization.fit set

              columns
              |> Array.iteri (fun i column ->
                  let values = column |> Array.map (fun value -> fitted.Of(i, value))

                  if Array.min column = Array.max column then
                      Expect.all values ((=) 0.0) "a constant"
                      Expect.equal fitted.Deviations[i] 1.0 "deviation of a constant"
                  else
                      let struct (mean, variance) = meanAndVariance values
                      // The fitted mean is off by a few roundings of the largest input, in units of the deviation. Each value and the
                      // deviation have a few roundings of their own.
                      let largest = column |> Array.map abs |> Array.max
                      let u = Math.ScaleB(1.0, -53)
                      let tolerance = u * (4.0 * largest / fitted.Deviations[i] + 8.0 * sqrt (float column.Length))
                      Expect.isLessThanOrEqual (abs mean) tolerance $"mean of column {i}"
                      Expect.isLessThanOrEqual (abs (sqrt variance - 1.0)) tolerance $"deviation of column {i}"))
          property "a batch has the values rounded once" columns (fun columns ->
              let set = setOf columns
              let fitted = Standardization.fit set
              let inputs: float32 array = Array.zeroCreate (set.Count * set.Width)
              let order = [| 0 .. set.Count - 1 |]
              Batches.fill (Some fitted) set 1 (ReadOnlySpan order) (Span inputs) (Span(Array.zeroCreate<float32> set.Count))

              inputs
              |> Array.iteri (fun i value ->
                  let row, column = i / set.Width, i % set.Width
                  Expect.equal value (float32 (fitted.Of(column, columns[column][row]))) $"row {row}, column {column}"))
          property "bytes are standardised as value / 255" (bytes 1 40) (fun values ->
              let labels = Array.zeroCreate values.Length
              let numbers = values |> Array.map (fun value -> float value / 255.0)
              let ofBytes = Standardization.fit (DataSet(1, values, labels, 1))
              let ofNumbers = Standardization.fit (setOf [| numbers |])
              Expect.equal (ofBytes.Means, ofBytes.Deviations) (ofNumbers.Means, ofNumbers.Deviations) "fitted")
          property "other parts do not change the standardisation" columns (fun columns ->
              let training = setOf columns
              let other = setOf (columns |> Array.map (Array.map (fun value -> 3.0 * value + 1.0)))

              let parts =
                  { DataParts.create training (Some other) with Validation = Some other; IsStandardized = true }

              let expected = Standardization.fit training

              for sets in [ DataParts.given parts; DataParts.testAsValidation parts ] do
                  let fitted = sets.Standardization.Value
                  Expect.equal (fitted.Means, fitted.Deviations) (expected.Means, expected.Deviations) "fitted")
          property "a hold-out does not change the standardisation" columns (fun columns ->
              let set = setOf columns

              if set.Count > 1 then
                  let parts = { DataParts.create set None with IsStandardized = true }
                  let sets = DataParts.holdOut (set.Count / 2) 3 parts
                  let fitted, expected = sets.Standardization.Value, Standardization.fit sets.Training
                  Expect.equal (fitted.Means, fitted.Deviations) (expected.Means, expected.Deviations) "fitted")
          testCase "numbers agree with the fractions of Python" (fun () ->
              let fitted = Standardization.fit (setOf [| [| 1.0; 2.5; 7.0 |]; [| -2.0; 4.0; 1e-3 |] |])
              Close.relative 1e-15 fitted.Means[0] 3.5 "mean"
              Close.relative 1e-15 fitted.Means[1] 0.667 "mean"
              Close.relative 1e-15 fitted.Deviations[0] 2.5495097567963922 "deviation"
              Close.relative 1e-15 fitted.Deviations[1] 2.49434921372289 "deviation")
          testCase "numbers that are none are refused" (fun () ->
              for means, deviations, text in
                  [ [| 0.0 |], [| 0.0 |], "deviation of input 0 is 0"
                    [| 0.0; nan |], [| 1.0; 1.0 |], "mean of input 1 is NaN"
                    [| 0.0 |], [| infinity |], "deviation of input 0"
                    [| 0.0 |], [| 1.0; 1.0 |], "1 means and 2 deviations"
                    [||], [||], "0 means" ] do
                  Expect.throwsC (fun () -> Standardization(means, deviations) |> ignore) (fun error ->
                      Expect.stringContains error.Message text "message")) ]
