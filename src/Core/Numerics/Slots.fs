namespace CuteDl.Core.Numerics

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices

/// <summary>Spans of numbers seen as spans of elements, without a copy; numbers that fill no whole element are left off.</summary>
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

/// <summary>The slots of the state that belong to one element; <c>slots[0]</c> is read and assigned like a variable.</summary>
/// <remarks>
/// Slot k of all elements lies <c>k · stride</c> behind slot 0 in one block, so that a law touches memory only through one
/// address. A slot number that the state does not have is an error.
/// </remarks>
[<Struct; IsByRefLike; NoEquality; NoComparison>]
type Slots<'E> =
    val private block: Span<'E>
    val private count: int
    val private stride: int
    val private index: int

    internal new(block: Span<'E>, count, stride, index) = { block = block; count = count; stride = stride; index = index }

    // Not marked against inlining: only so does the compiler see that it never returns, and keeps vectors in registers over it.
    static member private Missing(slot: int, count: int) : unit =
        raise (ArgumentOutOfRangeException("slot", slot, $"the rule declares {count} slot(s): a law may use numbers 0 to {count - 1}"))

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    member private slots.Locate(slot: int) : byref<'E> =
        if uint32 slot >= uint32 slots.count then
            Slots<'E>.Missing(slot, slots.count)

        &Unsafe.Add(&MemoryMarshal.GetReference slots.block, slot * slots.stride + slots.index)

    /// <summary>The element's value in a slot, to read and to assign.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The rule declares fewer slots.</exception>
    member slots.Item
        with get (slot: int): byref<'E> = &slots.Locate slot
