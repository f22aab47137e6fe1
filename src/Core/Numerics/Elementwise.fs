/// Loops over whole arrays, in vectors with a scalar tail. Each element is computed independently with the same rounding, so results do not
/// depend on the vector width, or on the number of threads.
module internal CuteDl.Core.Numerics.Elementwise

#nowarn "9" // Addresses of spans that several threads read and write.

open System
open System.Numerics
open System.Runtime.CompilerServices
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
    let last = width - step
    let zero = Vector<'T>.Zero
    let first = &MemoryMarshal.GetReference matrix
    let row = &MemoryMarshal.GetReference row

    let inline finish (sum: Vector<'T>) =
        if clears then Vector.ConditionalSelect(Vector.LessThanOrEqual(sum, zero), zero, sum) else sum

    for i in 0 .. matrix.Length / width - 1 do
        let target = &Unsafe.Add(&first, i * width)

        if last >= 0 then
            // The last register overlaps the one before, so it is loaded before that one is stored.
            let overlapping =
                Vector.Add(Vector.LoadUnsafe(&Unsafe.Add(&target, last)), Vector.LoadUnsafe(&Unsafe.Add(&row, last)))

            let mutable j = 0

            while j < last do
                let sum =
                    Vector.Add(Vector.LoadUnsafe(&Unsafe.Add(&target, j)), Vector.LoadUnsafe(&Unsafe.Add(&row, j)))

                Vector.StoreUnsafe(finish sum, &Unsafe.Add(&target, j))
                j <- j + step

            Vector.StoreUnsafe(finish overlapping, &Unsafe.Add(&target, last))
        else
            for j in 0 .. width - 1 do
                let sum = Unsafe.Add(&target, j) + Unsafe.Add(&row, j)
                Unsafe.Add(&target, j) <- if clears && 'T.op_LessThanOrEqual (sum, 'T.Zero) then 'T.Zero else sum

/// Computes a range of the sum of a matrix' rows.
[<Kernel>]
let private sumOfColumns
    (matrix: ReadOnlySpan<'T>)
    (sum: Span<'T>)
    (first: int)
    (past: int)
    : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    let width = sum.Length
    let rows = matrix.Length / width
    let step = Vector<'T>.Count
    let matrix = &MemoryMarshal.GetReference matrix
    let sums = &MemoryMarshal.GetReference sum
    let mutable j = first

    // Four independent chains of additions.
    while j <= past - 4 * step do
        let mutable s0 = Vector<'T>.Zero
        let mutable s1 = Vector<'T>.Zero
        let mutable s2 = Vector<'T>.Zero
        let mutable s3 = Vector<'T>.Zero

        for i in 0 .. rows - 1 do
            let row = &Unsafe.Add(&matrix, i * width + j)
            s0 <- Vector.Add(s0, Vector.LoadUnsafe &row)
            s1 <- Vector.Add(s1, Vector.LoadUnsafe(&Unsafe.Add(&row, step)))
            s2 <- Vector.Add(s2, Vector.LoadUnsafe(&Unsafe.Add(&row, 2 * step)))
            s3 <- Vector.Add(s3, Vector.LoadUnsafe(&Unsafe.Add(&row, 3 * step)))

        let sums = &Unsafe.Add(&sums, j)
        Vector.StoreUnsafe(s0, &sums)
        Vector.StoreUnsafe(s1, &Unsafe.Add(&sums, step))
        Vector.StoreUnsafe(s2, &Unsafe.Add(&sums, 2 * step))
        Vector.StoreUnsafe(s3, &Unsafe.Add(&sums, 3 * step))
        j <- j + 4 * step

    // The last register overlaps the one before.
    while j < past && past - first >= step do
        let column = min j (past - step)
        let mutable s = Vector<'T>.Zero

        for i in 0 .. rows - 1 do
            s <- Vector.Add(s, Vector.LoadUnsafe(&Unsafe.Add(&matrix, i * width + column)))

        Vector.StoreUnsafe(s, &Unsafe.Add(&sums, column))
        j <- j + step

    while j < past do
        let mutable s = 'T.Zero

        for i in 0 .. rows - 1 do
            s <- s + Unsafe.Add(&matrix, i * width + j)

        Unsafe.Add(&sums, j) <- s
        j <- j + 1

/// A sum of rows that several threads compute, each for some columns.
[<Sealed>]
type private SharedSum<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>() =
    inherit SharedWork()

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
        let shared = PerThread<SharedSum<'T>>.Value
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
