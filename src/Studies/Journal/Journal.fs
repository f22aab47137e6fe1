namespace CuteDl.Studies

open System
open System.Collections.Generic
open System.IO
open System.Security.Cryptography
open System.Text
open System.Threading
open CuteDl.Core.Data

/// <summary>A record of a journal.</summary>
[<Struct>]
type JournalRecord =
    {
        /// <summary>The record, one line of text.</summary>
        Text: string
        /// <summary>The offset of its line in the file, in bytes.</summary>
        Offset: int64
    }

/// <summary>The content of a journal.</summary>
type JournalContent =
    {
        /// <summary>All whole records.</summary>
        Records: IReadOnlyList<JournalRecord>
        /// <summary>The length of the file up to the end of the last whole record, in bytes.</summary>
        Length: int64
        /// <summary>The length of an unfinished last record in bytes, which a crash cut short; 0 if there is none.</summary>
        Unfinished: int64
        /// <summary>The checksum of the last record, which is part of the checksum of the next.</summary>
        Last: string
    }

/// The format of a journal: lines <c>CHECKSUM RECORD</c>. Each checksum covers the one before it. So a missing, duplicated or reordered
/// record is detected, as well as a changed one.
module internal JournalFormat =
    /// The value that the first checksum covers in place of a checksum before it.
    let start = "cutedl/journal/2"

    let digits = 16

    let private checksumOf (before: string) (record: ReadOnlySpan<byte>) : string =
        use sha256 = IncrementalHash.CreateHash HashAlgorithmName.SHA256
        sha256.AppendData(Encoding.UTF8.GetBytes(before + "\n"))
        sha256.AppendData record
        Convert.ToHexStringLower(ReadOnlySpan(sha256.GetHashAndReset(), 0, digits / 2))

    let checksum (before: string) (record: string) : string = checksumOf before (ReadOnlySpan(Encoding.UTF8.GetBytes record))

    let line (before: string) (record: string) : struct (string * byte array) =
        let sum = checksum before record
        struct (sum, Encoding.UTF8.GetBytes $"{sum} {record}\n")

    let private strict = UTF8Encoding(false, true)

    let private isDigit (value: byte) =
        (value >= byte '0' && value <= byte '9') || (value >= byte 'a' && value <= byte 'f')

    let private beginsWithDigits (line: ReadOnlySpan<byte>) : bool =
        let mutable isSo = true

        for i in 0 .. min digits line.Length - 1 do
            isSo <- isSo && isDigit line[i]

        isSo && (line.Length <= digits || line[digits] = byte ' ')

    /// True for text whose last character may be incomplete.
    let private isBeginOfText (bytes: ReadOnlySpan<byte>) : bool =
        try
            strict.GetDecoder().GetCharCount(bytes, false) |> ignore
            true
        with :? DecoderFallbackException ->
            false

    /// True if bytes without a line end can be the start of a line that was cut short. Such a record was never completed, so nothing
    /// depends on it. A whole record with a changed line end, or zeros in place of text, is damage.
    let private isUnfinished (before: string) (rest: ReadOnlySpan<byte>) : bool =
        let isWholeButItsEnd =
            rest.Length > digits + 1
            && checksumOf before (rest.Slice(digits + 1, rest.Length - digits - 2)) = Encoding.Latin1.GetString(rest.Slice(0, digits))

        beginsWithDigits rest && not (rest.Contains 0uy) && isBeginOfText rest && not isWholeButItsEnd

    let read (file: string) (bytes: byte array) : JournalContent =
        let records = List<JournalRecord>()
        let mutable last = start
        let mutable position = 0
        let mutable isAtEnd = bytes.Length = 0

        while not isAtEnd do
            let rest = ReadOnlySpan(bytes, position, bytes.Length - position)

            let at, before = position, records.Count

            let damaged (problem: string) : 'any =
                let advice =
                    if before = 0 then
                        "Restore the file from a copy, or run the study again in a new folder."
                    else
                        $"Restore the file from a copy, or truncate it to {at} bytes to keep the first {before} records."

                raise (DataFormatException(file, int64 at, $"Record {before + 1} is damaged. {problem} {advice}"))

            match rest.IndexOf 10uy with
            | -1 when isUnfinished last rest -> isAtEnd <- true
            | lineEnd ->
                let line = if lineEnd < 0 then rest else rest.Slice(0, lineEnd)

                match line.IndexOf 0uy with
                | -1 -> ()
                | zero -> damaged $"Byte {position + zero} is zero."

                if lineEnd < 0 then
                    damaged "Its line end is missing or changed."

                if line.Length <= digits || not (beginsWithDigits line) then
                    damaged $"It does not begin with {digits} hexadecimal digits and a space."

                let content = line.Slice(digits + 1)
                let sum = checksumOf last content
                let given = Encoding.ASCII.GetString(line.Slice(0, digits))

                if sum <> given then
                    damaged $"Its checksum is {given} instead of {sum}: it was changed, or a record before it is missing or repeated."

                let text =
                    try
                        strict.GetString content
                    with :? DecoderFallbackException ->
                        damaged "It is not UTF-8."

                records.Add { Text = text; Offset = int64 position }
                last <- sum
                position <- position + lineEnd + 1
                isAtEnd <- position = bytes.Length

        { Records = records
          Length = int64 position
          Unfinished = int64 (bytes.Length - position)
          Last = last }

/// <summary>
/// An append-only file of records. A record is on the disk before <c>Append</c> returns. A crash can leave an unfinished last record, which
/// the next <c>Append</c> removes. Any other damage is an error that names the place; the file is not changed.
/// </summary>
[<Sealed>]
type Journal private (path: string, stream: FileStream, content: JournalContent) =
    let gate = Lock()
    let mutable last = content.Last
    let mutable length = content.Length
    let mutable unfinished = content.Unfinished

    let mutable lastOffset =
        if content.Records.Count = 0 then 0L else content.Records[content.Records.Count - 1].Offset

    static let openFile (path: string) (mode: FileMode) =
        // Without a buffer: bytes of a failed write must not be written by the next one.
        new FileStream(path, mode, FileAccess.ReadWrite, FileShare.Read, 0)

    // Reads up to the length at the start, because another process may be appending.
    static let readAll (stream: FileStream) : byte array =
        let bytes = Array.zeroCreate (int stream.Length)
        let read = stream.ReadAtLeast(Span bytes, bytes.Length, throwOnEndOfStream = false)
        if read = bytes.Length then bytes else Array.truncate read bytes

    let changed () =
        IOException $"Another process has written to '{path}', so this one stops. Run a study in only one process at a time."

    // Opened by path: the open handle still works after the folder was removed or the file replaced.
    let openNow () : FileStream =
        try
            new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite ||| FileShare.Delete, 0)
        with
        | :? FileNotFoundException
        | :? DirectoryNotFoundException ->
            raise (IOException $"'{path}' does not exist any more: the study's folder was removed or moved while the study was running.")

    let verify () =
        use now = openNow ()

        if now.Length <> length + unfinished then
            raise (changed ())

        if length > 0L then
            now.Position <- lastOffset
            let sum: byte array = Array.zeroCreate JournalFormat.digits
            now.ReadExactly(sum, 0, sum.Length)

            if Encoding.ASCII.GetString sum <> last then
                raise (changed ())

    /// Removes what a failed write left. If this fails too, the next Append removes it, as after a crash.
    let dropWritten () =
        try
            stream.SetLength length
        with :? IOException ->
            unfinished <- max 0L (stream.Length - length)

    /// Reads the record back: on a file system without locks, another process can have written to the same place at the same time. The
    /// writer whose record was overwritten fails. If the other record was longer, the file is cut to the own record.
    let verifyWritten (line: byte array) =
        use now = openNow ()
        let found: byte array = Array.zeroCreate line.Length
        now.Position <- length

        let isOwn =
            now.ReadAtLeast(Span found, found.Length, throwOnEndOfStream = false) = found.Length
            && found.AsSpan().SequenceEqual(ReadOnlySpan line)

        if not isOwn then
            raise (changed ())

        if now.Length <> length + int64 line.Length then
            stream.SetLength(length + int64 line.Length)
            raise (changed ())

    member _.Path = path

    /// <summary>The records in the file when it was opened.</summary>
    member _.Records = content.Records

    /// <summary>The length up to the end of the last whole record when the file was opened, in bytes.</summary>
    member _.Length = content.Length

    /// <summary>The length of an unfinished last record when the file was opened, in bytes. The first <c>Append</c> removes it.</summary>
    member _.Unfinished = content.Unfinished

    /// <summary>Creates an empty journal.</summary>
    /// <exception cref="T:System.IO.IOException">The file exists or cannot be created.</exception>
    static member Create(path: string) : Journal =
        new Journal(path, openFile path FileMode.CreateNew, JournalFormat.read path [||])

    /// <summary>Opens a journal for appending.</summary>
    /// <exception cref="T:System.IO.FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The file is damaged. It is not changed.</exception>
    static member Open(path: string) : Journal = Journal.OpenWith(path, (fun () -> openFile path FileMode.Open))

    static member internal OpenWith(path: string, openFile: unit -> FileStream) : Journal =
        let stream = openFile ()

        try
            new Journal(path, stream, JournalFormat.read path (readAll stream))
        with _ ->
            stream.Dispose()
            reraise ()

    /// <summary>Reads a journal. Another process may be appending to it.</summary>
    /// <exception cref="T:System.IO.FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The file is damaged.</exception>
    static member Read(path: string) : JournalContent =
        use stream =
            new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite ||| FileShare.Delete)

        JournalFormat.read path (readAll stream)

    /// <summary>Checks that the file still exists and ends as this process left it. Thread-safe.</summary>
    /// <exception cref="T:System.IO.IOException">The file was removed, or another process has written to it.</exception>
    member _.Verify() : unit =
        let _ = gate.EnterScope()

        try
            verify ()
        finally
            gate.Exit()

    /// <summary>Appends a record, and returns once it is on the disk. Thread-safe.</summary>
    /// <param name="record">The record, one line of text.</param>
    /// <exception cref="T:System.ArgumentException">The record contains a line break or a NUL character.</exception>
    /// <exception cref="T:System.IO.IOException">The record cannot be written or the file was removed; the journal is then unchanged. Or
    /// another process has written to it.</exception>
    member _.Append(record: string) : unit =
        if record.AsSpan().ContainsAny('\n', '\000') then
            raise (ArgumentException("A record must be one line without NUL characters.", nameof record))

        let _ = gate.EnterScope()

        try
            verify ()
            let struct (sum, bytes) = JournalFormat.line last record

            try
                if unfinished > 0L then
                    stream.SetLength length
                    unfinished <- 0L

                stream.Position <- length
                stream.Write(bytes, 0, bytes.Length)
                stream.Flush true
            with cause ->
                dropWritten ()

                match cause with
                | :? IOException -> raise (IOException($"Cannot write '{path}': {cause.Message}", cause))
                | _ -> reraise ()

            verifyWritten bytes
            last <- sum
            lastOffset <- length
            length <- length + int64 bytes.Length
        finally
            gate.Exit()

    interface IDisposable with
        member _.Dispose() = stream.Dispose()
