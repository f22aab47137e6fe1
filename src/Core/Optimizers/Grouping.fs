namespace CuteDl.Core.Optimizers

open System

/// <summary>Groups of parameters that inherit: each group is a change of the optimizer of all other tensors.</summary>
/// <remarks>
/// Parts that are the same in all groups are written once, before or after the groups. So the result does not depend on the order of the
/// calls. If several patterns match a tensor, it belongs to the narrowest: the one with the most characters other than <c>*</c> and
/// <c>?</c>.
/// </remarks>
module Grouping =

    [<Literal>]
    let private Others = "*"

    let private refused (optimizer: Optimizer) (problem: string) : 'any =
        raise (ArgumentException($"{Quotation.shorten (string optimizer)} {problem}", nameof optimizer))

    /// Returns the whole optimizer of each group, and that of all other tensors.
    let private expanded (optimizer: Optimizer) : ParameterGroup list * Optimizer =
        let parts = List.ofSeq optimizer.Parts
        let isGrouped (part: Optimizer) = part.Groups.Count > 0

        match List.filter isGrouped parts with
        | [] -> [], optimizer
        | [ groups ] ->
            let place = List.findIndex isGrouped parts

            let all =
                [ for group in groups.Groups ->
                      { group with
                          Optimizer = Optimizer.chain (List.take place parts @ group.Optimizer :: List.skip (place + 1) parts) } ]

            let last = List.last all

            if last.Pattern = Others then
                List.take (all.Length - 1) all, last.Optimizer
            else
                refused optimizer "has no group \"*\" from which another group could inherit. Add it."
        | _ -> refused optimizer "has groups at several places, so a group cannot inherit. Write the groups at one place."

    let rec private commonStart (lists: Optimizer list list) : Optimizer list =
        match lists with
        | (first :: _) :: _ when lists |> List.forall (fun list -> List.tryHead list = Some first) ->
            first :: commonStart (List.map List.tail lists)
        | _ -> []

    /// Writes the parts that are the same for all tensors once.
    let private collected (groups: ParameterGroup list) (others: Optimizer) : Optimizer =
        let all = groups @ [ { Pattern = Others; IsOptional = false; Optimizer = others } ]

        let parts =
            [ for group in all -> group.Optimizer.Parts |> Seq.filter ((<>) Optimizer.identity) |> List.ofSeq ]

        let before = commonStart parts
        let parts = parts |> List.map (List.skip before.Length)
        let after = parts |> List.map List.rev |> commonStart |> List.rev
        let parts = parts |> List.map (fun parts -> List.take (parts.Length - after.Length) parts)

        let groups: ParameterGroup list =
            [ for group, parts in List.zip all parts -> { group with Optimizer = Optimizer.chain parts } ]

        // A group that changes nothing stays: it keeps its tensors out of wider groups.
        Optimizer.chain (before @ Optimizer.groupsOf groups :: after)

    /// Marks the groups as optional, at any depth, whose patterns match one of these names.
    let rec internal allowEmpty (names: string seq) (optimizer: Optimizer) : Optimizer =
        match optimizer.Tree with
        | OptimizerTree.Single _ -> optimizer
        | OptimizerTree.Chain parts -> Optimizer(OptimizerTree.Chain(List.map (allowEmpty names) parts))
        | OptimizerTree.Groups groups ->
            let changed (group: ParameterGroup) =
                { group with
                    IsOptional = group.IsOptional || Seq.exists (fun name -> ParameterGroup.Matches(group.Pattern, name)) names
                    Optimizer = allowEmpty names group.Optimizer }

            Optimizer(OptimizerTree.Groups(List.map changed groups))

    /// <summary>Returns the position of a new pattern among groups: before the first pattern that is wider.</summary>
    let placeOf (pattern: string) (groups: ParameterGroup seq) : int =
        let groups = Seq.toList groups

        groups
        |> List.tryFindIndex (fun group -> Freezing.narrowness pattern group.Pattern < 0)
        |> Option.defaultValue groups.Length

    /// <summary>Changes the optimizer for the tensors whose names match a pattern. All others keep it.</summary>
    /// <param name="isOptional">True if the pattern can match no tensor.</param>
    /// <param name="pattern">In the pattern, <c>*</c> matches any characters and <c>?</c> one.</param>
    /// <param name="change">The change. Its argument is the optimizer of the tensors that are in no group, without frozen tensors.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <exception cref="T:System.ArgumentException">
    /// The pattern is given twice, the change adds <c>clip_global_norm</c>, or the groups of the optimizer have no last group <c>*</c>.
    /// </exception>
    let inheritOptionally (isOptional: bool) (pattern: string) (change: Optimizer -> Optimizer) (optimizer: Optimizer) : Optimizer =
        let grouped (original: Optimizer) =
            let groups, others = expanded original
            let group = { Pattern = pattern; IsOptional = isOptional; Optimizer = change others }
            collected (List.insertAt (placeOf pattern groups) group groups) others

        Freezing.within (Func<Optimizer, Optimizer> grouped) optimizer

    /// <summary>
    /// Changes the optimizer for the tensors whose names match a pattern. All others keep it:
    /// <c>optimizer |> Grouping.forGroup "*.bias" (Optimizer.set "weight_decay" 0.0)</c>.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">As for <c>inheritOptionally</c>.</exception>
    let forGroup (pattern: string) (change: Optimizer -> Optimizer) (optimizer: Optimizer) : Optimizer =
        inheritOptionally false pattern change optimizer

    /// Adds a scale after the rule, so that averages after it are those of the scaled steps.
    let private scaledRule (factor: float) (optimizer: Optimizer) : Optimizer =
        let parts = List.ofSeq optimizer.Parts

        match parts |> List.tryFindIndex _.Kind.IsRule with
        | None -> refused optimizer "has no rule whose learning rate could have a factor. Add a rule."
        | Some place when parts[place].Kind.Has Trait.Averaging ->
            refused optimizer $"has a rule that keeps averages of unscaled steps. Set lr of {parts[place].Kind} in the group."
        | Some place -> Optimizer.chain (List.insertAt (place + 1) (Optimizer.create { Scale.Factor = factor }) parts)

    /// <summary>
    /// Multiplies the step of the rule for the tensors whose names match a pattern. If the step is proportional to the learning rate, as in most
    /// rules, this is a factor of the learning rate. Schedules and later changes of the learning rate keep the factor.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">As for <c>forGroup</c>; or the rule keeps averages of the parameters.</exception>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The factor is negative.</exception>
    let learningRateFactor (pattern: string) (factor: float) (optimizer: Optimizer) : Optimizer =
        forGroup pattern (scaledRule factor) optimizer
