namespace CuteDl.Studies

open System
open System.IO
open System.Threading

/// <summary>
/// Allows one process at a time to run a study in a folder. The operating system releases the lock when the process ends, however it ends.
/// </summary>
/// <remarks>
/// Uses two lock files. Only a process that wants to run the study opens the first. A process that only wants to know whether the study is
/// running opens the second. It must not open the first: .NET takes a lock in order to test it, which could keep another process from
/// starting.
/// </remarks>
[<Sealed>]
type FolderLock private (lock: FileStream, running: FileStream) =

    // The errors that .NET reports for a file locked by another process: EAGAIN (Linux, macOS), and the sharing and lock violations of
    // Windows. Any other error, for example from a read-only file system, is not a lock.
    static let isTaken (error: IOException) =
        match error.HResult with
        | 11
        | 35
        | 0x80070020
        | 0x80070021 -> true
        | _ -> false

    static let pause = TimeSpan.FromMilliseconds 20.0
    static let attempts = 50

    /// Locks a file, and creates it if it is missing. Waits between attempts; returns None if all attempts fail.
    static let rec lockFile (path: string) (attempts: int) (wait: unit -> unit) : FileStream option =
        try
            Some(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 0))
        with :? IOException as error when isTaken error ->
            if attempts > 1 then
                wait ()
                lockFile path (attempts - 1) wait
            else
                None

    /// <summary>Takes the lock of a folder. Tries for one second for each of the two files.</summary>
    /// <param name="folder">The folder, which must exist.</param>
    /// <exception cref="T:System.IO.IOException">A process, possibly this one, is running the study; or the folder cannot be
    /// written.</exception>
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

    /// <summary>
    /// True if a process, possibly this one, is running the study in a folder. The check never keeps a process from starting.
    /// </summary>
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
