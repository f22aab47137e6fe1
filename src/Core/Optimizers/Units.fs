namespace CuteDl.Core.Optimizers

/// The units of a tensor, each with the same number of elements.
[<Struct>]
type internal Units =
    {
        Count: int
        /// The number of elements of a unit.
        Size: int
        /// The distance between the first elements of two units.
        Step: int
        /// The distance between two elements of a unit.
        Stride: int
    }

    /// Returns the units of a tensor. A vector is one unit.
    static member Of(parameter: Parameter) : Units =
        let count =
            match parameter.Shape with
            | []
            | [ _ ] -> 1
            | shape when parameter.UnitsFirst -> List.head shape
            | shape -> List.last shape

        let size = parameter.Length / max 1 count

        if parameter.UnitsFirst then
            { Count = count; Size = size; Step = size; Stride = 1 }
        else
            { Count = count; Size = size; Step = 1; Stride = count }
