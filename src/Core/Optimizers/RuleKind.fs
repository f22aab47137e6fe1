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

/// <summary>A kind of rule: its description and arguments. The text form, lists and checks are derived from it.</summary>
[<Sealed>]
type RuleKind internal (record: Type, description: RuleDescription, defaults: IPart, arguments: Argument list, isDescribed: bool) =
    let derived =
        [ match defaults with
          | :? ITensorRule
          | :? ICompositeRule
          | :? IReducingRule -> Trait.WholeTensor
          | _ -> Trait.Elementwise
          if defaults :? IGate then
              Trait.Gate
          if defaults :? IAveraging then
              Trait.Averaging
          if defaults :? IShapedPart then
              Trait.NeedsMatrix
          if arguments |> List.exists _.IsWeightDecay then
              Trait.DecaysWeights ]

    let traits = derived @ description.Traits |> List.distinct

    let identity =
        lazy
            (let names = String.Join(", ", arguments |> List.map _.Name)
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
    member _.Traits: IReadOnlyList<Trait> = traits
    /// <summary>True if it has a trait.</summary>
    member _.Has(``trait``: Trait) = List.contains ``trait`` traits
    /// <summary>The arguments in the order of the text form.</summary>
    member _.Arguments = arguments
    member internal _.Defaults = defaults

    /// <summary>True if the record implements <c>IDescribed</c>, so that the arguments are all of its hyper-parameters.</summary>
    member _.IsDescribed = isDescribed

    /// Tells kinds of one name apart: the type of the record, and the names of the arguments.
    member internal _.Identity: string = identity.Value

    /// <summary>Returns the name.</summary>
    override _.ToString() = description.Name
