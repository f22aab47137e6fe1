/// Parameters of a model whose memory belongs to the tests. libtorch is not needed.
module CuteDl.TorchSharp.Tests.OwnTensors

#nowarn "9" // Addresses.

open System
open System.Numerics
open System.Runtime.InteropServices
open Expecto
open FSharp.NativeInterop
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests
open CuteDl.Core.Tests.AlgebraSamples
open CuteDl.TorchSharp

/// A tensor in native memory. Like a tensor on another device, it can give copies to a step.
[<Sealed>]
type OwnTensor<'T when 'T: unmanaged and 'T: (new: unit -> 'T) and 'T: struct and 'T :> ValueType and 'T :> IFloatingPointIeee754<'T>>
    (name: string, shape: int list, isCopied: bool) =
    let length = List.fold (*) 1 shape
    let allocate () = Marshal.AllocHGlobal(max 1 length * sizeof<'T>)
    let parametersAt = allocate ()
    let gradientAt = allocate ()
    let parameters = new NativeMemory<'T>()
    let gradient = new NativeMemory<'T>()

    let spanAt (address: nativeint) = Span<'T>(NativePtr.toVoidPtr (NativePtr.ofNativeInt<'T> address), length)

    let mutable copy: 'T array | null = null

    override _.Finalize() =
        Marshal.FreeHGlobal parametersAt
        Marshal.FreeHGlobal gradientAt

    member val RequiresGradient = true with get, set
    member val HasGradient = false with get, set
    /// The number of calls that replace the parameters.
    member val Writes = 0 with get, set
    member val IsOpen = false with get, set

    member _.Name = name
    member _.Values: 'T array = (spanAt parametersAt).ToArray()
    member _.SetValues(values: 'T array) : unit = values.CopyTo(spanAt parametersAt)

    member tensor.SetGradient(values: 'T array option) : unit =
        tensor.HasGradient <- values.IsSome
        values |> Option.iter (fun values -> values.CopyTo(spanAt gradientAt))

    interface IModelTensor<'T> with
        member _.Name = name
        member _.Shape = List.toArray shape
        member tensor.RequiresGradient = tensor.RequiresGradient

        member tensor.TryOpen(toParameters, toGradient) =
            Expect.isFalse tensor.IsOpen $"{name} is opened once"

            if tensor.HasGradient then
                tensor.IsOpen <- true

                if isCopied then
                    let values = tensor.Values
                    copy <- values
                    toParameters <- Memory values
                    toGradient <- Memory((spanAt gradientAt).ToArray())
                else
                    toParameters <- parameters.Bind(spanAt parametersAt)
                    toGradient <- gradient.Bind(spanAt gradientAt)

            tensor.HasGradient

        member tensor.Close isStepped =
            match copy with
            | NonNull values when isStepped -> tensor.SetValues values
            | _ -> ()

            copy <- null
            tensor.IsOpen <- false
            parameters.Release()
            gradient.Release()

        member _.Read target = (spanAt parametersAt).CopyTo target

        member tensor.Write source =
            tensor.Writes <- tensor.Writes + 1
            source.CopyTo(spanAt parametersAt)

/// Creates the tensors of a run with its parameters. Some of them are copied.
let tensorsOf (precision: Precision<'T>) (random: Random) (run: Run) : OwnTensor<'T> array =
    [| for parameter in run.Layout.Parameters do
           let tensor = OwnTensor<'T>(parameter.Name, parameter.Shape, random.Next 3 = 0)
           tensor.SetValues(precision.OfAll(Array.sub run.Parameters parameter.Offset parameter.Length))
           tensor |]

/// Gives each tensor its part of a flat gradient, unless it has none in this step.
let giveGradients (layout: Layout) (tensors: OwnTensor<'T> array) (gradient: 'T array) (isPresent: int -> bool) : unit =
    for k in 0 .. tensors.Length - 1 do
        let parameter = layout.Parameters[k]

        tensors[k].SetGradient(if isPresent k then Some(Array.sub gradient parameter.Offset parameter.Length) else None)

let stepper (tensors: OwnTensor<'T> array) (optimizer: Optimizer) : ModelStepper<'T> =
    ModelStepper<'T>([| for tensor in tensors -> tensor :> IModelTensor<'T> |], CuteDl.Optimizers.Parse(string optimizer))

let step (stepper: ModelStepper<'T>) () : unit = stepper.Step()

let valuesOf (tensors: OwnTensor<'T> array) : 'T array = tensors |> Array.collect _.Values

/// Runs an action that may fail as optimizers do, and returns the message.
let message (act: unit -> unit) : string option =
    try
        act ()
        None
    with
    | :? NonFiniteException as error -> Some error.Message
    | :? ArgumentException as error -> Some error.Message

/// A run, and a seed for choices during it.
let seeded (run: FsCheck.Gen<'run>) = FsCheck.FSharp.Gen.zip run (FsCheck.FSharp.Gen.choose (0, 1_000_000))
