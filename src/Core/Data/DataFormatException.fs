namespace CuteDl.Core.Data

open System

/// <summary>A data file is not what it should be: which file, where, and what was expected.</summary>
/// <param name="file">The file's name.</param>
/// <param name="offset">The byte at fault; of the decompressed data, where the file is compressed.</param>
/// <param name="problem">What is there, and what was expected.</param>
type DataFormatException(file: string, offset: int64, problem: string) =
    inherit FormatException($"{file}, byte {offset}: {problem}")
    /// <summary>The file's name.</summary>
    member _.File = file
    /// <summary>The byte at fault; of the decompressed data, where the file is compressed.</summary>
    member _.Offset = offset
