namespace CuteDl.Studies

open System
open System.IO

/// <summary>
/// One process at a time in a folder. The operating system lets go of the lock when the process ends, however it ends, so that none is
/// ever left behind.
/// </summary>
[<Sealed>]
type FolderLock private (stream: FileStream) =

    // What .NET makes of a file that another has: of EAGAIN (Linux, macOS), and of Windows' sharing and lock violations. A file system that
    // became read-only is none of these.
    static let isTaken (error: IOException) =
        match error.HResult with
        | 11
        | 35
        | 0x80070020
        | 0x80070021 -> true
        | _ -> false

    /// <summary>Takes the lock of a folder.</summary>
    /// <param name="folder">The folder, which must be there.</param>
    /// <exception cref="T:System.IO.IOException">Another process has it, or this one has; or the folder cannot be written.</exception>
    static member Take(folder: string) : FolderLock =
        let path = Path.Combine(folder, "lock")

        let openFile mode = new FileStream(path, mode, FileAccess.ReadWrite, FileShare.None)

        // Made first, so that what goes wrong with that is not taken for a lock.
        if not (File.Exists path) then
            try
                (openFile FileMode.CreateNew).Dispose()
            with :? IOException when File.Exists path ->
                ()

        try
            new FolderLock(openFile FileMode.Open)
        with :? IOException as error when isTaken error ->
            raise (IOException $"another process is at work in '{folder}': wait for it, or end it.")

    /// <summary>Whether another process, or this one, has the lock of a folder.</summary>
    /// <param name="folder">The folder, which must be there.</param>
    static member IsTaken(folder: string) : bool =
        try
            use stream =
                new FileStream(Path.Combine(folder, "lock"), FileMode.Open, FileAccess.Read, FileShare.None)

            false
        with
        | :? FileNotFoundException
        | :? UnauthorizedAccessException -> false
        | :? IOException as error -> isTaken error

    interface IDisposable with
        member _.Dispose() = stream.Dispose()
