/// Rules as their papers have them, for the library's own to be held against: doubles, lists and loops, nothing of the laws.
/// Here is what they share. A rule is a function from the step, the parameters, the gradients and what it remembers to the
/// deltas and what it then remembers; w' = w − Δ.
module CuteDl.Core.Tests.Paper

open CuteDl.Core.Optimizers

/// A parameter or its gradient: a matrix row by row, or a vector.
type Tensor = { Shape: int list; Values: float array }

/// An optimizer on its way along one trajectory: it remembers, so each trajectory needs one of its own.
type Reference =
    {
        /// The text form with these hyper-parameters.
        Name: string
        /// From t = 1, 2, ..., the parameters and the gradients to the new parameters.
        Step: int -> Tensor list -> Tensor list -> Tensor list
    }

/// Hyper-parameters in a text form.
let number (name: string) (value: float) = name, NumberText.ofFloat value
let flag (name: string) (value: bool) = name, (if value then "true" else "false")

/// name(argument=value, ...)
let text (name: string) (arguments: (string * string) list) =
    let list = arguments |> List.map (fun (name, value) -> $"{name}={value}") |> String.concat ", "
    $"{name}({list})"

/// a / b where 0 / 0 is 0.
let over (b: float) (a: float) = if a = 0.0 then 0.0 else a / b

let sign (x: float) =
    if x > 0.0 then 1.0
    elif x < 0.0 then -1.0
    else 0.0

let dot (a: float array) (b: float array) = Array.fold2 (fun sum x y -> sum + x * y) 0.0 a b

/// Euclidean, of a tensor as one long vector.
let norm (values: float array) = sqrt (dot values values)

/// √x + ε, or with ε inside: √(x + ε).
let root (inside: bool) (epsilon: float) (x: float) = if inside then sqrt (x + epsilon) else sqrt x + epsilon

/// A rule for all tensors at once. It begins with what it makes of the initial parameters.
let rule
    (name: string)
    (start: Tensor list -> 'state)
    (next: int -> Tensor list -> Tensor list -> 'state -> Tensor list * 'state)
    : Reference =
    let mutable state = None

    let step t parameters gradients =
        let before = state |> Option.defaultWith (fun () -> start parameters)
        let parameters, after = next t parameters gradients before
        state <- Some after
        parameters

    { Name = name; Step = step }

let private subtract (w: Tensor) (delta: float array) = { w with Values = Array.map2 (-) w.Values delta }

/// A rule for each tensor by itself.
let perTensor name (start: Tensor -> 'state) (next: int -> Tensor -> float array -> 'state -> float array * 'state) : Reference =
    rule name (List.map start) (fun t ws gs states ->
        let deltas, states =
            List.zip3 ws gs states |> List.map (fun (w, g, state) -> next t w g.Values state) |> List.unzip

        List.map2 subtract ws deltas, states)

/// A rule for each element by itself, which begins with what it makes of the element.
let perElementFrom name (start: float -> 'state) (next: int -> float -> float -> 'state -> float * 'state) : Reference =
    perTensor name (fun w -> Array.map start w.Values) (fun t w gs states ->
        Array.zip3 w.Values gs states |> Array.map (fun (w, g, state) -> next t w g state) |> Array.unzip)

/// A rule for each element by itself, which begins alike everywhere.
let perElement name (start: 'state) next : Reference = perElementFrom name (fun _ -> start) next

/// A rule for the whole model: all tensors as one long vector.
let wholeModel name (start: float array -> 'state) (next: int -> float array -> float array -> 'state -> float array * 'state) : Reference =
    let flat (tensors: Tensor list) = tensors |> List.map _.Values |> Array.concat

    rule name (flat >> start) (fun t ws gs state ->
        let delta, state = next t (flat ws) (flat gs) state

        let parameters, _ =
            ws
            |> List.mapFold (fun rest w -> subtract w (Array.take w.Values.Length rest), Array.skip w.Values.Length rest) delta

        parameters, state)
