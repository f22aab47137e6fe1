namespace CuteDl.Studies

/// <summary>The severity of a finding.</summary>
type Severity =
    /// <summary>Information.</summary>
    | Note = 0
    /// <summary>The results can mislead, or fewer pairs can be decided than expected.</summary>
    | Warning = 1
    /// <summary>The results would be wrong, or the study cannot run.</summary>
    | Error = 2

/// <summary>A finding about a study.</summary>
type Finding =
    {
        /// <summary>The code of the kind of finding: S001, S002, ...</summary>
        Code: string
        /// <summary>The severity.</summary>
        Severity: Severity
        /// <summary>The place in the study, for example <c>$.tasks[0].output</c>.</summary>
        Path: string
        /// <summary>What is wrong.</summary>
        Message: string
        /// <summary>What to change.</summary>
        Advice: string
    }

    /// <summary>Returns <c>S008 warning, $.tasks[0].output: ...</c></summary>
    override finding.ToString() =
        $"{finding.Code} {finding.Severity.ToString().ToLowerInvariant()}, {finding.Path}: {finding.Message} {finding.Advice}"
