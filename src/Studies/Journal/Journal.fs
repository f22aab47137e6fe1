namespace CuteDl.Studies

open System
open System.Collections.Generic
open System.IO
open System.Security.Cryptography
open System.Text
open System.Threading
open CuteDl.Core.Data

/// What a journal holds, and how much of the file that is.
type internal JournalContent =
    {
        Records: string list
        /// The checksum of the last record, which the next one's goes on from.
        Last: string
        /// The bytes up to the end of the last whole record.
        Length: int64
        /// Whether a torn record lies behind them.
        IsTorn: bool
    }

/// Lines <c>CHECKSUM RECORD</c>. Each checksum covers the one before it, so that a record that is missing, doubled or out of its place
/// is found as surely as one that was changed.
module internal JournalFormat =
    /// What the first checksum goes on from.
    let start = "cutedl/journal/1"

    let private digits = 16

    let checksum (before: string) (record: string) : string =
        let hash = SHA256.HashData(Encoding.UTF8.GetBytes(before + "\n" + record))
        Convert.ToHexStringLower(ReadOnlySpan(hash, 0, digits / 2))

    let line (before: string) (record: string) : struct (string * byte array) =
        let sum = checksum before record
        struct (sum, Encoding.UTF8.GetBytes $"{sum} {record}\n")

    let private strict = UTF8Encoding(false, true)

    let private tryText (bytes: ReadOnlySpan<byte>) : string option =
        try
            Some(strict.GetString bytes)
        with :? DecoderFallbackException ->
            None

    /// A write that a crash cut short leaves the beginning of a line, or a line in which blocks of zeros were never filled; it was the last.
    let private isTorn (rest: ReadOnlySpan<byte>) : bool =
        match rest.IndexOf 10uy with
        | -1 -> true
        | newline -> newline = rest.Length - 1 && rest.Contains 0uy

    let read (file: string) (bytes: byte array) : JournalContent =
        let records = List<string>()
        let mutable last = start
        let mutable position = 0
        let mutable torn = false

        while not torn && position < bytes.Length do
            let rest = ReadOnlySpan(bytes, position, bytes.Length - position)
            let fail problem = raise (DataFormatException(file, int64 position, problem))

            if isTorn rest then
                torn <- true
            else
                let length = rest.IndexOf 10uy

                match tryText (rest.Slice(0, length)) with
                | Some text when text.Length > digits && text[digits] = ' ' ->
                    let record = text.Substring(digits + 1)

                    if checksum last record <> text.Substring(0, digits) then
                        fail
                            $"record {records.Count + 1} is damaged, or one before it is missing: its checksum is {text.Substring(0, digits)}, its content has {checksum last record}."

                    records.Add record
                    last <- text.Substring(0, digits)
                    position <- position + length + 1
                | _ ->
                    fail
                        $"record {records.Count + 1} is no record of a journal: it must begin with {digits} hexadecimal digits and a space."

        { Records = List.ofSeq records; Last = last; Length = int64 position; IsTorn = torn }

/// <summary>
/// A file of records that only grows: a record is on the disk before <c>Append</c> returns. After a crash a torn last record is dropped;
/// any other damage is an error that names the place.
/// </summary>
[<Sealed>]
type Journal private (path: string, stream: FileStream, content: JournalContent) =
    let gate = Lock()
    let mutable last = content.Last

    static let openFile (path: string) (mode: FileMode) =
        // Without a buffer: what a write that failed has left in one would come out with the next.
        new FileStream(path, mode, FileAccess.ReadWrite, FileShare.Read, 0)

    /// <summary>The file.</summary>
    member _.Path = path

    /// <summary>The records that were there when it was opened.</summary>
    member _.Records: IReadOnlyList<string> = content.Records

    /// <summary>Whether a torn last record was dropped when it was opened.</summary>
    member _.WasTorn = content.IsTorn

    /// <summary>A new, empty journal.</summary>
    /// <exception cref="T:System.IO.IOException">There is a file of that name, or it cannot be made.</exception>
    static member Create(path: string) : Journal =
        new Journal(path, openFile path FileMode.CreateNew, JournalFormat.read path [||])

    /// <summary>Opens a journal to go on with it.</summary>
    /// <exception cref="T:System.IO.FileNotFoundException">There is none.</exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">It is damaged, other than by a torn last record.</exception>
    static member Open(path: string) : Journal =
        let stream = openFile path FileMode.Open

        try
            let bytes = Array.zeroCreate (int stream.Length)
            stream.ReadExactly(bytes, 0, bytes.Length)
            let content = JournalFormat.read path bytes

            if content.IsTorn then
                stream.SetLength content.Length

            stream.Position <- content.Length
            new Journal(path, stream, content)
        with _ ->
            stream.Dispose()
            reraise ()

    /// <summary>The records of a journal, which another process may be adding to.</summary>
    /// <exception cref="T:System.IO.FileNotFoundException">There is none.</exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">It is damaged, other than by a torn last record.</exception>
    static member Read(path: string) : IReadOnlyList<string> =
        use stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)
        let bytes = Array.zeroCreate (int stream.Length)
        stream.ReadExactly(bytes, 0, bytes.Length)
        (JournalFormat.read path bytes).Records

    /// <summary>Adds a record, and returns when it is on the disk. May be called from several threads.</summary>
    /// <param name="record">One line of text.</param>
    /// <exception cref="T:System.ArgumentException">It has a line break, or a NUL, by which a torn record is known.</exception>
    /// <exception cref="T:System.IO.IOException">It cannot be written; the journal is as it was.</exception>
    member _.Append(record: string) : unit =
        if record.AsSpan().ContainsAny('\n', '\000') then
            raise (ArgumentException("a record is one line, without NUL.", nameof record))

        let _ = gate.EnterScope()

        try
            let struct (sum, bytes) = JournalFormat.line last record
            let before = stream.Position

            try
                stream.Write(bytes, 0, bytes.Length)
                stream.Flush true
                last <- sum
            with cause ->
                // What was written of it would be dropped as torn when the journal is next opened; now, so that it can go on.
                try
                    stream.SetLength before
                    stream.Position <- before
                with :? IOException ->
                    ()

                match cause with
                | :? IOException -> raise (IOException($"cannot write '{path}': {cause.Message}", cause))
                | _ -> reraise ()
        finally
            gate.Exit()

    interface IDisposable with
        member _.Dispose() = stream.Dispose()
