namespace CuteDl.Core.Numerics

#nowarn "9" // Addresses.

open System
open FSharp.NativeInterop

/// A span that other threads can read and write: a span itself cannot leave its thread. Its memory must stay pinned meanwhile.
[<Struct; NoEquality; NoComparison>]
type internal Pinned<'T when 'T: unmanaged> =
    val private address: nativeint
    val private length: int
    new(first: nativeptr<'T>, length) = { address = NativePtr.toNativeInt first; length = length }

    member pinned.Length = pinned.length
    member pinned.Span = Span<'T>(pinned.address.ToPointer(), pinned.length)
    member pinned.ReadOnly = ReadOnlySpan<'T>(pinned.address.ToPointer(), pinned.length)
