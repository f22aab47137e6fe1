/// Seeded random numbers. A stream depends only on a seed and a purpose.
module CuteDl.Core.Numerics.RandomStream

open System
open System.Buffers
open System.Buffers.Binary
open System.Text
open MathNet.Numerics.Random

/// <summary>Returns a 64-bit key for a seed and a purpose, for example "weights" or "shuffle/3": the FNV-1a hash of both.</summary>
let key (seed: int) (purpose: string) : uint64 =
    let mutable hash = 14695981039346656037UL
    // A rented array, so that steps that draw random numbers do not allocate.
    let bytes = ArrayPool<byte>.Shared.Rent(sizeof<int> + Encoding.UTF8.GetMaxByteCount purpose.Length)
    BinaryPrimitives.WriteInt32LittleEndian(Span bytes, seed)
    let length = sizeof<int> + Encoding.UTF8.GetBytes(purpose, Span(bytes).Slice sizeof<int>)

    for i in 0 .. length - 1 do
        hash <- (hash ^^^ uint64 bytes[i]) * 1099511628211UL

    ArrayPool<byte>.Shared.Return bytes
    hash

/// <summary>Returns the stream of random numbers for a seed and a purpose: xoshiro256** of MathNet.Numerics.</summary>
let stream (seed: int) (purpose: string) : Random =
    let key = key seed purpose
    Xoshiro256StarStar(int (uint32 (key ^^^ (key >>> 32))), false)

// The finalizer of SplitMix64 (Steele, Lea & Flood 2014): every bit of the result depends on every bit of the number.
let private mix (number: uint64) : uint64 =
    let z = (number ^^^ (number >>> 30)) * 0xBF58476D1CE4E5B9UL
    let z = (z ^^^ (z >>> 27)) * 0x94D049BB133111EBUL
    z ^^^ (z >>> 31)

/// <summary>Returns a separate key for a number under a key, for example for a step of a run or a layer of a network.</summary>
let subkey (key: uint64) (number: uint64) : uint64 = mix (key ^^^ mix (number + 1UL))

/// <summary>
/// Returns the index-th number of a key's sequence, uniform in [0, 1). It does not depend on earlier draws, so masks are the same in any
/// order. This is SplitMix64 at an arbitrary position.
/// </summary>
let uniformAt (key: uint64) (index: uint64) : float =
    float (mix (key + (index + 1UL) * 0x9E3779B97F4A7C15UL) >>> 11) * (1.0 / 9007199254740992.0)
