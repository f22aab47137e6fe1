namespace CuteDl.Core.Data

open System

/// <summary>
/// Thrown if a data file is damaged or has an unexpected format. The message names the file, the place, and what was expected.
/// </summary>
/// <param name="file">The name of the file.</param>
/// <param name="offset">The offset of the error in bytes. In a compressed file, the offset in the decompressed data.</param>
/// <param name="problem">What was found, and what was expected.</param>
type DataFormatException(file: string, offset: int64, problem: string) =
    inherit FormatException($"{file}, byte {offset}: {problem}")
    member _.File = file
    /// <summary>The offset of the error in bytes. In a compressed file, the offset in the decompressed data.</summary>
    member _.Offset = offset
