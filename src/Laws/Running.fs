/// Takes steps, and compares the results.
module internal CuteDl.Laws.Running

open System
open System.IO
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Optimizers
open CuteDl.Core.Training

let private layout (case: Case) = Layout.OfShapes case.Shapes

/// Returns Δ of each pure step by element, and the last state. If <c>follows</c> is false, the parameters keep their initial values.
let pureSteps<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (follows: bool)
    (optimizer: Optimizer)
    (case: Case)
    : 'T array array * State<'T> * 'T array =
    let convert = Array.map (fun (value: float) -> 'T.CreateTruncating value)
    let mutable state = Optimizer.initFor<'T> optimizer (layout case)
    let mutable parameters = convert case.Start

    let deltas =
        [| for gradient in case.Gradients do
               let next, delta = Optimizer.stepByElement optimizer state parameters (convert gradient)

               state <- next

               if follows then
                   parameters <- Array.map2 (fun w d -> 'T.op_Subtraction (w, d)) parameters delta

               delta |]

    deltas, state, parameters

/// Returns Δ of each step in double precision. The parameters change.
let deltas (optimizer: Optimizer) (case: Case) : float array array =
    let deltas, _, _ = pureSteps<float> true optimizer case
    deltas

/// Returns Δ of each step in double precision at constant parameters.
let deltasInPlaceOfStart (optimizer: Optimizer) (case: Case) : float array array =
    let deltas, _, _ = pureSteps<float> false optimizer case
    deltas

let private file = "the checkpoint"

/// Writes a checkpoint and returns its bytes.
let saved (optimizer: Optimizer) (state: State<'T>) (parameters: 'T array) : byte array =
    use stream = new MemoryStream()
    Safetensors.write stream (Checkpoint.toContent { Optimizer = optimizer; State = state; Parameters = parameters })
    stream.ToArray()

/// Reads a checkpoint. Its optimizer is parsed from its text form, unless the text form is unknown.
let read<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (optimizer: Optimizer) (bytes: byte array) : Checkpoint<'T> =
    use stream = new MemoryStream(bytes)
    let content = Safetensors.readStream file stream

    if Subject.leaves optimizer |> List.exists (fun leaf -> Subject.isOwn leaf.Kind) then
        Checkpoint.ofContentFor<'T> optimizer file content
    else
        let registry =
            (Registry.Standard, optimizer.OwnSchedules)
            ||> List.fold (fun registry schedule -> registry.Add schedule)

        Checkpoint.ofContentWith<'T> registry file content

/// Takes steps with gradients that depend on the parameters.
let descend (optimizer: Optimizer) (start: float array) (steps: int) (gradientAt: int -> float array -> float array) : float array array =
    let state = Optimizer.init<float> optimizer start.Length
    let parameters = Array.copy start

    [| Array.copy parameters
       for t in 1..steps do
           Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan(gradientAt t parameters))
           Array.copy parameters |]

/// Returns the message about an unexpected vector at a step.
let differ (what: string) (t: int) (expected: float array) (came: float array) =
    Some $"expected {what}{Case.index t} = {Case.vector expected}, got {Case.vector came}"

let private firstWhere (what: string) (isOff: float array -> float array -> bool) (expected: float array array) (came: float array array) =
    Seq.zip expected came
    |> Seq.indexed
    |> Seq.tryFind (fun (_, (expected, came)) -> isOff expected came)
    |> Option.bind (fun (t, (expected, came)) -> differ what (t + 1) expected came)

/// Compares as numbers: 0 equals −0, and NaN equals nothing.
let same (expected: float array array) (came: float array array) : string option =
    firstWhere "Δ" (fun a b -> Array.exists2 (fun x y -> not (x = y)) a b) expected came

let largest (values: float array array) =
    values |> Array.fold (fun top row -> row |> Array.fold (fun top x -> max top (abs x)) top) 0.0

let private isFar (tolerance: float) (unit: float) (expected: float array) (came: float array) =
    Array.exists2 (fun x y -> not (abs (x - y) <= tolerance * unit)) expected came

/// Compares points x₁, x₂, ... except for rounding, relative to the largest number.
let closePoints (tolerance: float) (expected: float array array) (came: float array array) : string option =
    firstWhere "x" (isFar tolerance (largest expected + Double.Epsilon)) expected came

/// Compares deltas except for rounding, relative to the largest number.
let close (tolerance: float) (expected: float array array) (came: float array array) : string option =
    firstWhere "Δ" (isFar tolerance (largest expected + Double.Epsilon)) expected came

/// Compares two vectors except for rounding.
let closeOne (what: string) (tolerance: float) (expected: float array) (came: float array) : string option =
    if isFar tolerance (largest [| expected |] + Double.Epsilon) expected came then
        Some $"expected {what} = {Case.vector expected}, got {Case.vector came}"
    else
        None

/// Compares deltas except for rounding, each number relative to its own size.
let closeEach (tolerance: float) (expected: float array array) (came: float array array) : string option =
    firstWhere "Δ" (fun a b -> Array.exists2 (fun (x: float) y -> not (abs (x - y) <= tolerance * (abs x + 1e-300))) a b) expected came

/// Applies a function from the gradients of one element to its deltas to all elements.
let elementwise (law: float array -> float array) (case: Case) : float array array =
    Array.init case.Length (fun i -> case.Gradients |> Array.map (fun gradient -> gradient[i]) |> law)
    |> Array.transpose

/// Finds the first step at which a condition does not hold.
let firstBroken (deltas: float array array) (holds: int -> float array -> bool) (says: int -> string) : string option =
    deltas
    |> Seq.indexed
    |> Seq.tryFind (fun (t, delta) -> not (holds (t + 1) delta))
    |> Option.map (fun (t, delta) -> $"expected {says (t + 1)}, got Δ{Case.index (t + 1)} = {Case.vector delta}")

/// Returns the message if the condition does not hold.
let expect (holds: bool) (says: unit -> string) : string option = if holds then None else Some(says ())

/// Returns the first message, if any.
let firstOf (complaints: (unit -> string option) list) : string option = complaints |> List.tryPick (fun complaint -> complaint ())
