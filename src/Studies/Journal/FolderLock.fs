namespace CuteDl.Studies

open System
open System.IO
open System.Threading

/// <summary>
/// Allows one process at a time to run a study in a folder. The operating system releases the lock when the process ends, however it ends.
/// </summary>
/// <remarks>
/// There are two locked files. Only processes that want to run the study open the first. The second is for those that want to know whether
/// one does: to look at a lock, .NET has to take it for a moment, and would so keep a process from starting.
/// </remarks>
[<Sealed>]
type FolderLock private (lock: FileStream, running: FileStream) =

    // The errors by which .NET reports a file that another process has locked: EAGAIN (Linux, macOS), and the sharing and lock violations
    // of Windows. Any other error, such as that of a read-only file system, is not a lock.
    static let isTaken (error: IOException) =
        match error.HResult with
        | 11
        | 35
        | 0x80070020
        | 0x80070021 -> true
        | _ -> false

    static let pause = TimeSpan.FromMilliseconds 20.0
    static let attempts = 50

    /// Locks a file, which is created if it is missing. Makes at most so many attempts, and waits between two of them.
    static let rec lockFile (path: string) (attempts: int) (wait: unit -> unit) : FileStream option =
        try
            Some(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 0))
        with :? IOException as error when isTaken error ->
            if attempts > 1 then
                wait ()
                lockFile path (attempts - 1) wait
            else
                None

    /// <summary>Takes the lock of a folder. Tries for a second for each of the two files.</summary>
    /// <param name="folder">The folder, which must exist.</param>
    /// <exception cref="T:System.IO.IOException">A process, possibly this one, runs the study in the folder; or the folder cannot be written.</exception>
    static member Take(folder: StudyFolder) : FolderLock = FolderLock.Take(folder, attempts, (fun () -> Thread.Sleep pause))

    static member internal Take(folder: StudyFolder, attempts: int, wait: unit -> unit) : FolderLock =
        let taken () =
            raise (IOException $"Another process is running the study in '{folder.Path}'. Wait until it ends, or end it.")

        match lockFile folder.Lock attempts wait with
        | None -> taken ()
        | Some first ->
            try
                match lockFile folder.Running attempts wait with
                | Some second -> new FolderLock(first, second)
                | None -> taken ()
            with _ ->
                first.Dispose()
                reraise ()

    /// <summary>True if a process, possibly this one, runs the study in a folder. Never keeps a process from starting.</summary>
    /// <param name="folder">The folder.</param>
    static member IsTaken(folder: StudyFolder) : bool =
        try
            use _ =
                new FileStream(folder.Running, FileMode.Open, FileAccess.Read, FileShare.ReadWrite ||| FileShare.Delete, 0)

            false
        with
        | :? FileNotFoundException
        | :? DirectoryNotFoundException
        | :? UnauthorizedAccessException -> false
        | :? IOException as error -> isTaken error

    interface IDisposable with
        member _.Dispose() =
            running.Dispose()
            lock.Dispose()
