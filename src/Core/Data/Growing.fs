/// Reading what a file promises without believing it: memory is taken only for what arrives.
module internal CuteDl.Core.Data.Growing

open System

/// Reads up to so many bytes; the array is as long as what was read.
/// <param name="promised">The most bytes to read.</param>
/// <param name="stored">The bytes that the file really has, compressed or not: eight times as many are taken at once.</param>
/// <param name="read">Fills an array from an index on with up to so many bytes, and fewer only at the end.</param>
let read (promised: int) (stored: int64) (read: byte array -> int -> int -> int) : byte array =
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
