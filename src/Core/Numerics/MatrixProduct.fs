/// Computes C = A·B for the three products of a dense layer: x·W, xᵀ·δ and δ·Wᵀ.
///
/// Each element of C is one chain of fused multiply-adds over the depth in ascending order, starting from 0. So the bits of C do not depend
/// on the register width, the tiling, or the number of threads.
///
/// Performance: see docs/adr/0040. TiledProduct.fs divides a product into blocks and tiles, Tiles.fs multiplies a tile in registers, and
/// Panels.fs copies columns of B to contiguous memory.
module CuteDl.Core.Numerics.MatrixProduct

#nowarn "9" // Addresses of spans that several threads read and write.

open System
open System.Buffers
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open System.Runtime.Intrinsics

/// <summary>The strides of a matrix in a span: element (i, j) has the index <c>i · Row + j · Column</c>.</summary>
[<Struct>]
type Strides = { Row: int; Column: int }

/// <summary>Returns the strides of a row-major matrix.</summary>
let rowMajor (columns: int) = { Row = columns; Column = 1 }

/// <summary>Returns the strides of the transpose of a row-major matrix.</summary>
let transposed (columns: int) = { Row = 1; Column = columns }

/// <summary>Computes C = A·B by its definition, one element after another. This is the specification of <c>multiply</c>.</summary>
let naive
    (a: ReadOnlySpan<'T>)
    (aStrides: Strides)
    (b: ReadOnlySpan<'T>)
    (bStrides: Strides)
    (c: Span<'T>)
    (rows: int)
    (depth: int)
    (columns: int)
    : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    for i in 0 .. rows - 1 do
        for j in 0 .. columns - 1 do
            let mutable sum = 'T.Zero

            for k in 0 .. depth - 1 do
                let left = a[i * aStrides.Row + k * aStrides.Column]
                let right = b[k * bStrides.Row + j * bStrides.Column]
                sum <- 'T.FusedMultiplyAdd(left, right, sum)

            c[i * columns + j] <- sum

let private check (name: string) (length: int) (strides: Strides) (rows: int) (columns: int) =
    if rows < 0 || columns < 0 || strides.Row < 0 || strides.Column < 0 then
        raise (
            ArgumentException(
                $"The matrix has the size {rows} × {columns} and the strides {strides.Row} and {strides.Column}. None of them may be negative.",
                name
            )
        )

    let needed =
        if rows = 0 || columns = 0 then
            0L
        else
            int64 (rows - 1) * int64 strides.Row + int64 (columns - 1) * int64 strides.Column + 1L

    if int64 length < needed then
        raise (
            ArgumentException(
                $"The span has {length} elements, but a matrix of {rows} × {columns} with these strides needs {needed}.",
                name
            )
        )

/// Computes the columns of C in a range, with the widest registers of the machine of which the columns fill more than half of one.
let private multiplyColumns
    (isUpper: bool)
    (a: ReadOnlySpan<'T>)
    (aStrides: Strides)
    (b: ReadOnlySpan<'T>)
    (bStrides: Strides)
    (c: Span<'T>)
    (rows: int)
    (depth: int)
    (columns: int)
    (first: int)
    (past: int)
    : unit =
    let aRow, aColumn = aStrides.Row, aStrides.Column
    let bRow, bColumn = bStrides.Row, bStrides.Column

    if Vector512.IsHardwareAccelerated && columns > Vector256<'T>.Count then
        TiledProduct.multiply<Register512<'T>, 'T> a aRow aColumn b bRow bColumn c rows depth columns first past isUpper
    elif Vector256.IsHardwareAccelerated && columns > Vector128<'T>.Count then
        TiledProduct.multiply<Register256<'T>, 'T> a aRow aColumn b bRow bColumn c rows depth columns first past isUpper
    elif Vector128.IsHardwareAccelerated then
        TiledProduct.multiply<Register128<'T>, 'T> a aRow aColumn b bRow bColumn c rows depth columns first past isUpper
    else
        naive a aStrides b bStrides c rows depth columns

/// Returns the columns of a panel, for any of the register types that the product can use.
let private panelColumns<'T> () = 2 * WidestRegister.count<'T>()

/// Returns the rows of a tile.
let private tileRows<'T> (columns: int) =
    if columns <= WidestRegister.count<'T>() then Tiles.TallRows else Tiles.WideRows

/// A product that several threads compute.
[<Sealed>]
type private SharedProduct<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>() =
    inherit SharedWork()

    member val A = Pinned<'T>() with get, set
    member val AStrides = rowMajor 0 with get, set
    member val B = Pinned<'T>() with get, set
    member val BStrides = rowMajor 0 with get, set
    member val C = Pinned<'T>() with get, set
    member val Rows = 0 with get, set
    member val Depth = 0 with get, set
    member val Columns = 0 with get, set
    member val IsUpper = false with get, set
    member val ByRows = false with get, set

    override product.Run(part, parts) =
        let a = product.A.ReadOnly
        let b = product.B.ReadOnly
        let c = product.C.Span

        if product.ByRows then
            let struct (first, past) = SharedWork.Range(product.Rows, tileRows<'T> product.Columns, part, parts)

            if first < past then
                multiplyColumns
                    false
                    (a.Slice(first * product.AStrides.Row))
                    product.AStrides
                    b
                    product.BStrides
                    (c.Slice(first * product.Columns))
                    (past - first)
                    product.Depth
                    product.Columns
                    0
                    product.Columns
        else
            let struct (first, past) = SharedWork.Range(product.Columns, panelColumns<'T>(), part, parts)

            multiplyColumns product.IsUpper a product.AStrides b product.BStrides c product.Rows product.Depth product.Columns first past

/// The fewest multiply-adds that are worth a helper.
[<Literal>]
let internal LeastShared = 250_000L

/// Computes C as it is, on as many threads as are worth it.
let private multiplyDivided
    (isUpper: bool)
    (a: ReadOnlySpan<'T>)
    (aStrides: Strides)
    (b: ReadOnlySpan<'T>)
    (bStrides: Strides)
    (c: Span<'T>)
    (rows: int)
    (depth: int)
    (columns: int)
    : unit =
    let panels = if Vector128.IsHardwareAccelerated then columns / panelColumns<'T>() else 0

    let bands = if isUpper then 0 else rows / tileRows<'T> columns
    // By columns, threads share no work. By rows, each copies all panels of B. That costs little if there are many rows, and each thread then
    // writes whole rows: the update divides a gradient in the same way.
    let byRows = bands > 1 && (panels < 4 || rows > columns)

    let parts =
        Team.Parts(int64 rows * int64 depth * int64 columns, LeastShared, (if byRows then bands else panels))

    if parts = 1 then
        multiplyColumns isUpper a aStrides b bStrides c rows depth columns 0 columns
    else
        use pinnedA = fixed &MemoryMarshal.GetReference a
        use pinnedB = fixed &MemoryMarshal.GetReference b
        use pinnedC = fixed &MemoryMarshal.GetReference c
        let product = PerThread<SharedProduct<'T>>.Value
        product.A <- Pinned(pinnedA, a.Length)
        product.AStrides <- aStrides
        product.B <- Pinned(pinnedB, b.Length)
        product.BStrides <- bStrides
        product.C <- Pinned(pinnedC, c.Length)
        product.Rows <- rows
        product.Depth <- depth
        product.Columns <- columns
        product.IsUpper <- isUpper
        product.ByRows <- byRows
        // The panels of a triangle differ in size. Smaller parts end at about the same time.
        Team.Run(product, (if isUpper then min panels (4 * parts) else parts))

/// Returns the multiple of a size that is not below a number.
let private roundUp (number: int) (size: int) = (number + size - 1) / size * size

/// True if it is faster to compute the transpose of C. Columns fill registers, and rows fill tiles, so few columns can leave most of a register
/// empty. The transpose must be wide enough for the copy back to count for little.
let private prefersTranspose<'T when 'T: unmanaged> (rows: int) (depth: int) (columns: int) : bool =
    let lanes = WidestRegister.count<'T>()

    Vector128.IsHardwareAccelerated
    && depth >= 32
    && rows >= 4 * lanes
    && 5 * roundUp columns lanes >= 6 * roundUp columns Tiles.WideRows * roundUp rows lanes / rows

let private exchanged (strides: Strides) = { Row = strides.Column; Column = strides.Row }

/// Copies the columns of a matrix to rows.
let private unfold
    (source: byref<'T>)
    (target: byref<'T>)
    (rows: int)
    (columns: int)
    : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    if Vector512.IsHardwareAccelerated then
        Panels.unfold<Register512<'T>, 'T> &source rows &target columns rows
    elif Vector256.IsHardwareAccelerated then
        Panels.unfold<Register256<'T>, 'T> &source rows &target columns rows
    else
        Panels.unfold<Register128<'T>, 'T> &source rows &target columns rows

let rec private multiplyPart
    (isUpper: bool)
    (a: ReadOnlySpan<'T>)
    (aStrides: Strides)
    (b: ReadOnlySpan<'T>)
    (bStrides: Strides)
    (c: Span<'T>)
    (rows: int)
    (depth: int)
    (columns: int)
    : unit =
    check (nameof a) a.Length aStrides rows depth
    check (nameof b) b.Length bStrides depth columns
    check (nameof c) c.Length (rowMajor columns) rows columns

    if depth = 0 then
        c.Slice(0, rows * columns).Clear()
    elif not isUpper && prefersTranspose<'T> rows depth columns then
        // C = (Bᵀ·Aᵀ)ᵀ. The factors of each multiply-add are exchanged, which changes no bits.
        let length = rows * columns
        let space = ArrayPool<'T>.Shared.Rent length
        let transpose = Span(space, 0, length)
        multiplyPart false b (exchanged bStrides) a (exchanged aStrides) transpose columns depth rows
        unfold (&MemoryMarshal.GetReference transpose) (&MemoryMarshal.GetReference c) rows columns
        ArrayPool<'T>.Shared.Return space
    else
        multiplyDivided isUpper a aStrides b bStrides c rows depth columns

/// <summary>Computes C = A·B.</summary>
/// <param name="a">A, rows × depth.</param>
/// <param name="aStrides">The strides of A.</param>
/// <param name="b">B, depth × columns.</param>
/// <param name="bStrides">The strides of B.</param>
/// <param name="c">C, rows × columns, row-major; overwritten. Must not overlap A or B.</param>
/// <param name="rows">The number of rows of A and C.</param>
/// <param name="depth">The number of columns of A, which is the number of rows of B.</param>
/// <param name="columns">The number of columns of B and C.</param>
/// <exception cref="T:System.ArgumentException">A dimension or stride is negative, or a span is too short for its shape.</exception>
let multiply
    (a: ReadOnlySpan<'T>)
    (aStrides: Strides)
    (b: ReadOnlySpan<'T>)
    (bStrides: Strides)
    (c: Span<'T>)
    (rows: int)
    (depth: int)
    (columns: int)
    : unit =
    multiplyPart false a aStrides b bStrides c rows depth columns

/// The side of the square blocks in which matrices are transposed: a row of a block of float32 numbers is one cache line.
[<Literal>]
let private turned = 16

/// <summary>Transposes a matrix.</summary>
/// <param name="source">rows × columns, row-major.</param>
/// <param name="target">columns × rows, row-major; overwritten. Must not overlap the source.</param>
/// <param name="rows">The number of rows of the source.</param>
/// <param name="columns">The number of columns of the source.</param>
/// <exception cref="T:System.ArgumentException">A dimension is negative, or a span is too short for its shape.</exception>
let transpose (source: ReadOnlySpan<'T>) (target: Span<'T>) (rows: int) (columns: int) : unit =
    check (nameof source) source.Length (rowMajor columns) rows columns
    check (nameof target) target.Length (rowMajor rows) columns rows
    let mutable top = 0

    while top < rows do
        let mutable left = 0

        while left < columns do
            for i in top .. min rows (top + turned) - 1 do
                for j in left .. min columns (left + turned) - 1 do
                    target[j * rows + i] <- source[i * columns + j]

            left <- left + turned

        top <- top + turned

/// <summary>
/// Computes C = A·B for a symmetric C, such as Xᵀ·X or the square of a symmetric matrix. It gives the bits of <c>multiply</c> on and above
/// the diagonal, for about half the work.
/// </summary>
/// <param name="a">A, size × depth.</param>
/// <param name="aStrides">The strides of A.</param>
/// <param name="b">B, depth × size.</param>
/// <param name="bStrides">The strides of B.</param>
/// <param name="c">C, size × size, row-major; overwritten. Must not overlap A or B.</param>
/// <param name="size">The number of rows of A, which is the number of columns of B.</param>
/// <param name="depth">The number of columns of A, which is the number of rows of B.</param>
/// <exception cref="T:System.ArgumentException">A dimension or stride is negative, or a span is too short for its shape.</exception>
let multiplySymmetric
    (a: ReadOnlySpan<'T>)
    (aStrides: Strides)
    (b: ReadOnlySpan<'T>)
    (bStrides: Strides)
    (c: Span<'T>)
    (size: int)
    (depth: int)
    : unit =
    multiplyPart true a aStrides b bStrides c size depth size
    let mutable top = 0

    while top < size do
        let mutable left = 0

        while left <= top do
            for i in top .. min size (top + turned) - 1 do
                for j in left .. min i (left + turned) - 1 do
                    c[i * size + j] <- c[j * size + i]

            left <- left + turned

        top <- top + turned
