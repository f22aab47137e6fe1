namespace CuteDl.Core.Numerics

open System.Runtime.CompilerServices
open System.Runtime.Intrinsics

/// A vector register, of whichever width: what the kernels are written over, once. Multiply-add rounds once, exactly as
/// the scalar 'T.FusedMultiplyAdd does, on every machine.
type internal IRegister<'V, 'T when 'V :> IRegister<'V, 'T>> =
    /// How many numbers it holds.
    static abstract Width: int
    static abstract Zero: 'V
    static abstract Broadcast: value: 'T -> 'V
    static abstract Load: source: byref<'T> -> 'V
    static abstract Store: value: 'V * target: byref<'T> -> unit
    /// a·b + sum
    static abstract MultiplyAdd: a: 'V * b: 'V * sum: 'V -> 'V

// In all three the size of 'T is known when a method is compiled, so that only one branch of MultiplyAdd is left.

/// 128 bits: four singles, two doubles.
[<Struct; NoEquality; NoComparison>]
type internal Register128<'T when 'T: unmanaged> =
    val Value: Vector128<'T>
    new(value) = { Value = value }

    interface IRegister<Register128<'T>, 'T> with
        static member Width = Vector128<'T>.Count
        static member Zero = Register128(Vector128<'T>.Zero)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Broadcast value = Register128(Vector128.Create<'T> value)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load(source: byref<'T>) = Register128(Vector128.LoadUnsafe<'T> &source)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(value, target: byref<'T>) = value.Value.StoreUnsafe &target

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAdd(a, b, sum) =
            if sizeof<'T> = 4 then
                Register128(Vector128.FusedMultiplyAdd(a.Value.AsSingle(), b.Value.AsSingle(), sum.Value.AsSingle()).As<float32, 'T>())
            else
                Register128(Vector128.FusedMultiplyAdd(a.Value.AsDouble(), b.Value.AsDouble(), sum.Value.AsDouble()).As<float, 'T>())

/// 256 bits: eight singles, four doubles.
[<Struct; NoEquality; NoComparison>]
type internal Register256<'T when 'T: unmanaged> =
    val Value: Vector256<'T>
    new(value) = { Value = value }

    interface IRegister<Register256<'T>, 'T> with
        static member Width = Vector256<'T>.Count
        static member Zero = Register256(Vector256<'T>.Zero)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Broadcast value = Register256(Vector256.Create<'T> value)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load(source: byref<'T>) = Register256(Vector256.LoadUnsafe<'T> &source)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(value, target: byref<'T>) = value.Value.StoreUnsafe &target

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAdd(a, b, sum) =
            if sizeof<'T> = 4 then
                Register256(Vector256.FusedMultiplyAdd(a.Value.AsSingle(), b.Value.AsSingle(), sum.Value.AsSingle()).As<float32, 'T>())
            else
                Register256(Vector256.FusedMultiplyAdd(a.Value.AsDouble(), b.Value.AsDouble(), sum.Value.AsDouble()).As<float, 'T>())

/// 512 bits: sixteen singles, eight doubles.
[<Struct; NoEquality; NoComparison>]
type internal Register512<'T when 'T: unmanaged> =
    val Value: Vector512<'T>
    new(value) = { Value = value }

    interface IRegister<Register512<'T>, 'T> with
        static member Width = Vector512<'T>.Count
        static member Zero = Register512(Vector512<'T>.Zero)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Broadcast value = Register512(Vector512.Create<'T> value)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load(source: byref<'T>) = Register512(Vector512.LoadUnsafe<'T> &source)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(value, target: byref<'T>) = value.Value.StoreUnsafe &target

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAdd(a, b, sum) =
            if sizeof<'T> = 4 then
                Register512(Vector512.FusedMultiplyAdd(a.Value.AsSingle(), b.Value.AsSingle(), sum.Value.AsSingle()).As<float32, 'T>())
            else
                Register512(Vector512.FusedMultiplyAdd(a.Value.AsDouble(), b.Value.AsDouble(), sum.Value.AsDouble()).As<float, 'T>())
