/// Divides a matrix product C = A·B into blocks and tiles.
///
/// A block of the depth is multiplied at a time. The chains of C continue in the next block from the elements of C. For each block, two
/// registers' width of B's columns are copied to a contiguous panel, which stays in the L1 cache while all rows of A pass. The topmost tile
/// reads a row-major B in place and fills the panel as it goes, so the copy costs little. Other layouts of B are copied first.
///
/// A tile that exceeds C is computed in a buffer. A caller can divide a product between threads: by rows, with slices of A and C, or by
/// columns, with ranges of panels.
module internal CuteDl.Core.Numerics.TiledProduct

#nowarn "9" // An address, to align the workspace.

open System
open System.Buffers
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open FSharp.NativeInterop

/// The greatest depth of a block. A panel and the rows of A of a tile then fit an L1 cache of 32 KiB, or of 48 KiB for registers of 512 bits.
[<Literal>]
let deepest = 272

/// The rows of A that are multiplied with all of B before the next ones. At the greatest depth of a block, they fit an L2 cache of 512 KiB.
/// A multiple of the rows of both kinds of tiles.
[<Literal>]
let tallest = 240

[<Kernel>]
let private copyTile (source: byref<'T>) (sourceRow: int) (target: byref<'T>) (targetRow: int) (rows: int) (columns: int) =
    for i in 0 .. rows - 1 do
        let from = MemoryMarshal.CreateReadOnlySpan(&Unsafe.Add(&source, i * sourceRow), columns)
        from.CopyTo(MemoryMarshal.CreateSpan(&Unsafe.Add(&target, i * targetRow), columns))

/// Returns the number of elements from an address to the next cache line.
let private untilLine (start: byref<'T>) : int =
    let address = NativePtr.toNativeInt (NativePtr.ofVoidPtr<'T>(Unsafe.AsPointer &start))
    int (-address &&& 63n) / sizeof<'T>

/// Multiplies with one type of register; the depth is at least 1. Only the columns of C in a range are computed. The range begins at a multiple
/// of two registers' width, and ends at one or at the last column. If <c>isUpper</c> is true, C is square, and only the elements on and above its
/// diagonal are guaranteed to be computed.
[<Kernel>]
let multiply<'V, 'T when 'V: struct and 'V :> IMatrixRegister<'V, 'T> and 'T: unmanaged>
    (a: ReadOnlySpan<'T>)
    (aRow: int)
    (aColumn: int)
    (b: ReadOnlySpan<'T>)
    (bRow: int)
    (bColumn: int)
    (c: Span<'T>)
    (rows: int)
    (depth: int)
    (columns: int)
    (firstColumn: int)
    (pastColumn: int)
    (isUpper: bool)
    : unit =
    let width = 'V.Width
    // C is one panel, and its rows end within a register. A tile stores whole registers then: each row overwrites the start of the next one,
    // which is stored after it. Chains could not continue from such rows, so the depth is one block.
    let overhangs = columns < 2 * width && columns <> width
    let blocks = if overhangs then 1 else (depth + deepest - 1) / deepest
    let blockDepth = (depth + blocks - 1) / blocks
    // An edge tile, the panel, and what precedes the first cache line. If the array moves, only the alignment is lost.
    let edgeLength = 2 * Tiles.TallRows * width
    let panelLength = Checked.(*) (2 * width) blockDepth
    let space = ArrayPool<'T>.Shared.Rent(Checked.(+) panelLength (edgeLength + 64 / sizeof<'T>))
    let start = &MemoryMarshal.GetArrayDataReference space
    let edge = &Unsafe.Add(&start, untilLine &start)
    let panel = &Unsafe.Add(&edge, edgeLength)
    let firstA = &MemoryMarshal.GetReference a
    let firstC = &MemoryMarshal.GetReference c
    let mutable top = 0

    while top < rows do
        for block in 0 .. blocks - 1 do
            let k = block * blockDepth
            let depth = min blockDepth (depth - k)
            let continues = block > 0
            let mutable left = firstColumn

            while left < pastColumn do
                let lanes = if columns - left <= width then width else 2 * width
                let valid = min lanes (columns - left)
                let height = if lanes = width then Tiles.TallRows else Tiles.WideRows
                let inPlace = valid = 2 * width && bColumn = 1 && bRow > 0
                let source = b.Slice(k * bRow + left * bColumn)
                let firstB = &MemoryMarshal.GetReference source
                // Rows below the panel's last column are below the diagonal.
                let past = min (top + tallest) (if isUpper then min rows (left + lanes) else rows)
                let mutable i = top

                if not inPlace && top < past then
                    Panels.fill<'V, 'T> source bRow bColumn &panel lanes depth valid

                while i < past do
                    let count = min height (rows - i)

                    let isEdge =
                        count < height
                        || if overhangs then (rows - i - height) * columns < lanes - columns else valid < lanes

                    let target = &Unsafe.Add(&firstC, i * columns + left)
                    let c = if isEdge then &edge else &target
                    let cRow = nativeint (if isEdge then lanes else columns)
                    let a = &Unsafe.Add(&firstA, i * aRow + k * aColumn)
                    let last = nativeint (count - 1)
                    let isTopmost = inPlace && i = top

                    if isEdge && continues then
                        copyTile &target columns &edge lanes count valid

                    if lanes = width then
                        Tiles.tall<'V, 'T>(&a, nativeint aRow, nativeint aColumn, last, &panel, nativeint depth, &c, cRow, continues)
                    else
                        let b = if isTopmost then &firstB else &panel
                        let bRow = nativeint (if isTopmost then bRow else lanes)

                        if isTopmost && i + height < past then
                            Tiles.wide<Tiles.Copying, 'V, 'T>(
                                &a,
                                nativeint aRow,
                                nativeint aColumn,
                                last,
                                &b,
                                bRow,
                                &panel,
                                nativeint depth,
                                &c,
                                cRow,
                                continues
                            )
                        else
                            Tiles.wide<Tiles.Reading, 'V, 'T>(
                                &a,
                                nativeint aRow,
                                nativeint aColumn,
                                last,
                                &b,
                                bRow,
                                &panel,
                                nativeint depth,
                                &c,
                                cRow,
                                continues
                            )

                    if isEdge then
                        copyTile &edge lanes &target columns count valid

                    i <- i + height

                left <- left + lanes

        top <- top + tallest

    ArrayPool<'T>.Shared.Return space
