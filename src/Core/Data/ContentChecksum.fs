/// A checksum of everything that a file of tensors says, names and shapes too, in which the file's own layout has no part: another
/// program may write the same content another way, and the checksum still holds.
module internal CuteDl.Core.Data.ContentChecksum

open System
open System.IO
open System.Security.Cryptography

/// What every checksum begins with.
let prefix = "cutedl.sha256:"

/// The prefix, then 64 hexadecimal digits: the SHA-256 of the number of metadata entries and their keys and values, in ordinal order;
/// the number of tensors and, in ordinal order of the names, each one's name, type, number of dimensions, sizes and values. Numbers
/// have 32 bits and are little-endian, texts are in UTF-8 behind their lengths (as BinaryWriter writes both).
let compute (metadata: Map<string, string>) (tensors: Map<string, Tensor>) : string =
    use sha256 = SHA256.Create()

    using (new CryptoStream(Stream.Null, sha256, CryptoStreamMode.Write)) (fun stream ->
        use writer = new BinaryWriter(stream)
        writer.Write metadata.Count

        for KeyValue(key, value) in metadata do
            writer.Write key
            writer.Write value

        writer.Write tensors.Count

        for KeyValue(name, tensor) in tensors do
            writer.Write name
            writer.Write(string (CellBytes.typeOf tensor.Cells))
            writer.Write tensor.Shape.Length
            tensor.Shape |> List.iter writer.Write
            CellBytes.write stream (CellBytes.typeOf tensor.Cells) tensor.Cells)

    match sha256.Hash with
    | null -> invalidOp "the stream was closed, so there is a hash."
    | hash -> prefix + Convert.ToHexStringLower hash
