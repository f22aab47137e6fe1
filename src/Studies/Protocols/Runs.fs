namespace CuteDl.Studies

open CuteDl.Core.Training

/// <summary>Runs without tuning and without a verdict, with the stop rules of the study.</summary>
[<RequireQualifiedAccess>]
module RunsProtocol =
    /// <summary>The kind.</summary>
    let kind: ProtocolKind =
        { Name = "runs"
          Meaning = "no tuning and no verdict, with the stop rules of the study"
          Title = "the protocol runs"
          Phase = Phase.Run
          ComparesPairs = false
          KeepsModels = true
          Keys = [ ProtocolKey.Seeds; ProtocolKey.StopRules ]
          Tuning = None
          Confirmation = { StudyDefaults.confirmation with EqualWithin = 1.1; Defaults = false }
          Frontier = None
          StopRules = []
          Limits = fun _ -> []
          Check = fun _ -> [] }

    /// <summary>Returns the protocol with these seeds and stop rules.</summary>
    /// <param name="seeds">The seeds of each contender.</param>
    /// <param name="stopRules">The rules that end a run before its budget of steps is used up.</param>
    let make (seeds: int list) (stopRules: StopRule list) : Protocol =
        { kind.Protocol with
            Confirmation = { kind.Confirmation with Seeds = seeds }
            StopRules = stopRules }
