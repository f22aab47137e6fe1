/// <summary>Reads what a file promises without trusting it: memory is taken only for bytes that arrive.</summary>
module CuteDl.Core.Data.Growing

open System

/// <summary>The most bytes that each byte of a compressed file becomes, unless a caller allows more. Deflate reaches 1,032.</summary>
[<Literal>]
let DefaultExpansion = 1000

// Small files are read whatever they promise.
let private alwaysAllowed = 1_048_576I

/// What is wrong with a promise that is too large for the file, if it is.
/// <param name="expansion">The most bytes that each byte of the file may become.</param>
/// <param name="stored">The bytes of the file.</param>
/// <param name="promised">The bytes that its content is said to have.</param>
let internal refusal (expansion: int) (stored: int64) (promised: bigint) : string option =
    if promised > max alwaysAllowed (bigint stored * bigint expansion) then
        Some
            $"{promised} bytes are promised by a file of {stored}. At most {expansion} for each byte of the file are read; allow a larger expansion if the file can be trusted."
    else
        None

/// Reads up to so many bytes; the array is as long as what was read.
/// <param name="promised">The most bytes to read.</param>
/// <param name="stored">The bytes that the file really has, compressed or not: eight times as many are taken at once.</param>
/// <param name="read">Fills an array from an index on with up to so many bytes, and fewer only at the end.</param>
let internal read (promised: int) (stored: int64) (read: byte array -> int -> int -> int) : byte array =
    let mutable buffer = Array.zeroCreate<byte>(int (min (int64 promised) (max 4096L (8L * stored))))
    let mutable length = 0
    let mutable ended = false

    while not ended && length < promised do
        if length = buffer.Length then
            Array.Resize(&buffer, int (min (int64 promised) (2L * int64 length)))

        length <- length + read buffer length (buffer.Length - length)
        ended <- length < buffer.Length

    if length < buffer.Length then
        Array.Resize(&buffer, length)

    buffer
