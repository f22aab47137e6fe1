/// Runs the update of a rule over a slice of memory, with the widest registers of the machine, and the last elements one by one.
///
/// A rule can be a struct. It is then compiled into the loop, and can be made for every slice without allocation. Rules that observe or
/// transform whole tensors run such updates over the slices that they get.
module internal CuteDl.Core.Optimizers.UpdateKernel

open System
open System.Numerics
open System.Runtime.Intrinsics
open CuteDl.Core.Numerics

/// Updates as many elements from the start as fill whole registers. Returns their number.
let private registers<'V, 'T, 'R
    when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> and 'V: struct and 'V :> IElement<'V> and 'V :> IRegister<'V, 'T> and 'R :> IRule>
    (rule: 'R)
    (step: int64)
    (coefficients: ReadOnlySpan<float>)
    (gradient: ReadOnlySpan<'T>)
    (parameters: ReadOnlySpan<'T>)
    (slots: Span<'T>)
    (slotCount: int)
    (stride: int)
    (target: Span<'T>)
    (subtract: bool)
    : int =
    let width = 'V.Width

    let loop =
        UpdateLoop<'V>(
            Reinterpret.readOnlyRegisters<'T, 'V> gradient,
            Reinterpret.readOnlyRegisters<'T, 'V> parameters,
            Reinterpret.registers<'T, 'V> slots,
            slotCount,
            stride / width,
            Reinterpret.registers<'T, 'V> target,
            subtract,
            coefficients
        )

    rule.Update(step, loop)
    gradient.Length / width * width

/// Updates a slice: in registers if vectors are enabled, and the remaining elements one by one. Slices shorter than a register of the machine
/// use registers of half its width, because single elements take longer.
let run
    (vectors: bool)
    (rule: 'R)
    (step: int64)
    (coefficients: ReadOnlySpan<float>)
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
        elif Vector512.IsHardwareAccelerated && gradient.Length >= Vector512<'T>.Count then
            registers<Register512<'T>, 'T, 'R> rule step coefficients gradient parameters slots slotCount stride target subtract
        elif Vector256.IsHardwareAccelerated then
            registers<Register256<'T>, 'T, 'R> rule step coefficients gradient parameters slots slotCount stride target subtract
        elif Vector128.IsHardwareAccelerated then
            registers<Register128<'T>, 'T, 'R> rule step coefficients gradient parameters slots slotCount stride target subtract
        else
            0

    if rest < gradient.Length then
        let tail =
            UpdateLoop<Scalar<'T>>(
                Reinterpret.readOnlyScalars (gradient.Slice rest),
                Reinterpret.readOnlyScalars (if parameters.IsEmpty then parameters else parameters.Slice rest),
                Reinterpret.scalars (if slots.IsEmpty then slots else slots.Slice rest),
                slotCount,
                stride,
                Reinterpret.scalars (target.Slice rest),
                subtract,
                coefficients
            )

        rule.Update(step, tail)

/// Writes the Δ of a slice that is being reduced into a target as long as its gradient. The update must not assign slots.
let measure (rule: 'R) (slice: TensorSlice<'T>) (target: Span<'T>) : unit when 'R :> IRule =
    run slice.Vectors rule 0L ReadOnlySpan.Empty slice.Gradient slice.Parameters slice.Slots slice.SlotCount slice.Stride target false

/// Runs the update over a whole tensor and replaces its gradient by Δ.
let transform (rule: 'R) (tensor: WholeTensor<'T>) : unit when 'R :> IRule =
    let gradient = Span<'T>.op_Implicit tensor.Gradient

    run
        tensor.Vectors
        rule
        0L
        ReadOnlySpan.Empty
        gradient
        tensor.Parameters
        tensor.Slots
        tensor.SlotCount
        tensor.Stride
        tensor.Gradient
        false
