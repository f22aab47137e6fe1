namespace CuteDl.Core.Optimizers

open System
open CuteDl.Core.Optimizers

/// A part in the current step: its hyper-parameters, and how far the step has come. A plan has none of this, so steps can share a plan.
[<Sealed>]
type internal PartFrame(node: PartNode) =
    let current = node.NewScheduledPart()
    let mutable part = node.First
    // Kept, because reading it from the record allocates.
    let mutable rate = node.Rate
    let mutable rule: IRule | null = null
    let mutable preparing: IPreparingRule | null = null
    let mutable reducing: IReducingRule | null = null

    let follow (next: IPart) =
        part <- next

        rule <-
            (match next with
             | :? IRule as rule -> rule
             | _ -> null
            : IRule | null)

        preparing <-
            (match next with
             | :? IPreparingRule as rule -> rule
             | _ -> null
            : IPreparingRule | null)

        reducing <-
            (match next with
             | :? IReducingRule as rule -> rule
             | _ -> null
            : IReducingRule | null)

    do follow part

    member _.Node = node
    /// The part with the hyper-parameters of this step.
    member _.Part = part
    member _.NeedsParameters: bool = part.NeedsParameters
    member _.Rule = rule

    /// The learning rate in this step; 1 if the part has none.
    member _.Rate = rate

    member _.Preparing = preparing
    member _.Reducing = reducing
    member val Step = 0L with get, set
    member val HasBegun = false with get, set
    /// True once any of its tensors reached this part. A part can be started and never reached, if a reducing gate before it closes.
    member val IsReached = false with get, set
    member val IsOpen = true with get, set
    member val IsDecided = false with get, set
    /// The number of tensors that it has reduced.
    member val Reduced = 0 with get, set

    /// Its sums and coefficients.
    member val Decision = node.NewDecision()

    /// Prepares the frame for a step.
    member frame.Reset() : unit =
        frame.HasBegun <- false
        frame.IsReached <- false
        frame.IsDecided <- false
        frame.Reduced <- 0

    /// True if its decision can throw.
    member frame.MayThrow =
        match node.Gate with
        | ValueSome gate when frame.HasBegun -> gate.MayThrow frame.Decision
        | _ -> false

    /// Sets the hyper-parameters of a step, counted from 1.
    member frame.Begin(step: int64, scalars: float array) : unit =
        frame.Step <- step

        match current with
        | ValueNone -> ()
        | ValueSome current ->
            current.Begin()
            let mutable index = 0

            for argument, setting in node.Scheduled do
                let value = node.ValueAt(index, setting, step - 1L, scalars)

                if not (argument.Allows value) then
                    raise (
                        ArgumentOutOfRangeException(
                            argument.Name,
                            value,
                            $"{argument.Name} of {node.Kind.Name} must {argument.Must}, but {setting} gives {argument.Write value} at step {step - 1L}. Change the schedule."
                        )
                    )

                current.Set(index, value)
                index <- index + 1

                if node.IsRate argument then
                    rate <- value

            if current.Problem <> "" then
                raise (
                    ArgumentException(
                        $"The schedules of {node.Kind.Name} contradict each other at step {step - 1L}: {current.Problem}",
                        node.Kind.Name
                    )
                )

            follow current.Part
