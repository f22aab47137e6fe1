namespace CuteDl.Studies

open System
open System.IO

/// <summary>The files of a study in its folder.</summary>
/// <param name="path">The folder.</param>
/// <remarks>
/// Checks every path, because another person may have made the folder. Nothing outside the folder is read or written, neither by names such
/// as <c>../x</c> nor through links. The folder itself may be a link.
/// </remarks>
[<Sealed>]
type StudyFolder(path: string) =
    let root = Path.TrimEndingDirectorySeparator(Path.GetFullPath path)

    let refuseLink (path: string) =
        if not (isNull (FileInfo path).LinkTarget) then
            raise (StudyException $"'{path}' is a link. Links in a study's folder are not followed. Replace it by a file or folder.")

    let within (name: string) : string =
        let full = Path.GetFullPath(Path.Join(root, name))

        if not (full.StartsWith(root + string Path.DirectorySeparatorChar, StringComparison.Ordinal)) then
            raise (StudyException $"'{name}' is outside the study's folder '{root}'. Only files inside it are read and written.")

        let rec walk (path: string) =
            if path.Length > root.Length then
                refuseLink path
                walk (Path.GetDirectoryName path |> string)

        walk full
        full

    /// <summary>The full path of the folder.</summary>
    member _.Path = root

    /// <summary>The file of the study with all defaults, as it was started.</summary>
    member _.Study = within "study.json"

    /// <summary>The file of results and decisions: see <see cref="T:CuteDl.Studies.Journal" />.</summary>
    member _.Journal = within "journal"

    /// <summary>The lock file of the process that runs the study.</summary>
    member _.Lock = within "lock"

    /// <summary>A second lock file of the same process, which shows other processes that it is running.</summary>
    member _.Running = within "lock-running"

    /// <summary>The folder of trial results.</summary>
    member _.Results = within "trials"

    /// <summary>The result file of a trial, with everything that a replay needs.</summary>
    member _.Result(trial: Trial) = within $"trials/{trial.Id}.json"

    /// <summary>The model of a trial, if models are kept.</summary>
    member _.Model(trial: Trial) = within $"trials/{trial.Id}.safetensors"

    // The separator is a comma, which no name contains. With a dot, a.b/c and a/b.c would get the same file.
    /// <summary>The file of the last checkpoint of a running trial.</summary>
    member _.Checkpoint(trial: Trial) = within (sprintf "running/%s.safetensors" (trial.Id.Replace('/', ',')))

    /// <summary>The folder of checkpoints.</summary>
    member _.Checkpoints = within "running"
