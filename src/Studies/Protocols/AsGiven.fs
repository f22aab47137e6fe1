namespace CuteDl.Studies

/// <summary>
/// The protocol as_given: contenders with their given values, compared in pairs. The test set is scored once, at the end of each trial.
/// </summary>
[<RequireQualifiedAccess>]
module AsGivenProtocol =
    let private limits (_: Protocol) : string list =
        [ "Nothing was tuned: the verdict is about the given values of each optimizer. An optimizer can win because its values happen to suit these tasks." ]

    let private check (study: StudyDesign) : Finding list =
        study.Tasks
        |> List.mapi (
            TestImages.finding
                Severity.Warning
                "Every validation uses the test images, so their accuracy is not the accuracy on unseen images."
                TestImages.HoldOut
        )
        |> List.concat

    /// <summary>The kind.</summary>
    let kind: ProtocolKind =
        { Name = "as_given"
          Meaning = "no tuning; the optimizers with their given values are compared as in the fair protocol"
          Title = "the protocol as_given"
          Phase = Phase.Confirmation
          ComparesPairs = true
          KeepsModels = false
          Keys = [ ProtocolKey.Confirmation ]
          Tuning = None
          Confirmation = { StudyDefaults.confirmation with Defaults = false }
          Frontier = None
          StopRules = []
          Limits = limits
          Check = check }

    /// <summary>Returns the protocol with this comparison.</summary>
    let make (confirmation: Confirmation) : Protocol = { kind.Protocol with Confirmation = confirmation }
