namespace CuteDl.Core.Numerics

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices

/// <summary>
/// Reinterprets spans of numbers as spans of elements, without a copy. Numbers at the end that do not fill an element are left out.
/// </summary>
module internal Reinterpret =
    let private cast<'T, 'E when 'T: unmanaged and 'E: struct> (numbers: Span<'T>) : Span<'E> =
        let length = numbers.Length / (Unsafe.SizeOf<'E>() / Unsafe.SizeOf<'T>())
        MemoryMarshal.CreateSpan(&Unsafe.As<'T, 'E>(&MemoryMarshal.GetReference numbers), length)

    let private castReadOnly<'T, 'E when 'T: unmanaged and 'E: struct> (numbers: ReadOnlySpan<'T>) : ReadOnlySpan<'E> =
        let length = numbers.Length / (Unsafe.SizeOf<'E>() / Unsafe.SizeOf<'T>())
        MemoryMarshal.CreateReadOnlySpan(&Unsafe.As<'T, 'E>(&MemoryMarshal.GetReference numbers), length)

    let scalars (numbers: Span<'T>) = cast<'T, Scalar<'T>> numbers
    let readOnlyScalars (numbers: ReadOnlySpan<'T>) = castReadOnly<'T, Scalar<'T>> numbers
    let registers<'T, 'V when 'T: unmanaged and 'V: struct> (numbers: Span<'T>) = cast<'T, 'V> numbers
    let readOnlyRegisters<'T, 'V when 'T: unmanaged and 'V: struct> (numbers: ReadOnlySpan<'T>) = castReadOnly<'T, 'V> numbers

/// <summary>The state slots of one element. <c>slots[0]</c> is read and assigned like a variable.</summary>
/// <remarks>
/// All slots are in one block: slot k of an element is <c>k · stride</c> after its slot 0. So an update needs only one address. Stride and
/// place are in bytes: the processor adds them to the address as they are.
/// </remarks>
[<Struct; IsByRefLike; NoEquality; NoComparison>]
type Slots<'E> =
    val private block: Span<'E>
    val private count: int
    val private stride: nativeint
    val private place: nativeint

    internal new(block: Span<'E>, count, stride, place) = { block = block; count = count; stride = stride; place = place }

    // Without NoInlining: the JIT then sees that the method never returns, and keeps vectors in registers across the call.
    static member private Missing(slot: int, count: int) : unit =
        raise (
            ArgumentOutOfRangeException(
                "slot",
                slot,
                $"The rule has {count} declared slot(s), numbered from 0. The update may use only these."
            )
        )

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    member private slots.Locate(slot: int) : byref<'E> =
        if uint32 slot >= uint32 slots.count then
            Slots<'E>.Missing(slot, slots.count)

        &Unsafe.AddByteOffset(&MemoryMarshal.GetReference slots.block, nativeint slot * slots.stride + slots.place)

    /// <summary>A reference to the element's value in a slot.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The rule declares fewer slots.</exception>
    member slots.Item
        with get (slot: int): byref<'E> = &slots.Locate slot
