namespace CuteDl.Studies

/// <summary>The purpose of a trial. Tuning and confirmation never share seeds.</summary>
type Phase =
    /// <summary>Tries a setting for tuning.</summary>
    | Tuning = 0
    /// <summary>Trains the selected setting with a fresh seed.</summary>
    | Confirmation = 1
    /// <summary>Trains the contender's default setting with a confirmation seed.</summary>
    | Defaults = 2
    /// <summary>Trains at one of the frontier's learning rates.</summary>
    | Frontier = 3
    /// <summary>Runs under the protocol of the source document. The report checks the conclusions of the document on these trials.</summary>
    | Document = 4
    /// <summary>Trains a contender as it is given.</summary>
    | Run = 5
