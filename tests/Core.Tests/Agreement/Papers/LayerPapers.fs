/// Rules that measure each tensor as a whole: layer-wise rates, and those for matrices.
module CuteDl.Core.Tests.LayerPapers

open CuteDl.Core.Tests.Paper

/// You, Gitman & Ginsburg 2017, algorithm 1 and eq. 6. Where a norm is 0 the rate is not scaled.
let lars (lr: float) (momentum: float) (decay: float) (trust: float) (epsilon: float) =
    let name =
        text
            "lars"
            [ number "lr" lr
              number "momentum" momentum
              number "weight_decay" decay
              number "trust" trust
              number "eps" epsilon ]

    perTensor name (fun w -> Array.map (fun _ -> 0.0) w.Values) (fun _ { Values = w } g v ->
        let size = norm g + decay * norm w
        let ratio = if norm w = 0.0 || size = 0.0 then 1.0 else trust * norm w / (size + epsilon)
        let v = Array.map3 (fun w g v -> momentum * v + lr * ratio * (g + decay * w)) w g v
        v, v)

/// You et al. 2020, algorithm 2, with φ the identity. Where a norm is 0 the rate is not scaled.
let lamb (lr: float) (beta1: float) (beta2: float) (epsilon: float) (decay: float) =
    let name =
        text
            "lamb"
            [ number "lr" lr
              number "beta1" beta1
              number "beta2" beta2
              number "eps" epsilon
              number "weight_decay" decay ]

    let zeros (w: Tensor) = Array.map (fun _ -> 0.0) w.Values

    perTensor name (fun w -> zeros w, zeros w) (fun t { Values = w } g (m, v) ->
        let m = Array.map2 (fun m g -> beta1 * m + (1.0 - beta1) * g) m g
        let v = Array.map2 (fun v g -> beta2 * v + (1.0 - beta2) * g * g) v g

        let r =
            Array.map3
                (fun w m v ->
                    let mHat = m / (1.0 - beta1 ** float t)
                    let vHat = v / (1.0 - beta2 ** float t)
                    (mHat |> over (sqrt vHat + epsilon)) + decay * w)
                w
                m
                v

        let ratio = if norm w = 0.0 || norm r = 0.0 then 1.0 else norm w / norm r
        Array.map (fun r -> lr * ratio * r) r, (m, v))

/// Ginsburg et al. 2019, algorithm 1.
let novograd (lr: float) (beta1: float) (beta2: float) (epsilon: float) (decay: float) =
    let name =
        text
            "novograd"
            [ number "lr" lr
              number "beta1" beta1
              number "beta2" beta2
              number "eps" epsilon
              number "weight_decay" decay ]

    perTensor name (fun w -> Array.map (fun _ -> 0.0) w.Values, 0.0) (fun t { Values = w } g (m, v) ->
        let v = if t = 1 then dot g g else beta2 * v + (1.0 - beta2) * dot g g
        let m = Array.map3 (fun w g m -> beta1 * m + ((g |> over (sqrt v + epsilon)) + decay * w)) w g m
        Array.map (fun m -> lr * m) m, (m, v))

let private matrixOf (rows: int) (columns: int) (values: float array) = Array2D.init rows columns (fun i j -> values[i * columns + j])

let private transposed (a: float[,]) = Array2D.init (Array2D.length2 a) (Array2D.length1 a) (fun i j -> a[j, i])

let private times (a: float[,]) (b: float[,]) =
    Array2D.init (Array2D.length1 a) (Array2D.length2 b) (fun i j ->
        let mutable sum = 0.0

        for k in 0 .. Array2D.length2 a - 1 do
            sum <- sum + a[i, k] * b[k, j]

        sum)

let private combine (f: float -> float -> float) (a: float[,]) (b: float[,]) = a |> Array2D.mapi (fun i j x -> f x b[i, j])

/// Jordan et al. 2024: five-term Newton-Schulz steps towards the nearest matrix with orthonormal rows or columns.
let private orthogonalized (iterations: int) (matrix: float[,]) =
    let a, b, c = 3.4445, -4.7750, 2.0315
    let wide = Array2D.length1 matrix <= Array2D.length2 matrix
    let mutable x = if wide then matrix else transposed matrix
    let size = norm (Seq.cast<float> x |> Array.ofSeq)
    x <- x |> Array2D.map (fun x -> x / (size + 1e-7))

    for _ in 1..iterations do
        let square = times x (transposed x)
        let polynomial = combine (fun p q -> b * p + c * q) square (times square square)
        x <- combine (fun p q -> a * p + q) x (times polynomial x)

    if wide then x else transposed x

/// Jordan et al. 2024, "Muon". The authors' matrices are outputs × inputs, ours inputs × outputs: the scale is the root of outputs
/// over inputs, where that is over 1. For tensors that are not matrices there is no such rule.
let muon (lr: float) (momentum: float) (nesterov: bool) (iterations: int) (decay: float) =
    let name =
        text
            "muon"
            [ number "lr" lr
              number "momentum" momentum
              flag "nesterov" nesterov
              number "iterations" (float iterations)
              number "weight_decay" decay ]

    perTensor name (fun w -> Array.map (fun _ -> 0.0) w.Values) (fun _ w g m ->
        match w.Shape with
        | [ inputs; outputs ] ->
            let m = Array.map2 (fun m g -> momentum * m + (1.0 - momentum) * g) m g
            let update = if nesterov then Array.map2 (fun m g -> (1.0 - momentum) * g + momentum * m) m g else m
            let direction = orthogonalized iterations (matrixOf inputs outputs update)
            let scale = sqrt (max 1.0 (float outputs / float inputs))
            Array.map2 (fun w o -> lr * scale * o + lr * decay * w) w.Values (Seq.cast<float> direction |> Array.ofSeq), m
        | shape -> invalidArg "parameters" $"Muon is for matrices; {shape} is none.")

/// Shazeer & Stern 2018, algorithms 4 (matrices) and 5 (vectors), with the hyper-parameters of algorithm 6.
let adafactor (lr: float) (exponent: float) (epsilon1: float) (epsilon2: float) (clip: float) =
    let name =
        text
            "adafactor"
            [ number "lr" lr
              number "exponent" exponent
              number "eps1" epsilon1
              number "eps2" epsilon2
              number "clip" clip ]

    let meanSquareRoot (values: float array) = norm values / sqrt (float values.Length)
    let mean (beta: float) = Array.map2 (fun before now -> beta * before + (1.0 - beta) * now)

    // Rows and columns of a matrix; a vector is all rows.
    let start (w: Tensor) =
        match w.Shape with
        | [ rows; columns ] -> Array.zeroCreate rows, Array.zeroCreate columns
        | _ -> Array.zeroCreate w.Values.Length, [||]

    perTensor name start (fun t w g (r, c) ->
        let rate = min lr (1.0 / sqrt (float t)) * max epsilon2 (meanSquareRoot w.Values)
        let beta = 1.0 - float t ** -exponent
        let squares = g |> Array.map (fun g -> g * g + epsilon1)

        let v, state =
            match w.Shape with
            | [ rows; columns ] ->
                let r =
                    mean beta r [| for i in 0 .. rows - 1 -> Array.sum squares[i * columns .. (i + 1) * columns - 1] |]

                let c =
                    mean beta c [| for j in 0 .. columns - 1 -> Array.sum [| for i in 0 .. rows - 1 -> squares[i * columns + j] |] |]

                [| for r' in r do
                       for c' in c -> r' * c' / Array.sum r |],
                (r, c)
            | _ ->
                let r = mean beta r squares
                r, (r, c)

        let u = Array.map2 (fun g v -> g |> over (sqrt v)) g v
        let excess = max 1.0 (meanSquareRoot u / clip)
        Array.map (fun u -> rate * u / excess) u, state)
