/// <summary>Reads data whose size the file declares, without trusting the size: memory is allocated only for bytes that arrive.</summary>
module CuteDl.Core.Data.Growing

open System

/// <summary>The default limit of decompressed bytes per stored byte. The largest ratio of Deflate is 1,032.</summary>
[<Literal>]
let DefaultExpansion = 1000

// Below this size, any declared size is allowed.
let private alwaysAllowed = 1_048_576I

/// Returns an error message if the declared size is too large for the file.
/// <param name="expansion">The largest number of decompressed bytes per stored byte.</param>
/// <param name="stored">The size of the file in bytes.</param>
/// <param name="promised">The declared size of its content in bytes.</param>
let internal refusal (expansion: int) (stored: int64) (promised: bigint) : string option =
    if promised > max alwaysAllowed (bigint stored * bigint expansion) then
        Some
            $"The file has {stored} bytes, and its content would have {promised}. At most {expansion} bytes are read for each byte of the file. If you trust the file, allow a larger expansion."
    else
        None

/// Reads up to a number of bytes. The result is as long as the bytes that were read.
/// <param name="promised">The largest number of bytes to read.</param>
/// <param name="stored">The size of the file in bytes. The first buffer is at most eight times as large.</param>
/// <param name="read">Fills an array from an index with up to a number of bytes, and with fewer only at the end.</param>
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
