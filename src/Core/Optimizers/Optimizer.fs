namespace CuteDl.Core.Optimizers

open System
open System.Collections.Generic
open System.Numerics
open System.Runtime.Intrinsics
open CuteDl.Core.Numerics

/// <summary>
/// An optimizer: a rule with its hyper-parameters, as a value. Two optimizers are equal if their text forms are.
/// </summary>
[<Sealed>]
type Optimizer internal (kind: RuleKind, rule: IRule) =
    let values =
        [ for argument in kind.Arguments do
              let value = argument.Get rule

              if not (argument.Range.Contains value) then
                  raise (
                      ArgumentOutOfRangeException(
                          argument.Name,
                          value,
                          $"{argument.Name} ({argument.Summary}) of {kind.Name} must lie in {argument.Range}."
                      )
                  )

              struct (argument, value) ]

    let text =
        let arguments =
            [ for struct (argument, value) in values do
                  if not (argument.IsTechnical && value = argument.Default) then
                      $"{argument.Name}={NumberText.ofFloat value}" ]

        let list = String.Join(", ", arguments)
        $"{kind.Name}({list})"

    /// <summary>The kind of rule: its name, source and arguments.</summary>
    member _.Kind = kind

    /// <summary>The names of its state's slots.</summary>
    member val SlotNames = rule.Slots

    /// <summary>The rule itself, for running it over elements of one's own.</summary>
    member _.Rule = rule

    /// <summary>The hyper-parameters' values by the names of their arguments, in the order of the text form.</summary>
    member _.Values: IReadOnlyList<KeyValuePair<string, float>> =
        Array.AsReadOnly [| for struct (argument, value) in values -> KeyValuePair(argument.Name, value) |]

    /// <summary>The text form, <c>adam(lr=0.0001, beta1=0.9, beta2=0.99)</c>.</summary>
    override _.ToString() = text

    override _.Equals(other: obj | null) =
        match other with
        | :? Optimizer as other -> other.ToString() = text
        | _ -> false

    override _.GetHashCode() = text.GetHashCode StringComparison.Ordinal

/// <summary>Making optimizers, and taking steps with them.</summary>
module Optimizer =

    /// <summary>An optimizer of a kind of rule with the given hyper-parameters.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">A value is out of its range; the message names it and the range.</exception>
    let create (kind: RuleKind<'H>) (hyperParameters: 'H) = Optimizer(kind.Kind, hyperParameters)

    /// <summary>Δ = α g.</summary>
    let fixedRate (h: Fixed) = create Rules.fixedRate h

    /// <summary>v ← γ v + α g; Δ = v.</summary>
    let momentum (h: Momentum) = create Rules.momentum h

    /// <summary>s ← s + g²; Δ = α g / (√s + ε).</summary>
    let adagrad (h: Adagrad) = create Rules.adagrad h

    /// <summary>s ← γ s + (1−γ) g²; Δ = α g / (√s + ε).</summary>
    let rmsProp (h: RmsProp) = create Rules.rmsProp h

    /// <summary>s ← γ s + (1−γ) g²; Δ = (√d + ε)/(√s + ε) g; d ← γ d + (1−γ) Δ².</summary>
    let adadelta (h: Adadelta) = create Rules.adadelta h

    /// <summary>v ← γ₁ v + (1−γ₁) g; s ← γ₂ s + (1−γ₂) g²; Δ = α v̂ / (√ŝ + ε).</summary>
    let adam (h: Adam) = create Rules.adam h

    /// <summary>The initial state (t = 0, all slots 0) for so many parameters.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The length is negative.</exception>
    let init<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (optimizer: Optimizer) (length: int) =
        ArgumentOutOfRangeException.ThrowIfNegative(length, nameof length)
        State<'T>.Zero(optimizer.SlotNames, length)

    let private otherLength (name: string) (length: int) (expected: int) : unit =
        raise (ArgumentException($"{name} has {length} elements, the state {expected}: they must be equal.", name))

    let private otherOptimizer (optimizer: Optimizer) (names: string list) : unit =
        let list (names: string list) = "[" + String.Join(", ", names) + "]"

        raise (
            ArgumentException(
                $"the state is another optimizer's: it has the slots {list names}, {optimizer} needs {list optimizer.SlotNames}.",
                "state"
            )
        )

    let private check (optimizer: Optimizer) (state: State<'T>) (length: int) (name: string) =
        if length <> state.Length then
            otherLength name length state.Length

        if
            not (obj.ReferenceEquals(state.SlotNames, optimizer.SlotNames))
            && state.SlotNames <> optimizer.SlotNames
        then
            otherOptimizer optimizer state.SlotNames

    /// <summary>The pure step: the next state and Δ, which the caller takes away from the parameters (w' = w − Δ).</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="state">The state before the step; it is not touched.</param>
    /// <param name="gradient">The gradient, as long as the state; it is not touched.</param>
    /// <exception cref="T:System.ArgumentException">The lengths differ, or the state is another optimizer's.</exception>
    let step (optimizer: Optimizer) (state: State<'T>) (gradient: ReadOnlySpan<'T>) : struct (State<'T> * 'T array) =
        check optimizer state gradient.Length (nameof gradient)
        let next = state.Copy()
        next.Advance()
        let delta: 'T array = gradient.ToArray()
        let elements = Reinterpret.scalars (Span delta)

        // Δ of an element overwrites its gradient, which no other element needs.
        let pass =
            Pass<Scalar<'T>>
                .Writing(elements, Span<_>.op_Implicit elements, Reinterpret.scalars (Span next.Block), next.SlotNames.Length, next.Stride)

        optimizer.Rule.Sweep(next.Step, pass)
        struct (next, delta)

    /// As many elements from the front as fill registers of a width; how many they are.
    let private stepRegisters<'V, 'T
        when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> and 'V: struct and 'V :> IElement<'V> and 'V :> IRegister<'V, 'T>>
        (optimizer: Optimizer)
        (state: State<'T>)
        (parameters: Span<'T>)
        (gradient: ReadOnlySpan<'T>)
        : int =
        let width = 'V.Width

        let pass =
            Pass<'V>
                .Subtracting(
                    Reinterpret.registers<'T, 'V> parameters,
                    Reinterpret.readOnlyRegisters<'T, 'V> gradient,
                    Reinterpret.registers<'T, 'V>(Span state.Block),
                    optimizer.SlotNames.Length,
                    state.Stride / width
                )

        optimizer.Rule.Sweep(state.Step, pass)
        gradient.Length / width * width

    /// <summary>
    /// The in-place step: overwrites the parameters with w − Δ and the state with the next one, in one walk over memory and
    /// without allocating. Equal bit for bit to what the pure step gives.
    /// </summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="state">The state before the step; after it, the state after the step.</param>
    /// <param name="parameters">The parameters, as long as the state; must not overlap the gradient.</param>
    /// <param name="gradient">The gradient, as long as the state; it is not touched.</param>
    /// <exception cref="T:System.ArgumentException">The lengths differ, or the state is another optimizer's.</exception>
    let stepInPlace (optimizer: Optimizer) (state: State<'T>) (parameters: Span<'T>) (gradient: ReadOnlySpan<'T>) : unit =
        check optimizer state gradient.Length (nameof gradient)
        check optimizer state parameters.Length (nameof parameters)
        state.Advance()

        let rest =
            if Vector512.IsHardwareAccelerated then
                stepRegisters<Register512<'T>, 'T> optimizer state parameters gradient
            elif Vector256.IsHardwareAccelerated then
                stepRegisters<Register256<'T>, 'T> optimizer state parameters gradient
            elif Vector128.IsHardwareAccelerated then
                stepRegisters<Register128<'T>, 'T> optimizer state parameters gradient
            else
                0

        if rest < gradient.Length then
            let tail =
                Pass<Scalar<'T>>
                    .Subtracting(
                        Reinterpret.scalars (parameters.Slice rest),
                        Reinterpret.readOnlyScalars (gradient.Slice rest),
                        Reinterpret.scalars (Span(state.Block).Slice(min rest state.Block.Length)),
                        optimizer.SlotNames.Length,
                        state.Stride
                    )

            optimizer.Rule.Sweep(state.Step, tail)

    /// <summary>
    /// One step over elements of any kind, such as exact fractions: Δ of each, with the slots brought up to date in place.
    /// </summary>
    /// <param name="rule">The rule.</param>
    /// <param name="step">t = 1, 2, ...: the step that is taken.</param>
    /// <param name="gradient">The gradient.</param>
    /// <param name="slots">One block for all slots, slot k of element i at k · length + i; overwritten.</param>
    /// <exception cref="T:System.ArgumentException">The block has not slots × elements entries.</exception>
    let stepElements<'E when 'E: struct and 'E :> IElement<'E>> (rule: IRule) (step: int64) (gradient: 'E array) (slots: 'E array) =
        let slotCount = rule.Slots.Length

        if slots.Length <> slotCount * gradient.Length then
            raise (
                ArgumentException(
                    $"{slotCount} slots of {gradient.Length} elements need a block of {slotCount * gradient.Length}, not {slots.Length}.",
                    nameof slots
                )
            )

        let delta = Array.zeroCreate<'E> gradient.Length
        rule.Sweep(step, Pass<'E>.Writing(Span delta, ReadOnlySpan gradient, Span slots, slotCount, gradient.Length))
        delta
