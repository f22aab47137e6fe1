/// Memory between two pages that no program may touch. A kernel that reads or writes beyond its spans ends the process.
module CuteDl.Core.Tests.GuardedMemory

#nowarn "9" // Addresses.

open System
open System.Numerics
open System.Runtime.InteropServices
open FSharp.NativeInterop
open CuteDl.Core.Networks
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers

/// The argument that makes the test program run the kernels on guarded memory.
let argument = "--guarded-memory"

module private Native =
    [<DllImport("libc", SetLastError = true)>]
    extern nativeint mmap(nativeint address, unativeint length, int protection, int flags, int file, nativeint offset)

    [<DllImport("libc", SetLastError = true)>]
    extern int mprotect(nativeint address, unativeint length, int protection)

    let none, readAndWrite = 0, 3
    let privateAndAnonymous = 0x22

/// Where a span lies between the two pages.
type private Place =
    | First
    | Last

/// A region that lives as long as the process.
type private Region(bytes: int) =
    let page = Environment.SystemPageSize
    let size = (bytes + page - 1) / page * page

    let start =
        let address =
            Native.mmap (0n, unativeint (size + 2 * page), Native.none, Native.privateAndAnonymous, -1, 0n)

        if
            address = -1n
            || Native.mprotect (address + nativeint page, unativeint size, Native.readAndWrite) <> 0
        then
            failwith $"No guarded memory: error {Marshal.GetLastPInvokeError()}."

        address + nativeint page

    member _.Span<'T when 'T: unmanaged>(place: Place, length: int) : Span<'T> =
        let used = length * sizeof<'T>

        if used > size then
            failwith $"The region has {size} bytes, not {used}."

        let offset =
            match place with
            | First -> 0
            | Last -> size - used

        Span<'T>(NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte>(start + nativeint offset)), length)

let private regions = lazy (Array.init 3 (fun _ -> Region(1 <<< 18)))

/// A span in one of three regions, filled with ones.
let private ones<'T when 'T: unmanaged and 'T :> INumberBase<'T>> (region: int) (place: Place) (length: int) : Span<'T> =
    let span = regions.Value[region].Span<'T>(place, length)
    span.Fill 'T.One
    span

let private products<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (place: Place) =
    let multiply rows depth columns =
        for aStrides in [ MatrixProduct.rowMajor depth; MatrixProduct.transposed rows ] do
            for bStrides in [ MatrixProduct.rowMajor columns; MatrixProduct.transposed depth ] do
                let a = ones<'T> 0 place (rows * depth)
                let b = ones<'T> 1 place (depth * columns)
                let c = ones<'T> 2 place (rows * columns)
                MatrixProduct.multiply (Span<_>.op_Implicit a) aStrides (Span<_>.op_Implicit b) bStrides c rows depth columns

    for rows in [ 1; 5; 6; 7; 8; 13 ] do
        for depth in [ 1; 3; 4; 5; 31; TiledProduct.deepest; TiledProduct.deepest + 1 ] do
            for columns in 1..35 do
                multiply rows depth columns

    // These are computed as their transposes, if the columns leave enough of a register empty.
    for rows in [ 64; 65; 71; 80 ] do
        for depth in [ 32; 33 ] do
            for columns in 1..35 do
                multiply rows depth columns

/// The passes of a layer and of the loss, over rows of any width.
let private passes<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (place: Place) =
    for rows in 1..18 do
        for width in 1..40 do
            let outputs = ones<'T> 0 place (rows * width)
            let row = ones<'T> 1 place width
            Elementwise.addToRows outputs (Span<_>.op_Implicit row) true
            Elementwise.sumOfRows (Span<_>.op_Implicit outputs) row
            let targets = ones<'T> 1 place (rows * width)
            let gradient = ones<'T> 2 place (rows * width)

            Loss.evaluate SoftmaxCrossEntropy (Span<_>.op_Implicit outputs) (Span<_>.op_Implicit targets) gradient width
            |> ignore

let private sparseProducts<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (place: Place) =
    let examples = 3
    let table = Array.init 256 (fun value -> 'T.CreateTruncating value)

    for inputs in [ 1; 3; 4; 5; 31; 32; 33; 100 ] do
        let rows = SparseRows.ofCells (Array.init (examples * inputs) byte) inputs
        let batch = SparseBatch<'T>(inputs, examples)
        batch.Read(rows, ReadOnlySpan [| 0 .. examples - 1 |])

        for width in 1..40 do
            let weights = ones<'T> 0 place (inputs * width)
            let outputs = ones<'T> 1 place (examples * width)
            SparseProduct.forward batch table (Span<_>.op_Implicit weights) outputs width
            SparseProduct.gradient batch table (Span<_>.op_Implicit outputs) weights width

let private updates<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (place: Place) =
    for text in [ "adam"; "lamb"; "clip_global_norm(1) | adamw" ] do
        let optimizer = Expression.parse text

        for length in 1..70 do
            let state = Optimizer.init<'T> optimizer length
            Optimizer.stepInPlace optimizer state (ones<'T> 0 place length) (Span<_>.op_Implicit(ones<'T> 1 place length))

/// Runs products and updates whose arrays end, or begin, at a page that no program may touch. Prints what begins, for a process that dies.
let run () : unit =
    for place in [ First; Last ] do
        let announce (what: string) = Console.WriteLine $"{what}, {place}"
        announce "products in single precision"
        products<float32> place
        announce "products in double precision"
        products<float> place
        announce "passes"
        passes<float32> place
        passes<float> place
        announce "sparse products"
        sparseProducts<float32> place
        sparseProducts<float> place
        announce "updates"
        updates<float32> place
        updates<float> place

    Console.WriteLine "done"
