namespace CuteDl.Core.Optimizers

open System
open System.Collections.Generic
open System.Text.RegularExpressions

/// The name of a type that stays the same from one compilation to the next.
module private RecordName =
    // Compilers number types without a name, and F# Interactive numbers its submissions.
    [<Literal>]
    let private Numbers = @"@\d+(-\d+)?|FSI_\d+"

    let ofType (record: Type) : string = Regex.Replace(string record, Numbers, "", RegexOptions.CultureInvariant)

/// What is read from the record of a kind: the record with all defaults, and the arguments.
[<NoEquality; NoComparison>]
type internal RecordContent = { Defaults: IPart; Arguments: Argument list }

/// <summary>A kind of rule: its description and arguments. The text form, lists and checks are derived from it.</summary>
// The record is read at the first use: a program names few of the many kinds, and reflection is slow.
[<Sealed>]
type RuleKind internal (record: Type, description: RuleDescription, isDescribed: bool, read: unit -> RecordContent) =
    let content = lazy (read ())

    let traits =
        lazy
            (let derived =
                [ match content.Value.Defaults with
                  | :? ITensorRule
                  | :? ICompositeRule
                  | :? IReducingRule -> Trait.WholeTensor
                  | _ -> Trait.Elementwise
                  if content.Value.Defaults :? IGate then
                      Trait.Gate
                  if content.Value.Defaults :? IAveraging then
                      Trait.Averaging
                  if content.Value.Defaults :? IShapedPart then
                      Trait.NeedsMatrix
                  if content.Value.Arguments |> List.exists _.IsWeightDecay then
                      Trait.DecaysWeights ]

             derived @ description.Traits |> List.distinct)

    let identity =
        lazy
            (let names = String.Join(", ", content.Value.Arguments |> List.map _.Name)
             $"{RecordName.ofType record}({names})")

    /// <summary>The name in the text form: <c>adam</c>. It is read in any case and printed in this one.</summary>
    member _.Name = description.Name
    /// <summary>The record of its hyper-parameters.</summary>
    member _.Record = record
    /// <summary>Its description.</summary>
    member _.Description = description
    /// <summary>Its role.</summary>
    member _.Role = description.Role
    /// <summary>True for rules, false for transformations.</summary>
    member _.IsRule = description.Role.IsAnyRule
    /// <summary>A description in one line.</summary>
    member _.Summary = description.Summary
    /// <summary>Its traits: those of its description, and those that its record shows.</summary>
    member _.Traits: IReadOnlyList<Trait> = traits.Value
    /// <summary>True if it has a trait.</summary>
    member _.Has(``trait``: Trait) = List.contains ``trait`` traits.Value
    /// <summary>The arguments in the order of the text form.</summary>
    member _.Arguments = content.Value.Arguments
    member internal _.Defaults = content.Value.Defaults

    /// <summary>True if the record implements <c>IDescribed</c>, so that the arguments are all of its hyper-parameters.</summary>
    member _.IsDescribed = isDescribed

    /// Tells kinds of one name apart: the type of the record, and the names of the arguments.
    member internal _.Identity: string = identity.Value

    /// <summary>Returns the name.</summary>
    override _.ToString() = description.Name
