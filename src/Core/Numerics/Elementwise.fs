/// Loops over whole arrays, in vectors with a scalar tail. Each element is computed independently with the same rounding, so results do not
/// depend on the vector width, or on the number of threads.
module internal CuteDl.Core.Numerics.Elementwise

#nowarn "9" // Addresses of spans that several threads read and write.

open System
open System.Numerics
open System.Runtime.InteropServices
open CuteDl.Core.Numerics.Arithmetic

/// The fewest elements of a simple pass that are worth a helper.
[<Literal>]
let LeastShared = 16_384L

/// The number of elements of a cache line. Threads that write neighbouring elements of one line wait for each other.
let columnsOfLine<'T> = 64 / sizeof<'T>

/// Adds a row to every row of a matrix. With <c>clears</c>, sums that are not positive then become 0; NaN stays NaN.
[<Kernel>]
let addToRows (matrix: Span<'T>) (row: ReadOnlySpan<'T>) (clears: bool) : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    let width = row.Length
    let step = Vector<'T>.Count
    let zero = Vector<'T>.Zero
    let mutable start = 0

    while start < matrix.Length do
        let target = matrix.Slice(start, width)
        let mutable j = 0

        while j <= width - step do
            let sum = Vector.Add(Vector<'T>(target.Slice j), Vector<'T>(row.Slice j))

            if clears then
                Vector.ConditionalSelect(Vector.LessThanOrEqual(sum, zero), zero, sum).CopyTo(target.Slice j)
            else
                sum.CopyTo(target.Slice j)

            j <- j + step

        while j < width do
            let sum = target[j] + row[j]
            target[j] <- if clears && 'T.op_LessThanOrEqual (sum, 'T.Zero) then 'T.Zero else sum
            j <- j + 1

        start <- start + width

/// Computes a range of the sum of a matrix' rows.
[<Kernel>]
let private sumOfColumns (matrix: ReadOnlySpan<'T>) (sum: Span<'T>) (first: int) (past: int) : unit =
    let width = sum.Length
    let step = Vector<'T>.Count
    let sum = sum.Slice(first, past - first)
    sum.Clear()
    let mutable start = first

    while start < matrix.Length do
        let row = matrix.Slice(start, sum.Length)
        let mutable j = 0

        while j <= sum.Length - step do
            Vector.Add(Vector<'T>(sum.Slice(j)), Vector<'T>(row.Slice(j))).CopyTo(sum.Slice(j))
            j <- j + step

        while j < sum.Length do
            sum[j] <- sum[j] + row[j]
            j <- j + 1

        start <- start + width

/// A sum of rows that several threads compute, each for some columns. Each thread has one of its own, which it uses again.
[<Sealed>]
type private SharedSum<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>() =
    inherit SharedWork()

    [<ThreadStatic; DefaultValue>]
    static val mutable private ofThread: SharedSum<'T>

    static member OfThread: SharedSum<'T> =
        if isNull (box SharedSum<'T>.ofThread) then
            SharedSum<'T>.ofThread <- SharedSum<'T>()

        SharedSum<'T>.ofThread

    member val Matrix = Pinned<'T>() with get, set
    member val Sum = Pinned<'T>() with get, set

    override sum.Run(part, parts) =
        let struct (first, past) = SharedWork.Range(sum.Sum.Length, columnsOfLine<'T>, part, parts)
        sumOfColumns sum.Matrix.ReadOnly sum.Sum.Span first past

/// Computes the sum of a matrix' rows, from the first to the last.
let sumOfRows (matrix: ReadOnlySpan<'T>) (sum: Span<'T>) : unit =
    let parts = Team.Parts(int64 matrix.Length, LeastShared, sum.Length / columnsOfLine<'T>)

    if parts = 1 then
        sumOfColumns matrix sum 0 sum.Length
    else
        use pinnedMatrix = fixed &MemoryMarshal.GetReference matrix
        use pinnedSum = fixed &MemoryMarshal.GetReference sum
        let shared = SharedSum<'T>.OfThread
        shared.Matrix <- Pinned(pinnedMatrix, matrix.Length)
        shared.Sum <- Pinned(pinnedSum, sum.Length)
        Team.Run(shared, parts)

/// Sets target[i] to 0 if keys[i] ≤ 0. With the target itself as keys this is relu; NaN stays NaN.
[<Kernel>]
let clearWhereNotPositive (target: Span<'T>) (keys: ReadOnlySpan<'T>) : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    let step = Vector<'T>.Count
    let zero = Vector<'T>.Zero
    let mutable i = 0

    while i <= target.Length - step do
        let isOut = Vector.LessThanOrEqual(Vector<'T>(keys.Slice(i)), zero)
        Vector.ConditionalSelect(isOut, zero, Vector<'T>(target.Slice(i))).CopyTo(target.Slice(i))
        i <- i + step

    while i < target.Length do
        if 'T.op_LessThanOrEqual (keys[i], 'T.Zero) then
            target[i] <- 'T.Zero

        i <- i + 1

/// Multiplies every element by a factor.
[<Kernel>]
let scale (target: Span<'T>) (factor: 'T) : unit =
    let step = Vector<'T>.Count
    let mutable i = 0

    while i <= target.Length - step do
        Vector.Multiply(Vector<'T>(target.Slice i), factor).CopyTo(target.Slice i)
        i <- i + step

    while i < target.Length do
        target[i] <- target[i] * factor
        i <- i + 1

/// Adds other[i] to target[i].
[<Kernel>]
let add (target: Span<'T>) (other: ReadOnlySpan<'T>) : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    let step = Vector<'T>.Count
    let mutable i = 0

    while i <= target.Length - step do
        Vector.Add(Vector<'T>(target.Slice i), Vector<'T>(other.Slice i)).CopyTo(target.Slice i)
        i <- i + step

    while i < target.Length do
        target[i] <- target[i] + other[i]
        i <- i + 1

/// Sets target[i] to target[i] · factor + other[i] · ofOther.
[<Kernel>]
let mix (target: Span<'T>) (factor: 'T) (other: ReadOnlySpan<'T>) (ofOther: 'T) : unit =
    let step = Vector<'T>.Count
    let mutable i = 0

    while i <= target.Length - step do
        let first = Vector.Multiply(Vector<'T>(target.Slice i), factor)
        let second = Vector.Multiply(Vector<'T>(other.Slice i), ofOther)
        Vector.Add(first, second).CopyTo(target.Slice i)
        i <- i + step

    while i < target.Length do
        target[i] <- target[i] * factor + other[i] * ofOther
        i <- i + 1

/// Sets target[i] to target[i] · factors[i] · factor.
[<Kernel>]
let scaleBy (target: Span<'T>) (factors: ReadOnlySpan<'T>) (factor: 'T) : unit =
    let step = Vector<'T>.Count
    let mutable i = 0

    while i <= target.Length - step do
        let own = Vector.Multiply(Vector<'T>(target.Slice i), Vector<'T>(factors.Slice i))
        Vector.Multiply(own, factor).CopyTo(target.Slice i)
        i <- i + step

    while i < target.Length do
        target[i] <- target[i] * factors[i] * factor
        i <- i + 1

/// Adds values[i]² + constant to sums[i].
[<Kernel>]
let addSquares (sums: Span<'T>) (values: ReadOnlySpan<'T>) (constant: 'T) : unit =
    let step = Vector<'T>.Count
    let constants = Vector<'T> constant
    let mutable i = 0

    while i <= sums.Length - step do
        let value = Vector<'T>(values.Slice i)
        let square = Vector.Add(Vector.Multiply(value, value), constants)
        Vector.Add(Vector<'T>(sums.Slice i), square).CopyTo(sums.Slice i)
        i <- i + step

    while i < sums.Length do
        sums[i] <- sums[i] + (values[i] * values[i] + constant)
        i <- i + 1
