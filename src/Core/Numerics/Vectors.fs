namespace CuteDl.Core.Numerics

open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86

/// A vector register of any width. The kernels are written once against this interface. Multiply-add rounds once on every machine, exactly
/// as the scalar 'T.FusedMultiplyAdd. As an element, a register runs an update over neighbouring numbers.
type internal IRegister<'V, 'T when 'V :> IRegister<'V, 'T>> =
    /// The number of elements.
    static abstract Width: int
    static abstract Zero: 'V
    static abstract Broadcast: value: 'T -> 'V
    static abstract Load: source: byref<'T> -> 'V
    static abstract Store: value: 'V * target: byref<'T> -> unit
    /// Returns a·b + sum, rounded once.
    static abstract MultiplyAdd: a: 'V * b: 'V * sum: 'V -> 'V
    /// Adds a·b to the sum, rounded once. It writes to the field of the sum, so that the JIT multiplies and adds in the sum's own register.
    /// For <c>sum <- MultiplyAdd(a, b, sum)</c>, it overwrites the register of a or b, and needs a move after every second multiply-add.
    static abstract Accumulate: a: 'V * b: 'V * sum: byref<'V> -> unit

/// The operations of a register that a product of dense matrices needs besides.
type internal IMatrixRegister<'V, 'T when 'V :> IMatrixRegister<'V, 'T>> =
    inherit IRegister<'V, 'T>

    /// Loads 128 bits of each of several rows: of row 0, and of every fourth row after it (every second row in double precision).
    static abstract LoadRows: source: byref<'T> * row: nativeint -> 'V
    /// Stores 128 bits to each of the same rows.
    static abstract StoreRows: value: 'V * target: byref<'T> * row: nativeint -> unit
    /// Returns the lower halves of each 128 bits, with elements of a and b in turn.
    static abstract InterleaveLower: a: 'V * b: 'V -> 'V
    /// Returns the upper halves of each 128 bits, with elements of a and b in turn.
    static abstract InterleaveUpper: a: 'V * b: 'V -> 'V

// In all three types, the JIT knows the size of 'T and keeps only one branch of each member.
// Only x86 has registers of 256 and 512 bits, so their types may call its instructions. The type of 128 bits must not.

/// 128 bits: four float32 or two float64 numbers.
[<Struct; NoEquality; NoComparison>]
type internal Register128<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> =
    val mutable Value: Vector128<'T>
    new(value) = { Value = value }

    interface IElement<Register128<'T>> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member (+)(a: Register128<'T>, b: Register128<'T>) : Register128<'T> = Register128(Vector128.Add(a.Value, b.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member (-)(a: Register128<'T>, b: Register128<'T>) : Register128<'T> = Register128(Vector128.Subtract(a.Value, b.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member (*)(a: Register128<'T>, b: Register128<'T>) : Register128<'T> = Register128(Vector128.Multiply(a.Value, b.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member (/)(a: Register128<'T>, b: Register128<'T>) : Register128<'T> = Register128(Vector128.Divide(a.Value, b.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Lift value = Register128(Vector128.Create<'T>('T.CreateTruncating value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Root value = Register128(Vector128.Sqrt value.Value)

        // LessThan is false for NaN, so NaN is kept, as in the scalar maximum.
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Divisor value =
            let smallest = Vector128.Create<'T> Scalar<'T>.SmallestNormal
            Register128(Vector128.ConditionalSelect(Vector128.LessThan(value.Value, smallest), smallest, value.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member RootDivisor value =
            let smallest = Vector128.Create<'T> Scalar<'T>.SmallestRoot
            Register128(Vector128.ConditionalSelect(Vector128.LessThan(value.Value, smallest), smallest, value.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Greater(a, b) =
            Register128(Vector128.ConditionalSelect(Vector128.LessThan(a.Value, b.Value), b.Value, a.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Choose(key, below, neither, above) =
            let zero = Vector128<'T>.Zero

            let upper =
                Vector128.ConditionalSelect(Vector128.GreaterThan(key.Value, zero), above.Value, neither.Value)

            Register128(Vector128.ConditionalSelect(Vector128.LessThan(key.Value, zero), below.Value, upper))

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

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Accumulate(a, b, sum: byref<Register128<'T>>) =
            if sizeof<'T> = 4 then
                sum.Value <- Vector128.FusedMultiplyAdd(a.Value.AsSingle(), b.Value.AsSingle(), sum.Value.AsSingle()).As<float32, 'T>()
            else
                sum.Value <- Vector128.FusedMultiplyAdd(a.Value.AsDouble(), b.Value.AsDouble(), sum.Value.AsDouble()).As<float, 'T>()

    interface IMatrixRegister<Register128<'T>, 'T> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member LoadRows(source: byref<'T>, _row: nativeint) = Register128(Vector128.LoadUnsafe<'T> &source)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member StoreRows(value, target: byref<'T>, _row: nativeint) = value.Value.StoreUnsafe &target

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member InterleaveLower(a: Register128<'T>, b: Register128<'T>) =
            let halves = Vector128.Create(a.Value.GetLower(), b.Value.GetLower())

            if sizeof<'T> = 4 then
                Register128(Vector128.Shuffle(halves.AsSingle(), Vector128.Create(0, 2, 1, 3)).As<float32, 'T>())
            else
                Register128 halves

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member InterleaveUpper(a: Register128<'T>, b: Register128<'T>) =
            let halves = Vector128.Create(a.Value.GetUpper(), b.Value.GetUpper())

            if sizeof<'T> = 4 then
                Register128(Vector128.Shuffle(halves.AsSingle(), Vector128.Create(0, 2, 1, 3)).As<float32, 'T>())
            else
                Register128 halves

/// 256 bits: eight float32 or four float64 numbers.
[<Struct; NoEquality; NoComparison>]
type internal Register256<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> =
    val mutable Value: Vector256<'T>
    new(value) = { Value = value }

    interface IElement<Register256<'T>> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member (+)(a: Register256<'T>, b: Register256<'T>) : Register256<'T> = Register256(Vector256.Add(a.Value, b.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member (-)(a: Register256<'T>, b: Register256<'T>) : Register256<'T> = Register256(Vector256.Subtract(a.Value, b.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member (*)(a: Register256<'T>, b: Register256<'T>) : Register256<'T> = Register256(Vector256.Multiply(a.Value, b.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member (/)(a: Register256<'T>, b: Register256<'T>) : Register256<'T> = Register256(Vector256.Divide(a.Value, b.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Lift value = Register256(Vector256.Create<'T>('T.CreateTruncating value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Root value = Register256(Vector256.Sqrt value.Value)

        // LessThan is false for NaN, so NaN is kept, as in the scalar maximum.
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Divisor value =
            let smallest = Vector256.Create<'T> Scalar<'T>.SmallestNormal
            Register256(Vector256.ConditionalSelect(Vector256.LessThan(value.Value, smallest), smallest, value.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member RootDivisor value =
            let smallest = Vector256.Create<'T> Scalar<'T>.SmallestRoot
            Register256(Vector256.ConditionalSelect(Vector256.LessThan(value.Value, smallest), smallest, value.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Greater(a, b) =
            Register256(Vector256.ConditionalSelect(Vector256.LessThan(a.Value, b.Value), b.Value, a.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Choose(key, below, neither, above) =
            let zero = Vector256<'T>.Zero

            let upper =
                Vector256.ConditionalSelect(Vector256.GreaterThan(key.Value, zero), above.Value, neither.Value)

            Register256(Vector256.ConditionalSelect(Vector256.LessThan(key.Value, zero), below.Value, upper))

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

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Accumulate(a, b, sum: byref<Register256<'T>>) =
            if sizeof<'T> = 4 then
                sum.Value <- Vector256.FusedMultiplyAdd(a.Value.AsSingle(), b.Value.AsSingle(), sum.Value.AsSingle()).As<float32, 'T>()
            else
                sum.Value <- Vector256.FusedMultiplyAdd(a.Value.AsDouble(), b.Value.AsDouble(), sum.Value.AsDouble()).As<float, 'T>()

    interface IMatrixRegister<Register256<'T>, 'T> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member LoadRows(source: byref<'T>, row: nativeint) =
            let next = row * nativeint Vector128<'T>.Count
            Register256(Vector256.Create(Vector128.LoadUnsafe<'T> &source, Vector128.LoadUnsafe<'T>(&Unsafe.Add(&source, next))))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member StoreRows(value, target: byref<'T>, row: nativeint) =
            let next = row * nativeint Vector128<'T>.Count
            value.Value.GetLower().StoreUnsafe &target
            value.Value.GetUpper().StoreUnsafe(&Unsafe.Add(&target, next))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member InterleaveLower(a: Register256<'T>, b: Register256<'T>) =
            if sizeof<'T> = 4 then
                Register256(Avx.UnpackLow(a.Value.AsSingle(), b.Value.AsSingle()).As<float32, 'T>())
            else
                Register256(Avx.UnpackLow(a.Value.AsDouble(), b.Value.AsDouble()).As<float, 'T>())

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member InterleaveUpper(a: Register256<'T>, b: Register256<'T>) =
            if sizeof<'T> = 4 then
                Register256(Avx.UnpackHigh(a.Value.AsSingle(), b.Value.AsSingle()).As<float32, 'T>())
            else
                Register256(Avx.UnpackHigh(a.Value.AsDouble(), b.Value.AsDouble()).As<float, 'T>())

/// 512 bits: sixteen float32 or eight float64 numbers.
[<Struct; NoEquality; NoComparison>]
type internal Register512<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> =
    val mutable Value: Vector512<'T>
    new(value) = { Value = value }

    interface IElement<Register512<'T>> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member (+)(a: Register512<'T>, b: Register512<'T>) : Register512<'T> = Register512(Vector512.Add(a.Value, b.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member (-)(a: Register512<'T>, b: Register512<'T>) : Register512<'T> = Register512(Vector512.Subtract(a.Value, b.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member (*)(a: Register512<'T>, b: Register512<'T>) : Register512<'T> = Register512(Vector512.Multiply(a.Value, b.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member (/)(a: Register512<'T>, b: Register512<'T>) : Register512<'T> = Register512(Vector512.Divide(a.Value, b.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Lift value = Register512(Vector512.Create<'T>('T.CreateTruncating value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Root value = Register512(Vector512.Sqrt value.Value)

        // LessThan is false for NaN, so NaN is kept, as in the scalar maximum.
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Divisor value =
            let smallest = Vector512.Create<'T> Scalar<'T>.SmallestNormal
            Register512(Vector512.ConditionalSelect(Vector512.LessThan(value.Value, smallest), smallest, value.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member RootDivisor value =
            let smallest = Vector512.Create<'T> Scalar<'T>.SmallestRoot
            Register512(Vector512.ConditionalSelect(Vector512.LessThan(value.Value, smallest), smallest, value.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Greater(a, b) =
            Register512(Vector512.ConditionalSelect(Vector512.LessThan(a.Value, b.Value), b.Value, a.Value))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Choose(key, below, neither, above) =
            let zero = Vector512<'T>.Zero

            let upper =
                Vector512.ConditionalSelect(Vector512.GreaterThan(key.Value, zero), above.Value, neither.Value)

            Register512(Vector512.ConditionalSelect(Vector512.LessThan(key.Value, zero), below.Value, upper))

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

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Accumulate(a, b, sum: byref<Register512<'T>>) =
            if sizeof<'T> = 4 then
                sum.Value <- Vector512.FusedMultiplyAdd(a.Value.AsSingle(), b.Value.AsSingle(), sum.Value.AsSingle()).As<float32, 'T>()
            else
                sum.Value <- Vector512.FusedMultiplyAdd(a.Value.AsDouble(), b.Value.AsDouble(), sum.Value.AsDouble()).As<float, 'T>()

    interface IMatrixRegister<Register512<'T>, 'T> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member LoadRows(source: byref<'T>, row: nativeint) =
            let next = row * nativeint Vector128<'T>.Count
            let third = &Unsafe.Add(&source, 2n * next)

            Register512(
                Vector512.Create(
                    Vector256.Create(Vector128.LoadUnsafe<'T> &source, Vector128.LoadUnsafe<'T>(&Unsafe.Add(&source, next))),
                    Vector256.Create(Vector128.LoadUnsafe<'T> &third, Vector128.LoadUnsafe<'T>(&Unsafe.Add(&third, next)))
                )
            )

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member StoreRows(value, target: byref<'T>, row: nativeint) =
            let next = row * nativeint Vector128<'T>.Count
            let third = &Unsafe.Add(&target, 2n * next)
            let bits = value.Value.AsSingle()
            Avx512F.ExtractVector128(bits, 0uy).As<float32, 'T>().StoreUnsafe &target
            Avx512F.ExtractVector128(bits, 1uy).As<float32, 'T>().StoreUnsafe(&Unsafe.Add(&target, next))
            Avx512F.ExtractVector128(bits, 2uy).As<float32, 'T>().StoreUnsafe &third
            Avx512F.ExtractVector128(bits, 3uy).As<float32, 'T>().StoreUnsafe(&Unsafe.Add(&third, next))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member InterleaveLower(a: Register512<'T>, b: Register512<'T>) =
            if sizeof<'T> = 4 then
                Register512(Avx512F.UnpackLow(a.Value.AsSingle(), b.Value.AsSingle()).As<float32, 'T>())
            else
                Register512(Avx512F.UnpackLow(a.Value.AsDouble(), b.Value.AsDouble()).As<float, 'T>())

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member InterleaveUpper(a: Register512<'T>, b: Register512<'T>) =
            if sizeof<'T> = 4 then
                Register512(Avx512F.UnpackHigh(a.Value.AsSingle(), b.Value.AsSingle()).As<float32, 'T>())
            else
                Register512(Avx512F.UnpackHigh(a.Value.AsDouble(), b.Value.AsDouble()).As<float, 'T>())

/// The widest registers of the machine.
module internal WidestRegister =
    /// Returns the number of elements of one.
    let count<'T> () : int =
        if Vector512.IsHardwareAccelerated then Vector512<'T>.Count
        elif Vector256.IsHardwareAccelerated then Vector256<'T>.Count
        else Vector128<'T>.Count
