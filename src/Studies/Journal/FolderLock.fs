namespace CuteDl.Studies

open System
open System.IO

/// <summary>
/// One process at a time in a folder. The operating system lets go of the lock when the process ends, however it ends, so that none is
/// ever left behind.
/// </summary>
[<Sealed>]
type FolderLock private (stream: FileStream) =

    static let holder (path: string) : string =
        try
            use stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)
            use reader = new StreamReader(stream)

            match reader.ReadLine() with
            | null
            | "" -> "another process"
            | number -> $"process {number}"
        with :? IOException ->
            "another process"

    /// <summary>Takes the lock of a folder.</summary>
    /// <param name="folder">The folder, which must be there.</param>
    /// <exception cref="T:System.IO.IOException">Another process has it, or this one: the message says which.</exception>
    static member Take(folder: string) : FolderLock =
        let path = Path.Combine(folder, "lock")

        try
            let stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None)

            try
                stream.SetLength 0L
                use writer = new StreamWriter(stream, leaveOpen = true)
                writer.WriteLine Environment.ProcessId
                writer.Flush()
                new FolderLock(stream)
            with _ ->
                stream.Dispose()
                reraise ()
        with :? IOException when File.Exists path && (FolderLock.IsTaken folder) ->
            raise (IOException $"{holder path} is at work in '{folder}': wait for it, or end it.")

    static member private IsTaken(folder: string) : bool =
        try
            use _ =
                new FileStream(Path.Combine(folder, "lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None)

            false
        with :? IOException ->
            true

    interface IDisposable with
        member _.Dispose() = stream.Dispose()
