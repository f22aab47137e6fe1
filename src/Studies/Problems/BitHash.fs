namespace CuteDl.Studies

open System
open System.Numerics

/// Hashes of bits, identical on every machine.
module internal BitHash =
    let start = 14695981039346656037UL

    // The finalizer of SplitMix64: every bit of the number affects the low 16 bits of the hash.
    let add (hash: uint64) (number: uint64) : uint64 =
        let z = hash ^^^ number
        let z = (z ^^^ (z >>> 30)) * 0xBF58476D1CE4E5B9UL
        let z = (z ^^^ (z >>> 27)) * 0x94D049BB133111EBUL
        z ^^^ (z >>> 31)

    // All NaNs get the same bits, because processors produce different ones.
    let private bits (value: float) : uint64 = BitConverter.DoubleToUInt64Bits(if Double.IsNaN value then nan else value)

    let addFloat (hash: uint64) (value: float) : uint64 = add hash (bits value)

    /// Returns the hash of numbers of either precision, each converted to a double.
    let ofAll (values: 'T array when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>) : uint64 =
        let mutable hash = add start (uint64 values.Length)

        for value in values do
            hash <- addFloat hash (Double.CreateTruncating value)

        hash
