module CuteDl.Core.Tests.LossTests

open System
open System.Numerics
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Networks
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Tests.Generators

let private evaluate (precision: Precision<'T>) loss width (outputs: float array) (targets: float array) =
    let gradient = Array.create outputs.Length (precision.Of nan)

    let value =
        Loss.evaluate loss (ReadOnlySpan(precision.OfAll outputs)) (ReadOnlySpan(precision.OfAll targets)) (Span gradient) width

    value, gradient |> Array.map precision.ToFloat

let private double = evaluate Precision.double

let private logits width = Gen.arrayOfLength width (uniform -8.0 8.0)

let private oneHot width label = Array.init width (fun j -> if j = label then 1.0 else 0.0)

let private values =
    testList
        "values"
        [ testCase "softmax cross-entropy of equal logits is the logarithm of the classes" (fun () ->
              Close.relative 1e-15 (fst (double SoftmaxCrossEntropy 10 (Array.create 10 3.0) (oneHot 10 4))) (log 10.0) "loss")
          testCase "mean squared error is halved" (fun () ->
              let loss, gradient = double MeanSquaredError 2 [| 3.0; 5.0 |] [| 1.0; 1.0 |]
              Expect.equal loss 10.0 "½ (2² + 4²)"
              Expect.equal gradient [| 2.0; 4.0 |] "z − y")
          testCase "binary cross-entropy of a logit 0 is ln 2" (fun () ->
              let loss, gradient = double BinaryCrossEntropy 1 [| 0.0 |] [| 1.0 |]
              Close.relative 1e-15 loss (log 2.0) "loss"
              Expect.equal gradient [| -0.5 |] "σ(z) − y")
          testCase "binary cross-entropy sums over an example's outputs" (fun () ->
              Close.relative 1e-15 (fst (double BinaryCrossEntropy 3 (Array.zeroCreate 3) [| 1.0; 0.0; 1.0 |])) (3.0 * log 2.0) "loss")
          property
              "a batch's loss and gradient are the means of its examples'"
              (Gen.zip (logits 12) (Gen.arrayOfLength 3 (Gen.choose (0, 3))))
              (fun (z, labels) ->
                  let y = labels |> Array.collect (oneHot 4)

                  for loss in Loss.all do
                      let value, gradient = double loss 4 z y
                      let parts = Array.map2 (double loss 4) (Array.chunkBySize 4 z) (Array.chunkBySize 4 y)
                      // All terms are at least 0, so that relative errors do not grow. Each example's loss comes from the same exponentials;
                      // the two ways to add them differ by fewer than 20 roundings.
                      Close.relative (20.0 * Precision.double.Rounding) value (parts |> Array.averageBy fst) $"{loss}"

                      Array.iter2
                          (fun actual part -> Close.relative (4.0 * Precision.double.Rounding) actual (part / 3.0) $"gradient of {loss}")
                          gradient
                          (parts |> Array.collect snd)) ]

let private softmax =
    testList
        "softmax cross-entropy"
        [ property "does not change under a common shift of the logits" (Gen.zip (logits 5) (uniform -1e3 1e3)) (fun (z, shift) ->
              let loss, gradient = double SoftmaxCrossEntropy 5 z (oneHot 5 2)
              let shifted, shiftedGradient = double SoftmaxCrossEntropy 5 (z |> Array.map ((+) shift)) (oneHot 5 2)
              Close.within 1e-11 shifted loss "loss"
              Array.iter2 (fun a b -> Close.within 1e-11 a b "gradient") shiftedGradient gradient)
          property "has the gradient softmax(z) − y, which sums to 0" (logits 5) (fun z ->
              let _, gradient = double SoftmaxCrossEntropy 5 z (oneHot 5 1)
              let sum = z |> Array.sumBy exp
              Array.iteri (fun j g -> Close.within 1e-14 g (exp z[j] / sum - (oneHot 5 1)[j]) $"element {j}") gradient
              Close.within 1e-14 (Array.sum gradient) 0.0 "sum")
          property "is at least the entropy of targets that are distributions" (Gen.zip (logits 4) (logits 4)) (fun (z, t) ->
              let weights = t |> Array.map exp
              let y = weights |> Array.map (fun w -> w / Array.sum weights)
              let entropy = y |> Array.sumBy (fun p -> -p * log p)
              Expect.isTrue (fst (double SoftmaxCrossEntropy 4 z y) >= entropy - 1e-12) "Gibbs' inequality"
              Close.within 1e-13 (fst (double SoftmaxCrossEntropy 4 t y)) entropy "attained by the targets' own logits") ]

/// The loss of an answer that is right by a margin m over each of the other classes: ln(1 + x) with x = (width − 1) e⁻ᵐ, as
/// 2 artanh(x / (2 + x)), which loses no digits of a small x.
let private ofMargin (width: int) (margin: float) : float =
    let x = float (width - 1) * exp -margin
    2.0 * Math.Atanh(x / (2.0 + x))

let private small (precision: Precision<'T>) =
    property
        $"losses of right answers keep their digits however small they are, in {precision.Name}"
        (Gen.zip3 (Gen.choose (2, 12)) (uniform 0.0 80.0) (uniform -8.0 8.0))
        (fun (width, margin, level) ->
            // Whole quarters, so that differences of logits are exact.
            let quarters (value: float) = floor (4.0 * value) / 4.0
            let margin, level = quarters margin, quarters level
            let z = Array.init width (fun j -> if j = 1 then level else level - margin)
            // The exponential and each addition of the other classes has a relative error of a rounding or two.
            let tolerance = float (width + 10) * precision.Rounding

            Close.relative
                tolerance
                (fst (evaluate precision SoftmaxCrossEntropy width z (oneHot width 1)))
                (ofMargin width margin)
                "softmax"

            let one, _ = evaluate precision BinaryCrossEntropy 1 [| margin |] [| 1.0 |]
            Close.relative tolerance one (ofMargin 2 margin) "binary, of class 1"
            let none, _ = evaluate precision BinaryCrossEntropy 1 [| -margin |] [| 0.0 |]
            Close.relative tolerance none (ofMargin 2 margin) "binary, of class 0")

let private stable (precision: Precision<'T>) =
    testCase $"losses and gradients are finite and right at logits of ±10000 in {precision.Name}" (fun () ->
        let check loss outputs targets expected expectedGradient =
            let value, gradient = evaluate precision loss (Array.length outputs) outputs targets
            Close.relative (10.0 * precision.Rounding) value expected $"%A{loss} of %A{outputs}"
            Array.iter2 (fun a b -> Close.within 1e-6 a b $"gradient of {loss}") gradient expectedGradient

        check SoftmaxCrossEntropy [| 1e4; -1e4; 0.0 |] [| 1.0; 0.0; 0.0 |] 0.0 [| 0.0; 0.0; 0.0 |]
        check SoftmaxCrossEntropy [| 1e4; -1e4; 0.0 |] [| 0.0; 1.0; 0.0 |] 2e4 [| 1.0; -1.0; 0.0 |]
        check SoftmaxCrossEntropy [| 1e4; 1e4 |] [| 1.0; 0.0 |] (log 2.0) [| -0.5; 0.5 |]
        check SoftmaxCrossEntropy [| -1e4; -1e4 |] [| 1.0; 0.0 |] (log 2.0) [| -0.5; 0.5 |]
        check BinaryCrossEntropy [| 1e4 |] [| 1.0 |] 0.0 [| 0.0 |]
        check BinaryCrossEntropy [| 1e4 |] [| 0.0 |] 1e4 [| 1.0 |]
        check BinaryCrossEntropy [| -1e4 |] [| 0.0 |] 0.0 [| 0.0 |]
        check BinaryCrossEntropy [| -1e4 |] [| 1.0 |] 1e4 [| -1.0 |])

/// The softmax cross-entropy by a loop over the outputs of one example after another: the order of operations that gives the bits.
let private byExample (width: int) (z: 'T array) (y: 'T array) : float * 'T array when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    let gradient = Array.zeroCreate<'T> z.Length
    let rows = z.Length / width
    let mutable scores = 0.0
    let mutable surplus = 0.0
    let mutable logarithms = 0.0

    // ln(1 + x) as the library computes it.
    let logOnePlus (x: float) =
        match 1.0 + x - 1.0 with
        | rounded when rounded = x -> log (1.0 + x)
        | 0.0 -> x
        | rounded -> log (1.0 + x) * (x / rounded)

    for row in 0 .. rows - 1 do
        let z = z[row * width .. (row + 1) * width - 1]
        let y = y[row * width .. (row + 1) * width - 1]
        let largest = z |> Array.reduce (fun a b -> 'T.MaxNative(a, b))
        let differences = z |> Array.map (fun z -> z - largest)
        let sum (values: 'T array) = values |> Array.fold (fun sum value -> sum + value) 'T.Zero

        let score =
            match Array.map2 (fun (y: 'T) difference -> y * difference) y differences |> sum with
            | score when 'T.IsNaN score ->
                Array.zip y differences
                |> Array.filter (fun (y, _) -> not ('T.IsZero y))
                |> Array.map (fun (y, difference) -> y * difference)
                |> sum
            | score -> score

        scores <- scores - Double.CreateTruncating score
        Exponential.apply (Span differences)
        let all, weight = sum differences, sum y

        let rest =
            if 'T.op_LessThan (all, 'T.CreateTruncating 1.5) then
                let first = differences |> Array.tryFindIndex (fun e -> 'T.op_Equality (e, 'T.One))

                differences
                |> Array.indexed
                |> Array.filter (fun (j, _) -> Some j <> first)
                |> Array.map snd
                |> sum
                |> Double.CreateTruncating
            else
                Double.CreateTruncating all - 1.0

        if 'T.op_Equality (weight, 'T.One) then
            surplus <- surplus + (rest + surplus * rest)

            if surplus > 1e200 then
                logarithms <- logarithms + logOnePlus surplus
                surplus <- 0.0
        else
            logarithms <- logarithms + Double.CreateTruncating weight * logOnePlus rest

        for j in 0 .. width - 1 do
            gradient[row * width + j] <- (differences[j] * (weight / all) - y[j]) * 'T.CreateTruncating(1.0 / float rows)

    (scores + (logarithms + logOnePlus surplus)) / float rows, gradient

let private softmaxCases =
    gen {
        let! width = Gen.choose (1, 21)
        // Around the number of lanes, and enough for a product of sums that would overflow.
        let! rows = Gen.frequency [ 8, Gen.choose (1, 19); 1, Gen.constant 400 ]

        let logit =
            Gen.frequency
                [ 20, uniform -8.0 8.0
                  5, Gen.elements [ 0.0; -0.0; 3.0; -3.0 ]
                  1, Gen.elements [ 200.0; -200.0; -infinity ] ]

        let! z = Gen.arrayOfLength (rows * width) logit
        // Not a number in some cases, so that it does not hide the other examples.
        let! hasNaN = Gen.frequency [ 9, Gen.constant false; 1, Gen.constant true ]

        let! targets =
            Gen.arrayOfLength
                rows
                (Gen.frequency
                    [ 3, Gen.choose (0, width - 1) |> Gen.map (oneHot width)
                      1, Gen.arrayOfLength width (Gen.elements [ 0.0; 0.25; 0.5 ]) ])

        if hasNaN then
            z[z.Length / 2] <- nan

        return width, z, Array.concat targets
    }

let private bits (precision: Precision<'T>) =
    property $"softmax cross-entropy has the bits of a loop over each example in {precision.Name}" softmaxCases (fun (width, z, y) ->
        let z, y = precision.OfAll z, precision.OfAll y
        let gradient = Array.create z.Length (precision.Of 777.0)
        let expected, expectedGradient = byExample width z y
        let actual = Loss.evaluate SoftmaxCrossEntropy (ReadOnlySpan z) (ReadOnlySpan y) (Span gradient) width
        Precision.expectSameBits precision gradient expectedGradient "gradient"
        Precision.expectSameBits Precision.double [| actual |] [| expected |] "loss")

let private sure =
    testCase "an answer whose wrong logits are −∞ costs nothing" (fun () ->
        let loss, gradient = double SoftmaxCrossEntropy 3 [| -infinity; 2.0; -infinity |] (oneHot 3 1)
        Expect.equal loss 0.0 "loss"
        Expect.equal gradient [| 0.0; 0.0; 0.0 |] "gradient")

let private ofErrors =
    testList
        "losses of errors"
        [ testCase "mean absolute error is the sum of the distances" (fun () ->
              let loss, gradient = double MeanAbsoluteError 3 [| 3.0; 5.0; 1.0 |] [| 1.0; 6.5; 1.0 |]
              Expect.equal loss 3.5 "2 + 1.5"
              Expect.equal gradient [| 1.0; -1.0; 0.0 |] "signs")
          testCase "a Huber loss is quadratic up to its transition, and linear from there on" (fun () ->
              let loss, gradient = double (Huber 2.0) 3 [| 1.0; 2.0; -5.0 |] [| 0.0; 0.0; 0.0 |]
              Expect.equal loss (0.5 + 2.0 + 8.0) "½ 1² + ½ 2² + 2 (5 − 1)"
              Expect.equal gradient [| 1.0; 2.0; -2.0 |] "limited"
              Expect.equal (string (Huber 2.5)) "huber(2.5)" "name"

              for delta in [ 0.0; -1.0; nan; infinity ] do
                  Expect.throwsT<ArgumentOutOfRangeException>
                      (fun () -> Model.create 1 [ Dense(1, Linear) ] (Huber delta) |> ignore)
                      $"a transition of {delta}")
          testCase "NaN stays NaN" (fun () ->
              for loss in [ MeanAbsoluteError; Huber 1.0 ] do
                  let value, gradient = double loss 1 [| nan |] [| 1.0 |]
                  Expect.isTrue (Double.IsNaN value && Double.IsNaN gradient[0]) $"{loss}") ]

let private halfSquares =
    Loss.Of(
        "half-squares",
        fun outputs targets gradient ->
            let mutable sum = 0.0

            for i in 0 .. outputs.Length - 1 do
                gradient[i] <- outputs[i] - targets[i]
                sum <- sum + gradient[i] * gradient[i]

            0.5 * sum
    )

let private own (precision: Precision<'T>) =
    property
        $"a loss of one's own gives what the library's loss of the same formula gives, in {precision.Name}"
        (Gen.zip (Gen.arrayOfLength 12 dyadic) (Gen.arrayOfLength 12 dyadic))
        (fun (z, y) ->
            // Of dyadic numbers, all sums are exact.
            Expect.equal (evaluate precision halfSquares 4 z y) (evaluate precision MeanSquaredError 4 z y) "loss and gradient")

let private ownNames =
    testCase "a loss of one's own has a name, which identifies it" (fun () ->
        Expect.equal (string halfSquares) "half-squares" "text"
        Expect.equal halfSquares (Loss.Of("half-squares", fun _ _ _ -> 0.0)) "another function"
        Expect.notEqual halfSquares (Loss.Of("squares", fun _ _ _ -> 0.0)) "another name"

        for name in [ ""; "Squares"; "2d"; "a b"; "a-b."; "huber"; "mean-squared-error" ] do
            Expect.throwsT<ArgumentException> (fun () -> Loss.Of(name, fun _ _ _ -> 0.0) |> ignore) $"'{name}'")

let private texts =
    testList
        "text forms"
        [ property
              "are read as the loss that they are of"
              (Gen.oneof
                  [ Gen.elements (halfSquares :: Loss.all)
                    Gen.choose (1, 100_000) |> Gen.map (fun thousandths -> Huber(float thousandths / 1000.0)) ])
              (fun loss ->
                  let own = [ CuteDl.Core.Networks.OwnLoss("half-squares", fun _ _ _ -> 0.0) ]
                  Expect.equal (Loss.tryParse own (string loss)) (Some loss) $"{loss}")

          testCase "are of no loss without its name and transition" (fun () ->
              for text in
                  [ ""
                    "half-squares"
                    "huber"
                    "huber(0)"
                    "huber(-1)"
                    "huber(inf)"
                    "huber(1, 2)"
                    "huber(delta=1)"
                    "huber(1"
                    "mean-squared-error(1)" ] do
                  Expect.isNone (Loss.tryParse [] text) $"'{text}'") ]

let tests =
    testList
        "losses"
        [ values
          texts
          ofErrors
          own Precision.single
          own Precision.double
          ownNames
          softmax
          bits Precision.single
          bits Precision.double
          small Precision.single
          small Precision.double
          stable Precision.single
          stable Precision.double
          sure
          testCase "are named in lower case with hyphens" (fun () ->
              let names =
                  [ "softmax-cross-entropy"
                    "mean-squared-error"
                    "binary-cross-entropy"
                    "mean-absolute-error"
                    "huber(1)" ]

              Expect.equal (Loss.all |> List.map string) names "names") ]
