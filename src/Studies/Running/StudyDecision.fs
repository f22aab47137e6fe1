namespace CuteDl.Studies

/// <summary>The kind of a decision during a study.</summary>
type DecisionKind =
    /// <summary>A trial was pruned.</summary>
    | Pruned = 0
    /// <summary>A trial passed a pruning check and continued.</summary>
    | WentOn = 1
    /// <summary>A search space was extended, because the best setting was at its edge.</summary>
    | Extended = 2
    /// <summary>A setting was selected for confirmation.</summary>
    | Selected = 3
    /// <summary>An interim look at the confirmation trials. It either decided the study or added seeds.</summary>
    | Looked = 4

/// <summary>A decision during a study, with its reason. It depends only on the study.</summary>
type StudyDecision =
    {
        /// <summary>The kind.</summary>
        Kind: DecisionKind
        /// <summary>The trial, or the task and contender, that it is about.</summary>
        About: string
        /// <summary>The step, round or look; 0 if there is none.</summary>
        At: int64
        /// <summary>The decision and its reason, in sentences.</summary>
        Reason: string
    }

    /// Sorts decisions by kind, subject and step.
    static member internal InOrder(decisions: StudyDecision seq) : StudyDecision array =
        decisions |> Seq.sortBy (fun decision -> decision.Kind, decision.About, decision.At) |> Seq.toArray

    static member internal KeyOf(kind: DecisionKind, about: string, at: int64) = $"{kind} {about} {at}"

    /// <summary>Identifies the decision in its study by kind, about and at.</summary>
    member decision.Key = StudyDecision.KeyOf(decision.Kind, decision.About, decision.At)
