namespace CuteDl.Core.Numerics

open System
open System.Runtime.InteropServices

/// An array that begins at a multiple of 64 bytes, a line of the cache, and stays where it is.
[<Sealed>]
type internal Aligned<'T when 'T: unmanaged>(length: int) =
    static let line = 64 / sizeof<'T>
    let numbers: 'T array = GC.AllocateArray<'T>(length + line, pinned = true)

    // A pinned array does not move, so its address may be asked for.
    let start =
        let address = Marshal.UnsafeAddrOfPinnedArrayElement(numbers, 0)
        int ((64n - address % 64n) % 64n) / sizeof<'T>

    /// The numbers.
    member _.Span = Span<'T>(numbers, start, length)
