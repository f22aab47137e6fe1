namespace CuteDl.Core.Data

open System
open System.IO

/// <summary>
/// Writing a file whole or not at all: under another name in the same folder first, flushed to the disk, then renamed over the
/// old one. Whoever reads meanwhile sees all of the old file; whoever reads after a crash sees all of the old one or all of the new.
/// </summary>
module AtomicFile =
    let private discard (unfinished: string) =
        try
            File.Delete unfinished
        with
        | :? IOException
        | :? UnauthorizedAccessException ->
            // What kept the file from being written is the error to report, not that its rest cannot be removed.
            ()

    let private create (unfinished: string) (target: string) : FileStream =
        let options =
            FileStreamOptions(Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None)

        // What only its owner could read stays so. (Windows takes a new file's rights from its folder.)
        if not (OperatingSystem.IsWindows()) && File.Exists target then
            options.UnixCreateMode <- File.GetUnixFileMode target

        new FileStream(unfinished, options)

    /// <summary>Writes a file, over one of that name. A symbolic link of that name is replaced, not followed.</summary>
    /// <param name="path">The file; its folder must be there.</param>
    /// <param name="content">Writes the content into an empty stream that can be written, read and sought in.</param>
    /// <exception cref="T:System.ArgumentException">The path is empty.</exception>
    /// <exception cref="T:System.IO.IOException">
    /// It cannot be written: the message names it. The old file, if there is one, is as it was. So it is if <paramref name="content" />
    /// fails with anything else, which is passed on.
    /// </exception>
    let write (path: string) (content: Action<Stream>) : unit =
        let target = Path.GetFullPath path

        if Path.EndsInDirectorySeparator target || Directory.Exists target then
            raise (IOException $"cannot write '{target}': it is a folder.")

        // Renaming over a device would put a file in its place, for all programs.
        if Path.GetDirectoryName target = "/dev" then
            raise (IOException $"cannot write '{target}': it is a device, not a file.")

        let unfinished =
            Path.Join(Path.GetDirectoryName(target.AsSpan()), $".{Path.GetRandomFileName()}.tmp".AsSpan())

        try
            using (create unfinished target) (fun stream ->
                content.Invoke stream
                stream.Flush true)

            File.Move(unfinished, target, overwrite = true)
        with cause ->
            discard unfinished

            match cause with
            | :? IOException
            | :? UnauthorizedAccessException -> raise (IOException($"cannot write '{target}': {cause.Message}", cause))
            | _ -> reraise ()
