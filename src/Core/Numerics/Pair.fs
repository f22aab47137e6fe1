namespace CuteDl.Core.Numerics

open System.Runtime.CompilerServices

/// Two registers as one of twice the width.
[<Struct; NoEquality; NoComparison>]
type internal Pair<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>> =
    val mutable Low: 'V
    val mutable High: 'V
    new(low, high) = { Low = low; High = high }

    interface IRegister<Pair<'V, 'T>, 'T> with
        static member Width = 2 * 'V.Width
        static member Zero = Pair('V.Zero, 'V.Zero)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Broadcast value =
            let all = 'V.Broadcast value
            Pair(all, all)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load(source: byref<'T>) = Pair('V.Load &source, 'V.Load(&Unsafe.Add(&source, 'V.Width)))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(value, target: byref<'T>) =
            'V.Store(value.Low, &target)
            'V.Store(value.High, &Unsafe.Add(&target, 'V.Width))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAdd(a, b, sum) =
            Pair('V.MultiplyAdd(a.Low, b.Low, sum.Low), 'V.MultiplyAdd(a.High, b.High, sum.High))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Accumulate(a, b, sum: byref<Pair<'V, 'T>>) =
            'V.Accumulate(a.Low, b.Low, &sum.Low)
            'V.Accumulate(a.High, b.High, &sum.High)
