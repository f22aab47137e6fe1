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
    let mutable step = 0L

    // The step of each tensor, 0 for tensors without a gradient; only in use if not all of them take the part's step.
    let mutable stepsByTensor: int64 array = [||]
    let mutable isUniform = true
    let mutable presentCount = node.ActiveCount

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
    /// The step of the part.
    member _.Step: int64 = step
    member val HasBegun = false with get, set
    /// True once any of its tensors reached this part. A part can be started and never reached, if a reducing gate before it closes.
    member val IsReached = false with get, set
    member val IsOpen = true with get, set
    member val IsDecided = false with get, set
    /// The number of tensors that it has reduced.
    member val Reduced = 0 with get, set

    /// Its sums and coefficients.
    member val Decision = node.NewDecision()

    /// True if every tensor takes the step of the part.
    member _.IsUniform = isUniform

    /// The number of tensors with a gradient.
    member _.PresentCount = presentCount

    /// Returns the step of a tensor.
    member _.StepOf(index: int) : int64 = if isUniform then step else stepsByTensor[index]

    /// The steps of the tensors; 0 for a tensor without a gradient.
    member _.StepsByTensor: int64 array = stepsByTensor

    /// Gives a tensor its own step, 0 if it has no gradient. The step of the part would be another one.
    member _.SetStep(index: int, ofTensor: int64, ofPart: int64) : unit =
        if isUniform && ofTensor <> ofPart then
            isUniform <- false

            if stepsByTensor.Length = 0 then
                stepsByTensor <- Array.zeroCreate node.ActiveCount

            Array.Fill(stepsByTensor, ofPart)

        if ofTensor = 0L then
            presentCount <- presentCount - 1

        if not isUniform then
            stepsByTensor[index] <- ofTensor

    /// Returns the next larger step that some tensors take; 0 if there is none.
    member _.StepAfter(smaller: int64) : int64 =
        let mutable next = 0L

        for step in stepsByTensor do
            if step > smaller && (next = 0L || step < next) then
                next <- step

        next

    /// Prepares the frame for a step.
    member frame.Reset() : unit =
        isUniform <- true
        presentCount <- node.ActiveCount
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
    member _.Begin(nextStep: int64, scalars: float array) : unit =
        step <- nextStep

        match current with
        | ValueNone -> ()
        | ValueSome current ->
            current.Begin()
            let mutable index = 0

            for argument, setting in node.Scheduled do
                let value = node.ValueAt(index, setting, step - 1L, scalars)

                // NaN is allowed as a constant if the default is the value of another argument. A schedule cannot give it.
                if Double.IsNaN value || not (argument.Allows value) then
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
