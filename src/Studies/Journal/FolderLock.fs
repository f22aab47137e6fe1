namespace CuteDl.Studies

open System
open System.IO

/// <summary>
/// One process at a time in a folder. The operating system lets go of the lock when the process ends, however it ends, so that none is
/// ever left behind.
/// </summary>
[<Sealed>]
type FolderLock private (stream: FileStream) =

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
        with :? IOException ->
            raise (IOException $"another process is at work in '{folder}': wait for it, or end it.")

    interface IDisposable with
        member _.Dispose() = stream.Dispose()
