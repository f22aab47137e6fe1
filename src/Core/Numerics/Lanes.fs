namespace CuteDl.Core.Numerics

open System
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices

/// <summary>As many neighbouring numbers as one vector register holds. The width is the machine's; no result depends on it.</summary>
[<Struct; NoEquality; NoComparison>]
type Lanes<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> =
    val Value: Vector<'T>
    new(value) = { Value = value }

    interface IElement<Lanes<'T>> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member (+)(a: Lanes<'T>, b: Lanes<'T>) : Lanes<'T> = Lanes(Vector.Add(a.Value, b.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member (-)(a: Lanes<'T>, b: Lanes<'T>) : Lanes<'T> = Lanes(Vector.Subtract(a.Value, b.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member (*)(a: Lanes<'T>, b: Lanes<'T>) : Lanes<'T> = Lanes(Vector.Multiply(a.Value, b.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member (/)(a: Lanes<'T>, b: Lanes<'T>) : Lanes<'T> = Lanes(Vector.Divide(a.Value, b.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Lift value = Lanes(Vector<'T>('T.CreateTruncating value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Root value = Lanes(Vector.SquareRoot value.Value)

        // A comparison that is false for NaN picks the value itself, as the scalar maximum does.
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Divisor value =
            let smallest = Vector<'T>(Scalar<'T>.SmallestNormal)
            Lanes(Vector.ConditionalSelect(Vector.LessThan(value.Value, smallest), smallest, value.Value))

/// <summary>Spans of numbers seen as spans of elements, without a copy; numbers that fill no whole element are left off.</summary>
module internal Reinterpret =
    let private cast<'T, 'E when 'T: unmanaged and 'E: struct> (numbers: Span<'T>) : Span<'E> =
        let length = numbers.Length / (Unsafe.SizeOf<'E>() / Unsafe.SizeOf<'T>())
        MemoryMarshal.CreateSpan(&Unsafe.As<'T, 'E>(&MemoryMarshal.GetReference numbers), length)

    let private castReadOnly<'T, 'E when 'T: unmanaged and 'E: struct> (numbers: ReadOnlySpan<'T>) : ReadOnlySpan<'E> =
        let length = numbers.Length / (Unsafe.SizeOf<'E>() / Unsafe.SizeOf<'T>())
        MemoryMarshal.CreateReadOnlySpan(&Unsafe.As<'T, 'E>(&MemoryMarshal.GetReference numbers), length)

    let scalars (numbers: Span<'T>) = cast<'T, Scalar<'T>> numbers
    let lanes (numbers: Span<'T>) = cast<'T, Lanes<'T>> numbers
    let readOnlyScalars (numbers: ReadOnlySpan<'T>) = castReadOnly<'T, Scalar<'T>> numbers
    let readOnlyLanes (numbers: ReadOnlySpan<'T>) = castReadOnly<'T, Lanes<'T>> numbers

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

    [<MethodImpl(MethodImplOptions.NoInlining)>]
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
