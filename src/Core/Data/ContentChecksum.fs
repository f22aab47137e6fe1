/// A checksum of the whole content of a file of tensors, names and shapes included. It does not depend on the layout of the file, so it
/// stays valid if another program writes the same content in another way.
module internal CuteDl.Core.Data.ContentChecksum

open System
open System.IO
open System.Security.Cryptography

/// The start of every checksum.
let prefix = "cutedl.sha256:"

/// Returns the prefix and the SHA-256 in 64 hexadecimal digits. The hash covers the number of metadata entries with their keys and values,
/// in ordinal order of the keys. Then come the number of tensors and, in ordinal order of the names, each tensor's name, type, number of
/// dimensions, sizes and values. Numbers are little-endian with 32 bits. Texts are UTF-8 after their lengths. BinaryWriter writes both so.
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
    | null -> invalidOp "The hash is missing, although the stream was closed."
    | hash -> prefix + Convert.ToHexStringLower hash
