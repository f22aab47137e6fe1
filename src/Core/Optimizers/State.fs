namespace CuteDl.Core.Optimizers

open System
open System.Numerics

/// <summary>
/// What an optimizer remembers between steps: how many steps were taken, and named slots, each as long as the parameters.
/// </summary>
/// <remarks>Made by <c>Optimizer.init</c>. The pure step leaves it untouched; the in-place step overwrites it.</remarks>
[<Sealed>]
type State<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    internal (slotNames: string list, length: int, stride: int, step: int64, block: 'T array) =

    let mutable step = step

    // Slots start at multiples of the widest vector, so that the block can be seen as vectors with none astride two slots.
    static let alignment = 64 / sizeof<'T>

    static member internal Zero(slotNames: string list, length: int) =
        if typeof<'T> <> typeof<float32> && typeof<'T> <> typeof<float> then
            raise (NotSupportedException $"optimizers compute with float32 and float, not with {typeof<'T>.Name}.")

        let stride = (length + alignment - 1) / alignment * alignment

        let block: 'T array = Array.zeroCreate (Checked.(*) stride slotNames.Length)
        State<'T>(slotNames, length, stride, 0L, block)

    /// <summary>How many steps were taken: t = 0 is the initial state.</summary>
    member _.Step = step

    /// <summary>How many parameters there are.</summary>
    member _.Length = length

    /// <summary>The names of the slots.</summary>
    member _.SlotNames = slotNames

    /// <summary>A slot by its name: one value for each parameter.</summary>
    /// <exception cref="T:System.ArgumentException">The state has no such slot.</exception>
    member _.Item
        with get (slotName: string): ReadOnlyMemory<'T> =
            match List.tryFindIndex ((=) slotName) slotNames with
            | Some slot -> ReadOnlyMemory(block, slot * stride, length)
            | None ->
                let known =
                    if slotNames.IsEmpty then
                        "this optimizer keeps none"
                    else
                        "known are " + String.Join(", ", slotNames)

                raise (ArgumentException($"no slot is named '{slotName}': {known}", nameof slotName))

    /// <summary>A state of its own with the same content.</summary>
    member _.Copy() = State<'T>(slotNames, length, stride, step, Array.copy block)

    member internal _.Block = block
    member internal _.Stride = stride
    member internal _.Advance() = step <- step + 1L
