/// What is done to gradients before a rule, to deltas after it, and to parameters beside it.
module CuteDl.Core.Tests.TransformationPapers

open CuteDl.Core.Tests.Paper

/// Between the members of a chain in its text form.
let private chained (first: string) (second: string) = $"{first} > {second}"

/// The gradients, changed in view of the parameters, go to the rule.
let private before name (change: Tensor list -> Tensor list -> Tensor list) (inner: Reference) : Reference =
    { Name = chained name inner.Name; Step = fun t ws gs -> inner.Step t ws (change ws gs) }

let private eachTensor (change: Tensor -> Tensor -> float array) (ws: Tensor list) (gs: Tensor list) =
    List.map2 (fun w g -> { g with Values = change w g }) ws gs

let private eachElement (change: float -> float -> float) = eachTensor (fun w g -> Array.map2 change w.Values g.Values)

let clipValue (limit: float) =
    before (text "clip_value" [ number "limit" limit ]) (eachElement (fun _ g -> min limit (max -limit g)))

/// Shortened to the limit, if longer.
let private shortened (limit: float) (length: float) (g: float) = if length > limit then g * limit / length else g

/// Pascanu, Mikolov & Bengio 2013, algorithm 1, tensor by tensor.
let clipNorm (limit: float) =
    before (text "clip_norm" [ number "limit" limit ]) (eachTensor (fun _ g -> Array.map (shortened limit (norm g.Values)) g.Values))

/// Pascanu, Mikolov & Bengio 2013, algorithm 1, over all tensors.
let clipGlobalNorm (limit: float) =
    before (text "clip_global_norm" [ number "limit" limit ]) (fun ws gs ->
        let length = norm (gs |> List.map _.Values |> Array.concat)
        eachElement (fun _ -> shortened limit length) ws gs)

/// Which unit of the layer each element belongs to: a matrix of inputs × units has one a column, a vector is one.
let private unitOf (tensor: Tensor) (i: int) =
    match tensor.Shape with
    | [ _; units ] -> i % units
    | _ -> 0

/// f of the elements of each element's unit.
let private ofUnit (f: float array -> float) (tensor: Tensor) : float array =
    let units =
        tensor.Values
        |> Array.indexed
        |> Array.groupBy (fun (i, _) -> unitOf tensor i)
        |> Array.map (fun (unit, members) -> unit, f (Array.map snd members))
        |> Map

    tensor.Values |> Array.mapi (fun i _ -> units[unitOf tensor i])

/// Brock et al. 2021, eq. 3: no unit's gradient longer than this ratio of its weights.
let clipAdaptive (ratio: float) (epsilon: float) =
    before
        (text "clip_adaptive" [ number "ratio" ratio; number "eps" epsilon ])
        (eachTensor (fun w g ->
            Array.map3 (fun w length g -> shortened (ratio * max w epsilon) length g) (ofUnit norm w) (ofUnit norm g) g.Values))

/// Yong et al. 2020, eq. 1: matrices without each unit's mean.
let centralize: Reference -> Reference =
    before
        (text "centralize" [])
        (eachTensor (fun _ g ->
            match g.Shape with
            | [ _; _ ] -> Array.map2 (-) g.Values (ofUnit Array.average g)
            | _ -> g.Values))

/// L2: the gradient of ½ λ w² is added.
let l2 (factor: float) =
    before (text "l2" [ number "factor" factor ]) (eachElement (fun w g -> g + factor * w))

/// The gradient of λ |w| is added.
let l1 (factor: float) =
    before (text "l1" [ number "factor" factor ]) (eachElement (fun w g -> g + factor * sign w))

let scale (factor: float) =
    before (text "scale" [ number "factor" factor ]) (eachElement (fun _ g -> factor * g))

/// Uphill: the rule and its decays are handed the gradient of what is to be made small.
let maximize: Reference -> Reference = before (text "maximize" []) (eachElement (fun _ g -> -g))

/// Loshchilov & Hutter 2019, eq. 1: λ w beside the rule's delta. With the rate: give λ times the rate.
let decoupled (factor: float) (inner: Reference) : Reference =
    { Name = chained inner.Name (text "decoupled" [ number "factor" factor ])
      Step =
        fun t ws gs ->
            List.map2
                (fun w next -> { w with Values = Array.map2 (fun w next -> next - factor * w) w.Values next.Values })
                ws
                (inner.Step t ws gs) }

/// Shazeer & Stern 2018, section 6: a step whose root mean square, before the rate, is above the limit is shortened to it.
let clipUpdateRms (limit: float) (rate: float) (inner: Reference) : Reference =
    { Name = chained inner.Name (text "clip_update_rms" [ number "limit" limit ])
      Step =
        fun t ws gs ->
            List.map2
                (fun w next ->
                    let step = Array.map2 (-) w.Values next.Values
                    let size = sqrt (dot step step / float step.Length) / rate
                    { w with Values = Array.map2 (fun w d -> w - d / max 1.0 (size / limit)) w.Values step })
                ws
                (inner.Step t ws gs) }

/// Every k steps the rule takes one with the mean of their gradients.
let accumulate (k: int) (inner: Reference) : Reference =
    let mutable gathered: Tensor list list = []

    { Name = chained (text "accumulate" [ number "k" (float k) ]) inner.Name
      Step =
        fun t ws gs ->
            gathered <- gs :: gathered

            if t % k <> 0 then
                ws
            else
                let mean =
                    List.rev gathered
                    |> List.reduce (List.map2 (fun a b -> { a with Values = Array.map2 (+) a.Values b.Values }))
                    |> List.map (fun sum -> { sum with Values = sum.Values |> Array.map (fun g -> g / float k) })

                gathered <- []
                inner.Step (t / k) ws mean }

/// Zhang et al. 2019, algorithm 1: every k steps the slow parameters go some of the way to the fast ones, which begin there again.
let lookahead (k: int) (alpha: float) (inner: Reference) : Reference =
    let mutable slow: Tensor list option = None

    { Name = chained (text "lookahead" [ number "k" (float k); number "alpha" alpha ]) inner.Name
      Step =
        fun t ws gs ->
            let before = slow |> Option.defaultValue ws
            let fast = inner.Step t ws gs

            let towards =
                List.map2 (fun slow fast ->
                    { slow with
                        Values = Array.map2 (fun slow fast -> slow + alpha * (fast - slow)) slow.Values fast.Values })

            slow <- Some(if t % k = 0 then towards before fast else before)
            if t % k = 0 then slow.Value else fast }

/// A mean over a trajectory: from the parameters after each step to the mean so far.
type Average =
    {
        /// The text form with these hyper-parameters.
        Name: string
        /// From t = 1, 2, ... and the parameters after step t to their mean.
        Add: int -> Tensor list -> Tensor list
    }

/// A mean that remembers so many numbers an element, from t and an element to the mean.
let private average name (start: 'state) (next: int -> float -> 'state -> float * 'state) : Average =
    let mutable states: 'state list list = []

    let add t (ws: Tensor list) =
        if states.IsEmpty then
            states <- ws |> List.map (fun w -> [ for _ in w.Values -> start ])

        let means, after =
            List.map2 (fun (w: Tensor) states -> List.map2 (next t) (List.ofArray w.Values) states |> List.unzip) ws states
            |> List.unzip

        states <- after
        List.map2 (fun w means -> { w with Values = Array.ofList means }) ws means

    { Name = name; Add = add }

/// The exponentially weighted mean: debiased as in Adam, or else beginning with the first parameters.
let ema (beta: float) (debiased: bool) =
    average (text "ema" [ number "beta" beta; flag "debiased" debiased ]) 0.0 (fun t w e ->
        if debiased then
            let e = beta * e + (1.0 - beta) * w
            e / (1.0 - beta ** float t), e
        else
            let e = if t = 1 then w else beta * e + (1.0 - beta) * w
            e, e)

/// Polyak & Juditsky 1992; Izmailov et al. 2018, algorithm 1: the mean of the parameters at every so many steps from one on;
/// before that one, the newest parameters.
let swa (start: int) (every: int) =
    average (text "swa" [ number "start" (float start); number "every" (float every) ]) (0.0, 0) (fun t w (sum, count) ->
        let sum, count = if t >= start && (t - start) % every = 0 then sum + w, count + 1 else sum, count

        (if count = 0 then w else sum / float count), (sum, count))
