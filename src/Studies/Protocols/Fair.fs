namespace CuteDl.Studies

/// <summary>The fair protocol: tuning with equal budgets, then confirmation with fresh seeds. The test set is scored once.</summary>
[<RequireQualifiedAccess>]
module FairProtocol =
    let private limits (protocol: Protocol) : string list =
        match protocol.Tuning with
        | Some tuning when tuning.Nested ->
            [ "The verdict is about optimizers that are tuned with this budget, and not about single settings. Its error rates and intervals include the luck of tuning." ]
        | Some _ ->
            let luck =
                "The verdict is about the settings that tuning chose. Its error rates and intervals do not include the luck of that choice."

            if protocol.Kind.Has ProtocolKey.Tuning then
                [ $"{luck} The option \"nested\" of \"tuning\" repeats the tuning for each seed, and includes it." ]
            else
                [ luck ]
        | None -> []

    /// <summary>The kind.</summary>
    let kind: ProtocolKind =
        { Name = "fair"
          Meaning = "tuning, then confirmation with fresh seeds"
          Title = "the fair protocol"
          Phase = Phase.Confirmation
          ComparesPairs = true
          KeepsModels = false
          Keys = [ ProtocolKey.Tuning; ProtocolKey.Confirmation; ProtocolKey.Frontier ]
          Tuning = Some StudyDefaults.tuning
          Confirmation = StudyDefaults.confirmation
          Frontier = None
          StopRules = []
          Limits = limits
          Check = fun _ -> [] }

    /// <summary>Returns a fair protocol.</summary>
    /// <param name="tuning">The tuning, with the same budget for every contender.</param>
    /// <param name="confirmation">The comparison of the tuned settings.</param>
    /// <param name="frontier">The small-rate frontier, if any.</param>
    let make (tuning: Tuning, confirmation: Confirmation, frontier: Frontier option) : Protocol =
        { kind.Protocol with Tuning = Some tuning; Confirmation = confirmation; Frontier = frontier }
