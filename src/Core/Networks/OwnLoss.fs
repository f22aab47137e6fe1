namespace CuteDl.Core.Networks

open System
open CuteDl.Core.Optimizers

/// <summary>Computes the loss of one example, and writes its gradient with respect to the outputs.</summary>
/// <param name="outputs">The outputs of the example.</param>
/// <param name="targets">Its targets, as many.</param>
/// <param name="gradient">Receives the derivative with respect to each output.</param>
/// <returns>The loss of the example.</returns>
type ExampleLoss = delegate of outputs: ReadOnlySpan<float> * targets: ReadOnlySpan<float> * gradient: Span<float> -> float

/// <summary>A loss of one's own. Two are equal if their names are, because functions cannot be compared.</summary>
/// <param name="name">The name: small letters, digits and hyphens, beginning with a letter.</param>
/// <param name="valueAndGradient">The loss of one example. It is computed in double precision, and must not keep the spans.</param>
/// <exception cref="T:System.ArgumentException">The name has other characters.</exception>
[<Sealed>]
type OwnLoss(name: string, valueAndGradient: ExampleLoss) =
    do
        let isAllowed (c: char) = Char.IsAsciiLetterLower c || Char.IsAsciiDigit c || c = '-'

        if name = "" || not (Char.IsAsciiLetterLower name[0] && Seq.forall isAllowed name) then
            raise (
                ArgumentException(
                    $"The name of a loss is {Quotation.quote name}. It must begin with a small letter, and have only small letters, digits and hyphens.",
                    nameof name
                )
            )

    /// <summary>The name.</summary>
    member _.Name = name

    member internal _.ValueAndGradient = valueAndGradient

    override _.Equals(other: obj) =
        match other with
        | :? OwnLoss as other -> name = other.Name
        | _ -> false

    override _.GetHashCode() = hash name
