namespace CuteDl.Core.Data

open System
open System.IO
open System.Runtime.InteropServices
open System.Text.RegularExpressions

/// Flushes a folder to the disk. Without it, a renamed file can lose its new name in a crash.
module private UnixFolder =
    [<DllImport("libc", EntryPoint = "open", SetLastError = true)>]
    extern int private openFolder(string path, int flags)

    [<DllImport("libc", EntryPoint = "fsync", SetLastError = true)>]
    extern int private fsync(int file)

    [<DllImport("libc", EntryPoint = "close", SetLastError = true)>]
    extern int private close(int file)

    let private readOnly = 0

    // Errors are ignored: some file systems cannot flush a folder, and the content is on the disk already.
    let flush (folder: string) : unit =
        let handle = openFolder (folder, readOnly)

        if handle >= 0 then
            fsync handle |> ignore
            close handle |> ignore

/// <summary>
/// Writes a file completely or not at all. The content is written to a temporary file in the same folder, flushed to the disk, and renamed
/// over the old file. Readers see the complete old or the complete new file, also after a crash.
/// </summary>
module AtomicFile =
    let private discard (unfinished: string) =
        try
            File.Delete unfinished
        with
        | :? IOException
        | :? UnauthorizedAccessException ->
            // The error to report is the original one, which kept the file from being written.
            ()

    let private unfinishedName = Regex(@"^\.[a-z0-9]{8}\.[a-z0-9]{3}\.tmp$", RegexOptions.CultureInvariant)

    /// <summary>True if this is the name of a temporary file that a killed process can leave.</summary>
    /// <param name="name">The name of a file, without its folder.</param>
    let isUnfinished (name: string) : bool = unfinishedName.IsMatch name

    let private create (unfinished: string) (target: string) : FileStream =
        let options =
            FileStreamOptions(Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None)

        // The new file keeps the permissions of the old one. (On Windows, a new file gets them from its folder.)
        if not (OperatingSystem.IsWindows()) && File.Exists target then
            try
                options.UnixCreateMode <- File.GetUnixFileMode target
            with :? FileNotFoundException ->
                // A link to a missing file. The new file replaces the link.
                ()

        new FileStream(unfinished, options)

    /// <summary>Flushes the entries of a folder to the disk on Unix. On Windows, a rename does so itself.</summary>
    /// <param name="folder">The folder.</param>
    let flushFolder (folder: string) : unit =
        if not (OperatingSystem.IsWindows()) then
            UnixFolder.flush folder

    /// <summary>Deletes the temporary files that killed processes left in a folder and its subfolders.</summary>
    /// <param name="folder">The folder. No process may be writing in it. Links to folders are not followed.</param>
    let removeUnfinished (folder: string) : unit =
        if Directory.Exists folder then
            let everywhere =
                EnumerationOptions(RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint)

            for file in Directory.GetFiles(folder, ".*.tmp", everywhere) do
                if unfinishedName.IsMatch(Path.GetFileName(file.AsSpan())) then
                    discard file

    /// <summary>Writes a file, and replaces an existing one. A symbolic link is replaced, not followed.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <param name="content">Writes the content to an empty stream that is readable, writable and seekable.</param>
    /// <exception cref="T:System.ArgumentException">The path is empty.</exception>
    /// <exception cref="T:System.IO.IOException">The file cannot be written; the message names it. An old file is unchanged. If <paramref
    /// name="content" /> throws another exception, the old file is unchanged too, and the exception is passed on.</exception>
    let write (path: string) (content: Action<Stream>) : unit =
        let target = Path.GetFullPath path

        if Path.EndsInDirectorySeparator target || Directory.Exists target then
            raise (IOException $"Cannot write '{target}': it is a folder.")

        // Renaming over a device would replace it by a file, for all programs.
        if Path.GetDirectoryName target = "/dev" then
            raise (IOException $"Cannot write '{target}': it is a device, not a file.")

        let folder = Path.GetDirectoryName target |> string
        let unfinished = Path.Join(folder, $".{Path.GetRandomFileName()}.tmp")

        try
            using (create unfinished target) (fun stream ->
                content.Invoke stream
                stream.Flush true)

            File.Move(unfinished, target, overwrite = true)
            flushFolder folder
        with cause ->
            discard unfinished

            match cause with
            | :? IOException
            | :? UnauthorizedAccessException -> raise (IOException($"Cannot write '{target}': {cause.Message}", cause))
            | _ -> reraise ()
