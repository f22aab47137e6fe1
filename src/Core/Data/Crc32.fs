/// The CRC-32 of the zip and gzip formats (ISO 3309, reflected polynomial EDB88320). .NET's zip reader does not check it.
module internal CuteDl.Core.Data.Crc32

open System

let private table =
    [| for first in 0u .. 255u ->
           (first, seq { 1..8 })
           ||> Seq.fold (fun value _ -> if value &&& 1u = 1u then 0xEDB88320u ^^^ (value >>> 1) else value >>> 1) |]

/// The state before the first byte.
let start = 0xFFFFFFFFu

/// Returns the state after more bytes.
let add (state: uint32) (bytes: ReadOnlySpan<byte>) : uint32 =
    let mutable state = state

    for i in 0 .. bytes.Length - 1 do
        state <- table[int ((state ^^^ uint32 bytes[i]) &&& 0xFFu)] ^^^ (state >>> 8)

    state

/// Returns the checksum of the bytes that were added.
let finish (state: uint32) : uint32 = ~~~state
