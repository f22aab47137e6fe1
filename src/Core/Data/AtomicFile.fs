namespace CuteDl.Core.Data

open System
open System.IO
open System.Runtime.InteropServices
open System.Text.RegularExpressions

/// The entries of a folder, such as a name that a rename has given, reach the disk only when the folder itself is flushed.
module private UnixFolder =
    [<DllImport("libc", EntryPoint = "open", SetLastError = true)>]
    extern int private openFolder(string path, int flags)

    [<DllImport("libc", EntryPoint = "fsync", SetLastError = true)>]
    extern int private fsync(int file)

    [<DllImport("libc", EntryPoint = "close", SetLastError = true)>]
    extern int private close(int file)

    let private readOnly = 0

    // Some file systems cannot flush a folder, and the content is on the disk already: a failure is no error.
    let flush (folder: string) : unit =
        let handle = openFolder (folder, readOnly)

        if handle >= 0 then
            fsync handle |> ignore
            close handle |> ignore

/// <summary>
/// Writes a file whole or not at all: under another name in the same folder first, flushed to the disk, then renamed over the
/// old one. Readers see all of the old file or all of the new one, also after a crash.
/// </summary>
module AtomicFile =
    let private discard (unfinished: string) =
        try
            File.Delete unfinished
        with
        | :? IOException
        | :? UnauthorizedAccessException ->
            // The error to report is the one that kept the file from being written.
            ()

    let private unfinishedName = Regex(@"^\.[a-z0-9]{8}\.[a-z0-9]{3}\.tmp$", RegexOptions.CultureInvariant)

    /// <summary>True if this is the name of an unfinished file, as a killed process leaves it.</summary>
    /// <param name="name">The name of a file, without its folder.</param>
    let isUnfinished (name: string) : bool = unfinishedName.IsMatch name

    let private create (unfinished: string) (target: string) : FileStream =
        let options =
            FileStreamOptions(Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None)

        // A file that only its owner can read stays so. (Windows takes a new file's rights from its folder.)
        if not (OperatingSystem.IsWindows()) && File.Exists target then
            try
                options.UnixCreateMode <- File.GetUnixFileMode target
            with :? FileNotFoundException ->
                // A link to nothing, which the new file replaces.
                ()

        new FileStream(unfinished, options)

    /// <summary>Flushes the names in a folder to the disk, on Unix; on Windows a rename does so itself.</summary>
    /// <param name="folder">The folder.</param>
    let flushFolder (folder: string) : unit =
        if not (OperatingSystem.IsWindows()) then
            UnixFolder.flush folder

    /// <summary>Deletes the unfinished files that killed processes have left in a folder and the folders below it.</summary>
    /// <param name="folder">The folder, in which no process may be writing. Links to folders are not followed.</param>
    let removeUnfinished (folder: string) : unit =
        if Directory.Exists folder then
            let everywhere =
                EnumerationOptions(RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint)

            for file in Directory.GetFiles(folder, ".*.tmp", everywhere) do
                if unfinishedName.IsMatch(Path.GetFileName(file.AsSpan())) then
                    discard file

    /// <summary>Writes a file, over one of that name. A symbolic link of that name is replaced, not followed.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="content">Writes the content into an empty stream that can be written, read and sought in.</param>
    /// <exception cref="T:System.ArgumentException">The path is empty.</exception>
    /// <exception cref="T:System.IO.IOException">
    /// The file cannot be written: the message names it. An old file is unchanged. It is also unchanged if <paramref name="content" />
    /// fails with anything else, which is passed on.
    /// </exception>
    let write (path: string) (content: Action<Stream>) : unit =
        let target = Path.GetFullPath path

        if Path.EndsInDirectorySeparator target || Directory.Exists target then
            raise (IOException $"Cannot write '{target}': it is a folder.")

        // Renaming over a device would put a file in its place, for all programs.
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
