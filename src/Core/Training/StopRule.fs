namespace CuteDl.Core.Training

open System

/// <summary>A rule that ends a training: a pure function of the history, evaluated after each validation.</summary>
type StopRule =
    /// <summary>
    /// Ends a run that no longer improves. It applies once there are more than <c>patience</c> validations, and ignores the first
    /// <c>patience</c> of them. It ends the run as no-improvement if <c>patience</c> or more validations came after the smallest loss (the
    /// first of equal ones). It ends the run as too-slow if the newest loss is the smallest, but less than <c>minGain</c> below the loss
    /// <c>patience − 1</c> validations earlier.
    /// </summary>
    | Stagnation of patience: int * minGain: float
    /// <summary>
    /// Ends a run that is good enough: there are more than <c>hold</c> validations, and the last <c>hold</c> accuracies were all above
    /// <c>accuracy</c>.
    /// </summary>
    | Target of accuracy: float * hold: int
    /// <summary>Ends a run as no-improvement if <c>patience</c> validations came after the smallest loss, the first of equal ones.</summary>
    | EarlyStopping of patience: int
    /// <summary>Ends a run as target-held at the first validation whose accuracy is at least this.</summary>
    | ReachedAccuracy of accuracy: float
    /// <summary>Ends a run as target-held at the first validation whose loss is at most this.</summary>
    | ReachedLoss of loss: float

/// <summary>Checks and evaluates stop rules.</summary>
module StopRule =
    /// <summary>The source document's two rules, in order: patience 20 with a gain of 0.001, then 20 validations above 0.91.</summary>
    let document = [ Stagnation(20, 0.001); Target(0.91, 20) ]

    let private outOfRange name (value: obj) message : unit = raise (ArgumentOutOfRangeException(name, value, message))

    /// <summary>Throws if a number of a rule is out of its range.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">Patience or hold is below 1, the gain is negative, or the accuracy is outside
    /// [0, 1].</exception>
    let validate (rule: StopRule) : unit =
        match rule with
        | EarlyStopping patience
        | Stagnation(patience, _) when patience < 1 -> outOfRange "patience" patience "The patience must be at least 1 validation."
        | Stagnation(_, gain) when not (gain >= 0.0) -> outOfRange "minGain" gain "The smallest gain must be at least 0."
        | Target(accuracy, _) when not (accuracy >= 0.0 && accuracy <= 1.0) ->
            outOfRange "accuracy" accuracy "The target accuracy must be in [0, 1]."
        | Target(_, hold) when hold < 1 -> outOfRange "hold" hold "The target must be held for at least 1 validation."
        | ReachedAccuracy accuracy when not (accuracy > 0.0 && accuracy <= 1.0) ->
            outOfRange "accuracy" accuracy "The target accuracy must be in (0, 1]."
        | ReachedLoss loss when not (loss > 0.0 && Double.IsFinite loss) ->
            outOfRange "loss" loss "The target loss must be above 0 and finite."
        | Stagnation _
        | Target _
        | EarlyStopping _
        | ReachedAccuracy _
        | ReachedLoss _ -> ()

    /// <summary>True if a run under this rule ends with the parameters of its best validation, instead of the last ones.</summary>
    let keepsBest (rule: StopRule) : bool =
        match rule with
        | EarlyStopping _ -> true
        | Stagnation _
        | Target _
        | ReachedAccuracy _
        | ReachedLoss _ -> false

    let private stagnation (patience: int) (minGain: float) (history: History) =
        let count = history.Count - patience
        let loss i = history[patience + i].Loss

        let rec smallest best i =
            if i = count then best
            elif loss i < loss best then smallest i (i + 1)
            else smallest best (i + 1)

        let best = smallest 0 1

        if count - best > patience then
            Some NoImprovement
        elif best = count - 1 && count >= patience && loss (count - patience) - loss best < minGain then
            Some TooSlow
        else
            None

    let private earlyStopping (patience: int) (history: History) =
        let losses = seq { 0 .. history.Count - 1 }
        // Seq.minBy returns the first of equal values.
        let best = losses |> Seq.minBy (fun i -> history[i].Loss)
        if history.Count - 1 - best >= patience then Some NoImprovement else None

    let private target (accuracy: float) (hold: int) (history: History) =
        let held =
            seq { history.Count - hold .. history.Count - 1 }
            |> Seq.forall (fun i -> history[i].Accuracy > accuracy)

        if held then Some TargetHeld else None

    /// <summary>Returns the number of validations before which the rule ends no run.</summary>
    let earliest (rule: StopRule) : int64 =
        match rule with
        | Stagnation(patience, _) -> 2L * int64 patience
        | Target(_, hold) -> int64 hold + 1L
        | EarlyStopping patience -> int64 patience + 1L
        | ReachedAccuracy _
        | ReachedLoss _ -> 1L

    /// <summary>Returns the reason why the history ends a run by this rule; None if it does not.</summary>
    let decide (rule: StopRule) (history: History) : StopReason option =
        match rule with
        | Stagnation(patience, minGain) when history.Count > patience -> stagnation patience minGain history
        | Target(accuracy, hold) when history.Count > hold -> target accuracy hold history
        | EarlyStopping patience when history.Count > patience -> earlyStopping patience history
        | ReachedAccuracy accuracy when history.Count > 0 && history[history.Count - 1].Accuracy >= accuracy -> Some TargetHeld
        | ReachedLoss loss when history.Count > 0 && history[history.Count - 1].Loss <= loss -> Some TargetHeld
        | Stagnation _
        | Target _
        | EarlyStopping _
        | ReachedAccuracy _
        | ReachedLoss _ -> None
