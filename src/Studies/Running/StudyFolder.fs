namespace CuteDl.Studies

open System
open System.IO

/// <summary>The files of a study that is carried out.</summary>
[<Sealed>]
type StudyFolder(path: string) =
    let within (name: string) = Path.Combine(path, name)

    /// <summary>The folder, in full.</summary>
    member _.Path = Path.GetFullPath path

    /// <summary>The study, complete, as it was begun.</summary>
    member _.Study = within "study.json"

    /// <summary>What came of it so far: see <see cref="T:CuteDl.Studies.Journal" />.</summary>
    member _.Journal = within "journal"

    /// <summary>A trial's result, with all that a replay needs.</summary>
    member _.Result(trial: Trial) = within $"trials/{trial.Id}.json"

    // With a comma, which no name has: a dot would take a.b/c for a/b.c.
    /// <summary>Where a trial under way was last saved.</summary>
    member _.Checkpoint(trial: Trial) = within (sprintf "running/%s.safetensors" (trial.Id.Replace('/', ',')))

    /// <summary>The folder of checkpoints.</summary>
    member _.Checkpoints = within "running"
