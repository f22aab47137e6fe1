/// A rule's law over a stretch of memory: in registers, the widest that the machine has, and the last elements one by one.
///
/// A rule may be a struct: it is then compiled into the sweep, and made anew for every stretch without allocating. Rules that look
/// at whole tensors, or work on them, run such laws of their own over the views that they are given.
module internal CuteDl.Core.Optimizers.Sweep

open System
open System.Numerics
open System.Runtime.Intrinsics
open CuteDl.Core.Numerics

/// As many elements from the front as fill registers of a width; how many they are.
let private registers<'V, 'T, 'R
    when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> and 'V: struct and 'V :> IElement<'V> and 'V :> IRegister<'V, 'T> and 'R :> IRule>
    (rule: 'R)
    (step: int64)
    (numbers: ReadOnlySpan<float>)
    (gradient: ReadOnlySpan<'T>)
    (parameters: ReadOnlySpan<'T>)
    (slots: Span<'T>)
    (slotCount: int)
    (stride: int)
    (target: Span<'T>)
    (subtract: bool)
    : int =
    let width = 'V.Width

    let pass =
        Pass<'V>(
            Reinterpret.readOnlyRegisters<'T, 'V> gradient,
            Reinterpret.readOnlyRegisters<'T, 'V> parameters,
            Reinterpret.registers<'T, 'V> slots,
            slotCount,
            stride / width,
            Reinterpret.registers<'T, 'V> target,
            subtract,
            numbers
        )

    rule.Sweep(step, pass)
    gradient.Length / width * width

/// A rule over a stretch: by registers where vectors are wanted, and number by number.
let run
    (vectors: bool)
    (rule: 'R)
    (step: int64)
    (numbers: ReadOnlySpan<float>)
    (gradient: ReadOnlySpan<'T>)
    (parameters: ReadOnlySpan<'T>)
    (slots: Span<'T>)
    (slotCount: int)
    (stride: int)
    (target: Span<'T>)
    (subtract: bool)
    : unit when 'R :> IRule =
    let rest =
        if not vectors then
            0
        elif Vector512.IsHardwareAccelerated then
            registers<Register512<'T>, 'T, 'R> rule step numbers gradient parameters slots slotCount stride target subtract
        elif Vector256.IsHardwareAccelerated then
            registers<Register256<'T>, 'T, 'R> rule step numbers gradient parameters slots slotCount stride target subtract
        elif Vector128.IsHardwareAccelerated then
            registers<Register128<'T>, 'T, 'R> rule step numbers gradient parameters slots slotCount stride target subtract
        else
            0

    if rest < gradient.Length then
        let tail =
            Pass<Scalar<'T>>(
                Reinterpret.readOnlyScalars (gradient.Slice rest),
                Reinterpret.readOnlyScalars (if parameters.IsEmpty then parameters else parameters.Slice rest),
                Reinterpret.scalars (if slots.IsEmpty then slots else slots.Slice rest),
                slotCount,
                stride,
                Reinterpret.scalars (target.Slice rest),
                subtract,
                numbers
            )

        rule.Sweep(step, tail)

/// The law's Δ over a stretch that a rule looks at, into a target as long as its gradient. No slot is to be assigned.
let look (rule: 'R) (view: View<'T>) (target: Span<'T>) : unit when 'R :> IRule =
    run view.Vectors rule 0L ReadOnlySpan.Empty view.Gradient view.Parameters view.Slots view.SlotCount view.Stride target false

/// The law over a whole tensor: its gradient becomes Δ.
let transform (rule: 'R) (view: TensorView<'T>) : unit when 'R :> IRule =
    let gradient = Span<'T>.op_Implicit view.Gradient
    run view.Vectors rule 0L ReadOnlySpan.Empty gradient view.Parameters view.Slots view.SlotCount view.Stride view.Gradient false
