/// Taking steps, and comparing what comes.
module internal CuteDl.Laws.Running

open System
open System.IO
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Optimizers
open CuteDl.Core.Training

let private layout (case: Case) = Layout.OfShapes case.Shapes

/// Δ of each pure step, and the last state. Without following, the parameters stay where they begin.
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
               let struct (next, delta) =
                   Optimizer.stepAt optimizer state (ReadOnlySpan parameters) (ReadOnlySpan(convert gradient))

               state <- next

               if follows then
                   parameters <- Array.map2 (fun w d -> 'T.op_Subtraction (w, d)) parameters delta

               delta |]

    deltas, state, parameters

/// Δ of each step in double; parameters follow.
let deltas (optimizer: Optimizer) (case: Case) : float array array =
    let deltas, _, _ = pureSteps<float> true optimizer case
    deltas

/// Δ of each step in double at parameters that stay.
let deltasInPlaceOfStart (optimizer: Optimizer) (case: Case) : float array array =
    let deltas, _, _ = pureSteps<float> false optimizer case
    deltas

let private file = "the checkpoint"

/// The bytes of a checkpoint's file.
let saved (optimizer: Optimizer) (state: State<'T>) (parameters: 'T array) : byte array =
    use stream = new MemoryStream()
    Safetensors.write stream (Checkpoint.toContent { Optimizer = optimizer; State = state; Parameters = parameters })
    stream.ToArray()

/// The checkpoint in a file's bytes; its optimizer is the one that the text form in them names, unless that is not known.
let read<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (optimizer: Optimizer) (bytes: byte array) : Checkpoint<'T> =
    use stream = new MemoryStream(bytes)
    let content = Safetensors.readStream file stream

    if Subject.leaves optimizer |> List.exists (fun leaf -> Subject.isOwn leaf.Kind) then
        Checkpoint.ofContentFor<'T> optimizer file content
    else
        Checkpoint.ofContent<'T> file content

/// Steps by hand: gradients that depend on the parameters.
let descend (optimizer: Optimizer) (start: float array) (steps: int) (gradientAt: int -> float array -> float array) : float array array =
    let state = Optimizer.init<float> optimizer start.Length
    let parameters = Array.copy start

    [| Array.copy parameters
       for t in 1..steps do
           Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan(gradientAt t parameters))
           Array.copy parameters |]

/// What was expected of one step, and what came.
let differ (what: string) (t: int) (expected: float array) (came: float array) =
    Some $"{what}{Case.index t} = {Case.vector expected} expected, {Case.vector came} came"

let private firstWhere (what: string) (isOff: float array -> float array -> bool) (expected: float array array) (came: float array array) =
    Seq.zip expected came
    |> Seq.indexed
    |> Seq.tryFind (fun (_, (expected, came)) -> isOff expected came)
    |> Option.bind (fun (t, (expected, came)) -> differ what (t + 1) expected came)

/// Equal as numbers, so that 0 is −0; NaN is equal to nothing.
let same (expected: float array array) (came: float array array) : string option =
    firstWhere "Δ" (fun a b -> Array.exists2 (fun x y -> not (x = y)) a b) expected came

let largest (values: float array array) =
    values |> Array.fold (fun top row -> row |> Array.fold (fun top x -> max top (abs x)) top) 0.0

let private isFar (tolerance: float) (unit: float) (expected: float array) (came: float array) =
    Array.exists2 (fun x y -> not (abs (x - y) <= tolerance * unit)) expected came

/// Points x₁, x₂, ... equal but for rounding, measured by the largest number there is.
let closePoints (tolerance: float) (expected: float array array) (came: float array array) : string option =
    firstWhere "x" (isFar tolerance (largest expected + Double.Epsilon)) expected came

/// Deltas equal but for rounding, measured by the largest number there is.
let close (tolerance: float) (expected: float array array) (came: float array array) : string option =
    firstWhere "Δ" (isFar tolerance (largest expected + Double.Epsilon)) expected came

/// One vector, equal but for rounding.
let closeOne (what: string) (tolerance: float) (expected: float array) (came: float array) : string option =
    if isFar tolerance (largest [| expected |] + Double.Epsilon) expected came then
        Some $"{what} = {Case.vector expected} expected, {Case.vector came} came"
    else
        None

/// Deltas equal but for rounding, each number by its own size.
let closeEach (tolerance: float) (expected: float array array) (came: float array array) : string option =
    firstWhere "Δ" (fun a b -> Array.exists2 (fun (x: float) y -> not (abs (x - y) <= tolerance * (abs x + 1e-300))) a b) expected came

/// A law for one element, from its gradients to its deltas, for all elements.
let elementwise (law: float array -> float array) (case: Case) : float array array =
    Array.init case.Length (fun i -> case.Gradients |> Array.map (fun gradient -> gradient[i]) |> law)
    |> Array.transpose

/// The first step at which something should hold and does not.
let firstBroken (deltas: float array array) (holds: int -> float array -> bool) (says: int -> string) : string option =
    deltas
    |> Seq.indexed
    |> Seq.tryFind (fun (t, delta) -> not (holds (t + 1) delta))
    |> Option.map (fun (t, delta) -> $"{says (t + 1)} expected, Δ{Case.index (t + 1)} = {Case.vector delta} came")

/// Whether all is well; otherwise what was expected, and what came.
let expect (holds: bool) (says: unit -> string) : string option = if holds then None else Some(says ())

/// The first of some complaints.
let firstOf (complaints: (unit -> string option) list) : string option = complaints |> List.tryPick (fun complaint -> complaint ())
