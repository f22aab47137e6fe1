namespace CuteDl.Studies

/// <summary>What kind of thing was decided on the way.</summary>
type DecisionKind =
    /// <summary>A trial ended early.</summary>
    | Pruned = 0
    /// <summary>A trial was looked at, and went on.</summary>
    | WentOn = 1
    /// <summary>The best setting lay at the edge of its space, which was extended.</summary>
    | Extended = 2
    /// <summary>A setting was chosen for confirmation.</summary>
    | Selected = 3
    /// <summary>A look at the confirmed trials: decided, or more seeds.</summary>
    | Looked = 4

/// <summary>Something that a study decided on the way, and why. Follows from the study alone.</summary>
type StudyDecision =
    {
        /// <summary>What kind.</summary>
        Kind: DecisionKind
        /// <summary>About which trial, or task and contender: unique among the decisions of its kind.</summary>
        About: string
        /// <summary>At which step, round or look; 0 where there is none.</summary>
        At: int64
        /// <summary>What was decided and why, in words.</summary>
        Reason: string
    }

    /// <summary>Kind, about and at: unique in a study.</summary>
    member decision.Key = $"{decision.Kind} {decision.About} {decision.At}"
