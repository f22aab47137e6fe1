namespace CuteDl.Core.Numerics

open System
open System.Runtime.InteropServices

/// A pinned array whose first number is at a multiple of 64 bytes, the size of a cache line.
[<Sealed>]
type internal Aligned<'T when 'T: unmanaged>(length: int) =
    static let line = 64 / sizeof<'T>
    let numbers: 'T array = GC.AllocateArray<'T>(length + line, pinned = true)

    // A pinned array does not move, so its address stays valid.
    let start =
        let address = Marshal.UnsafeAddrOfPinnedArrayElement(numbers, 0)
        int ((64n - address % 64n) % 64n) / sizeof<'T>

    member _.Span = Span<'T>(numbers, start, length)
