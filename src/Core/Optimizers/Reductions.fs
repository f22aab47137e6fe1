/// Sums over whole tensors, always in double precision.
///
/// There are eight partial sums: element i belongs to number i mod 8. Four groups of eight neighbours at a time are first added to each
/// other, as (1 + 2) + (3 + 4), so that a sum waits for one addition instead of four. The remaining groups are added one by one. At the end
/// the partial sums are added in a fixed order, and then the elements that fill no group. This order depends on the elements only, so the
/// bits do not depend on the register width. A register handles as many partial sums as it has lanes, and further rounds handle the others.
/// Squares of float32 numbers are exact in double, so a norm of float32 numbers cannot overflow. A norm of float64 numbers overflows if
/// elements exceed about 1e154: it is infinite, and a gradient clipped by it is 0. Scaling, as in BLAS, would need a division per element
/// or a second pass at every step.
module internal CuteDl.Core.Optimizers.Reductions

open System
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open System.Runtime.Intrinsics
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// The summand, as a function of an element of x and the element of y at the same position.
type private ITerm =
    static abstract Of<'E when 'E: struct and 'E :> IElement<'E>> : x: 'E * y: 'E -> 'E

[<Struct; NoEquality; NoComparison>]
type private Product =
    interface ITerm with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of(x, y) = x * y

/// The product of two equal operands: the second one is not loaded.
[<Struct; NoEquality; NoComparison>]
type private Square =
    interface ITerm with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of(x, _) = x * x

[<Struct; NoEquality; NoComparison>]
type private Magnitude =
    interface ITerm with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of(x: 'E, _) = 'E.Greater(x, 'E.Lift 0.0 - x)

[<Struct; NoEquality; NoComparison>]
type private SquareOfDifference =
    interface ITerm with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of(x, y) =
            let difference = x - y
            difference * difference

[<Struct; NoEquality; NoComparison>]
type private SquareOfProduct =
    interface ITerm with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of(x, y) =
            let product = x * y
            product * product

[<Struct; NoEquality; NoComparison>]
type private EqualSign =
    interface ITerm with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of(x: 'E, y) = 'E.Choose(Element.sign x * y, 'E.Lift 0.0, 'E.Lift 0.0, 'E.Lift 1.0)

[<Literal>]
let private partials = 8

/// Loads as many elements as a register of doubles holds, and converts them to double.
[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private widen<'D, 'T when 'T: unmanaged and 'D: struct and 'D :> IRegister<'D, float>> (source: byref<'T>) : 'D =
    // The JIT evaluates conditions on sizes when it compiles the method.
    if sizeof<'T> = 8 then
        'D.Load(&Unsafe.As<'T, float> &source)
    elif 'D.Width = 8 then
        let singles = Vector256.LoadUnsafe<float32>(&Unsafe.As<'T, float32> &source)
        Unsafe.BitCast<Vector512<float>, 'D>(Vector512.WidenLower(Vector256.ToVector512Unsafe singles))
    elif 'D.Width = 4 then
        let singles = Vector128.LoadUnsafe<float32>(&Unsafe.As<'T, float32> &source)
        Unsafe.BitCast<Vector256<float>, 'D>(Vector256.WidenLower(Vector128.ToVector256Unsafe singles))
    else
        let singles = Vector64.LoadUnsafe<float32>(&Unsafe.As<'T, float32> &source)
        Unsafe.BitCast<Vector128<float>, 'D>(Vector128.WidenLower(Vector64.ToVector128Unsafe singles))

[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private term<'K, 'D, 'T when 'K :> ITerm and 'T: unmanaged and 'D: struct and 'D :> IElement<'D> and 'D :> IRegister<'D, float>>
    (x: byref<'T>, y: byref<'T>, at: int)
    : 'D =
    'K.Of(widen<'D, 'T>(&Unsafe.Add(&x, at)), widen<'D, 'T>(&Unsafe.Add(&y, at)))

/// Writes the partial sums of the groups into eight doubles.
[<Kernel>]
let private addGroups<'K, 'D, 'T when 'K :> ITerm and 'T: unmanaged and 'D: struct and 'D :> IElement<'D> and 'D :> IRegister<'D, float>>
    (x: byref<'T>, y: byref<'T>, length: int, sums: byref<float>)
    : unit =
    let mutable first = 0

    while first < partials do
        let mutable sum = 'D.Zero
        let mutable i = first

        while i - first <= length - 4 * partials do
            let front = term<'K, 'D, 'T>(&x, &y, i) + term<'K, 'D, 'T>(&x, &y, i + partials)
            let back = term<'K, 'D, 'T>(&x, &y, i + 2 * partials) + term<'K, 'D, 'T>(&x, &y, i + 3 * partials)
            sum <- sum + (front + back)
            i <- i + 4 * partials

        while i - first <= length - partials do
            sum <- sum + term<'K, 'D, 'T>(&x, &y, i)
            i <- i + partials

        'D.Store(sum, &Unsafe.Add(&sums, first))
        first <- first + 'D.Width

/// Space for the partial sums.
[<Struct; NoEquality; NoComparison; StructLayout(LayoutKind.Sequential, Size = 64)>]
type private Eight =
    val First: float

let private sum<'K, 'T when 'K :> ITerm and 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (x: ReadOnlySpan<'T>)
    (y: ReadOnlySpan<'T>)
    : float =
    let ofX = &MemoryMarshal.GetReference x
    let ofY = &MemoryMarshal.GetReference y
    let mutable eight = Eight()
    let sums = &Unsafe.As<Eight, float> &eight

    if x.Length >= partials then
        if Vector512.IsHardwareAccelerated then
            addGroups<'K, Register512<float>, 'T>(&ofX, &ofY, x.Length, &sums)
        elif Vector256.IsHardwareAccelerated then
            addGroups<'K, Register256<float>, 'T>(&ofX, &ofY, x.Length, &sums)
        else
            addGroups<'K, Register128<float>, 'T>(&ofX, &ofY, x.Length, &sums)

    let mutable rest = 0.0

    for i in x.Length / partials * partials .. x.Length - 1 do
        let last: Scalar<float> =
            'K.Of(Scalar(Double.CreateTruncating x[i]), Scalar(Double.CreateTruncating y[i]))

        rest <- rest + last.Value

    let s = MemoryMarshal.CreateReadOnlySpan(&sums, partials)
    (((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]))) + rest

/// Returns Σ x².
let squares (x: ReadOnlySpan<'T>) : float = sum<Square, 'T> x x

/// Returns Σ x y over two tensors of equal length.
let products (x: ReadOnlySpan<'T>) (y: ReadOnlySpan<'T>) : float = sum<Product, 'T> x (y.Slice(0, x.Length))

/// Returns Σ |x|.
let magnitudes (x: ReadOnlySpan<'T>) : float = sum<Magnitude, 'T> x x

/// Returns the number of positions at which two tensors of equal length have the same sign, and no 0.
let equalSigns (x: ReadOnlySpan<'T>) (y: ReadOnlySpan<'T>) : float = sum<EqualSign, 'T> x (y.Slice(0, x.Length))

/// Returns Σ (x − y)² over two tensors of equal length.
let squaresOfDifferences (x: ReadOnlySpan<'T>) (y: ReadOnlySpan<'T>) : float = sum<SquareOfDifference, 'T> x (y.Slice(0, x.Length))

/// Returns Σ (x y)² over two tensors of equal length.
let squaresOfProducts (x: ReadOnlySpan<'T>) (y: ReadOnlySpan<'T>) : float = sum<SquareOfProduct, 'T> x (y.Slice(0, x.Length))

/// The terms of <c>normalizedSquares</c>.
[<Struct; NoEquality; NoComparison>]
type private NormalizedSquare<'E when 'E: struct and 'E :> IElement<'E>> =
    { Keep: 'E
      Take: 'E
      Scale: 'E
      Least: 'E }

    static member Of(decay: float, scale: float, least: float) : NormalizedSquare<'E> =
        { Keep = 'E.Lift decay; Take = 'E.Lift(1.0 - decay); Scale = 'E.Lift scale; Least = 'E.Lift least }

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    member terms.Of(x: 'E, mean: 'E) : 'E =
        x * x / 'E.Greater((terms.Keep * mean + terms.Take * x * x) * terms.Scale, terms.Least)

/// Adds the terms that fill whole registers, in the order of the elements: a register at a time is computed while the last one is added.
[<Kernel>]
let private addNormalizedSquares<'D, 'T when 'T: unmanaged and 'D: struct and 'D :> IElement<'D> and 'D :> IRegister<'D, float>>
    (x: byref<'T>, means: byref<'T>, length: int, decay: float, scale: float, least: float)
    : float =
    let terms = NormalizedSquare<'D>.Of(decay, scale, least)
    let mutable eight = Eight()
    let values = &Unsafe.As<Eight, float> &eight
    let mutable sum = 0.0
    let mutable i = 0

    while i <= length - 'D.Width do
        'D.Store(terms.Of(widen<'D, 'T>(&Unsafe.Add(&x, i)), widen<'D, 'T>(&Unsafe.Add(&means, i))), &values)
        sum <- sum + values + Unsafe.Add(&values, 1)

        if 'D.Width > 2 then
            sum <- sum + Unsafe.Add(&values, 2) + Unsafe.Add(&values, 3)

        if 'D.Width > 4 then
            sum <-
                sum
                + Unsafe.Add(&values, 4)
                + Unsafe.Add(&values, 5)
                + Unsafe.Add(&values, 6)
                + Unsafe.Add(&values, 7)

        i <- i + 'D.Width

    sum

/// Returns Σ x² / max(scale · (decay · mean + (1 − decay) · x²), least), added in the order of the elements.
let normalizedSquares (x: ReadOnlySpan<'T>) (means: ReadOnlySpan<'T>) (decay: float) (scale: float) (least: float) : float =
    let ofX = &MemoryMarshal.GetReference x
    let ofMeans = &MemoryMarshal.GetReference(means.Slice(0, x.Length))

    let struct (width, first) =
        if Vector512.IsHardwareAccelerated then
            struct (Vector512<float>.Count, addNormalizedSquares<Register512<float>, 'T>(&ofX, &ofMeans, x.Length, decay, scale, least))
        elif Vector256.IsHardwareAccelerated then
            struct (Vector256<float>.Count, addNormalizedSquares<Register256<float>, 'T>(&ofX, &ofMeans, x.Length, decay, scale, least))
        else
            struct (Vector128<float>.Count, addNormalizedSquares<Register128<float>, 'T>(&ofX, &ofMeans, x.Length, decay, scale, least))

    let terms = NormalizedSquare<Scalar<float>>.Of(decay, scale, least)
    let mutable sum = first

    for i in x.Length / width * width .. x.Length - 1 do
        let last = terms.Of(Scalar(Double.CreateTruncating x[i]), Scalar(Double.CreateTruncating means[i]))
        sum <- sum + last.Value

    sum

/// Returns the number of positions at which two tensors of equal length differ. NaN equals NaN, and 0 equals −0. In single precision, exact
/// for up to 16 million elements.
let differences (x: ReadOnlySpan<'T>) (y: ReadOnlySpan<'T>) : int when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    let step = Vector<'T>.Count
    let mutable count = Vector<'T>.Zero
    let mutable i = 0

    while i <= x.Length - step do
        let a, b = Vector<'T>(x.Slice i), Vector<'T>(y.Slice i)
        let bothNaN = Vector.BitwiseOr(Vector.Equals(a, a), Vector.Equals(b, b)) |> Vector.OnesComplement
        let equal = Vector.BitwiseOr(Vector.Equals(a, b), bothNaN)
        count <- Vector.Add(count, Vector.ConditionalSelect(equal, Vector<'T>.Zero, Vector<'T>.One))
        i <- i + step

    let mutable total = Int32.CreateTruncating(Vector.Sum count)

    while i < x.Length do
        if not (x[i].Equals y[i]) then
            total <- total + 1

        i <- i + 1

    total

/// Returns the number of elements that are NaN or infinite.
let nonFinite (x: ReadOnlySpan<'T>) : int when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    let mutable count = 0

    for value in x do
        if not ('T.IsFinite value) then
            count <- count + 1

    count

/// Returns 0 if a function of all elements is finite, otherwise NaN.
let inline private zero
    ([<InlineIfLambda>] ofVector: Vector<'T> -> Vector<'T>)
    ([<InlineIfLambda>] ofElement: 'T -> 'T)
    (x: ReadOnlySpan<'T>)
    : float =
    let step = Vector<'T>.Count
    let mutable sum = Vector<'T>.Zero
    let mutable i = 0

    while i <= x.Length - step do
        sum <- Vector.Add(sum, Vector.Multiply(ofVector (Vector<'T>(x.Slice i)), Vector<'T>.Zero))
        i <- i + step

    let mutable total = Double.CreateTruncating(Vector.Sum sum)

    while i < x.Length do
        total <- total + Double.CreateTruncating(ofElement x[i]) * 0.0
        i <- i + 1

    total

/// Returns 0 if the squares of all elements are finite in the elements' own precision, otherwise NaN.
let squarable (x: ReadOnlySpan<'T>) : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    zero (fun value -> Vector.Multiply(value, value)) (fun value -> 'T.op_Multiply (value, value)) x

/// Returns 0 if all elements are finite, otherwise NaN.
let finite (x: ReadOnlySpan<'T>) : float when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> = zero id id x
