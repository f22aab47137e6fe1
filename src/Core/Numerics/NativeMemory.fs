namespace CuteDl.Core.Numerics

#nowarn "9" // An address.

open System
open System.Buffers
open System.Runtime.CompilerServices
open FSharp.NativeInterop

/// Memory outside the garbage collector, such as that of a tensor of another library. Its owner must keep it while it is in use.
[<Sealed>]
type internal NativeMemory<'T when 'T: unmanaged>() =
    inherit MemoryManager<'T>()

    let mutable address: nativeint = 0n
    let mutable length = 0

    /// Takes the place of a span over native memory. The garbage collector could move any other memory.
    member memory.Bind(span: Span<'T>) : Memory<'T> =
        address <- NativePtr.toNativeInt (NativePtr.ofVoidPtr<'T>(Unsafe.AsPointer(&span.GetPinnableReference())))
        length <- span.Length
        memory.Memory

    /// Forgets the place. The memory then has no elements.
    member _.Release() : unit =
        address <- 0n
        length <- 0

    override _.GetSpan() : Span<'T> = Span<'T>(NativePtr.toVoidPtr (NativePtr.ofNativeInt<'T> address), length)

    override _.Pin(elementIndex: int) : MemoryHandle =
        new MemoryHandle(NativePtr.toVoidPtr (NativePtr.ofNativeInt<'T>(address + nativeint elementIndex * nativeint sizeof<'T>)))

    override _.Unpin() : unit = ()
    override memory.Dispose(_: bool) : unit = memory.Release()
