namespace CuteDl.Studies

open System
open System.IO

/// <summary>The files of a study that is run in a folder.</summary>
/// <param name="path">The folder.</param>
/// <remarks>
/// Every path is checked here: a folder may come from somebody else, and nothing is read or written outside of it, neither by names such
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

    /// <summary>The folder, in full.</summary>
    member _.Path = root

    /// <summary>The study, complete, as it was begun.</summary>
    member _.Study = within "study.json"

    /// <summary>The results and decisions so far: see <see cref="T:CuteDl.Studies.Journal" />.</summary>
    member _.Journal = within "journal"

    /// <summary>The lock of the process that runs the study.</summary>
    member _.Lock = within "lock"

    /// <summary>A second lock of that process, which shows others that it is running.</summary>
    member _.Running = within "lock-running"

    /// <summary>The folder of the trials' results.</summary>
    member _.Results = within "trials"

    /// <summary>A trial's result, with everything that a replay needs.</summary>
    member _.Result(trial: Trial) = within $"trials/{trial.Id}.json"

    // With a comma, which no name has: a dot would take a.b/c for a/b.c.
    /// <summary>The last checkpoint of a trial that is being trained.</summary>
    member _.Checkpoint(trial: Trial) = within (sprintf "running/%s.safetensors" (trial.Id.Replace('/', ',')))

    /// <summary>The folder of checkpoints.</summary>
    member _.Checkpoints = within "running"
