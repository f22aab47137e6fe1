namespace CuteDl.Core.Optimizers

open System
open CuteDl.Core.Optimizers

/// <summary>
/// Excludes tensors from training. A frozen tensor takes part in no norm, sum, check or average. Freezing is independent of the order of
/// the calls that build an optimizer.
/// </summary>
/// <remarks>
/// <c>freeze "a" (clip_global_norm | adam)</c> is <c>clip_global_norm | { "a": freeze | adam, "*": adam }</c>. Frozen tensors have their
/// own copy of the parts that keep state, so that the state continues when they thaw. <c>clip_global_norm</c> and <c>skip_non_finite</c>
/// need no copy: the engine leaves frozen tensors out of their sums. Rules that estimate one number over all tensors (<c>dog</c>,
/// <c>dowg</c>, <c>dadapt_adam</c>, <c>prodigy</c>) are copied, and each copy keeps its own estimate after thawing. If several patterns
/// match a tensor, it belongs to the narrowest: the one with the most characters other than <c>*</c> and <c>?</c>.
/// </remarks>
module Freezing =

    let private leftOver = "*"

    /// Compares two patterns; the narrower one is less. A pattern that covers another one has at most as many letters.
    let internal narrowness (a: string) (b: string) : int =
        let key (pattern: string) =
            let count (isCounted: char -> bool) = pattern |> Seq.filter isCounted |> Seq.length
            let letters = count (fun c -> c <> '*' && c <> '?')
            struct (pattern = leftOver, -letters, -(count ((=) '?')), count ((=) '*'))

        match compare (key a) (key b) with
        | 0 -> String.CompareOrdinal(a, b)
        | order -> order

    /// Sorts patterns, narrower ones first: a tensor belongs to the first pattern that it matches. The result does not depend on the order
    /// of the calls.
    let private ordered (frozen: (string * bool) list) : (string * bool) list =
        frozen |> List.sortWith (fun (a, _) (b, _) -> narrowness a b)

    /// True for parts that use all tensors and are not copied into groups.
    let private looksAtAll (optimizer: Optimizer) =
        match optimizer.Tree with
        | OptimizerTree.Single(_, part, _) -> part :? ClipGlobalNorm || part :? SkipNonFinite
        | OptimizerTree.Chain _
        | OptimizerTree.Groups _ -> false

    let private freezePart (isOn: bool) = Optimizer.create { Freeze.On = isOn }

    /// For a group whose optimizer starts with a freeze: whether the freeze is on, and the parts after it.
    let private flagOf (optimizer: Optimizer) : (bool * Optimizer) option =
        match List.ofSeq optimizer.Parts with
        | first :: rest ->
            match first.Tree with
            | OptimizerTree.Single(_, (:? Freeze as freeze), _) -> Some(freeze.On, Optimizer.chain rest)
            | OptimizerTree.Single _
            | OptimizerTree.Chain _
            | OptimizerTree.Groups _ -> None
        | [] -> None

    /// Returns the patterns and flags of groups if all of them start with a freeze before the same optimizer.
    let private flagsOf (groups: ParameterGroup list) (original: Optimizer) : (string * bool) list option =
        let flags =
            [ for group in groups ->
                  match flagOf group.Optimizer with
                  | Some(isOn, copy) when copy = original && not group.IsOptional -> Some(group.Pattern, isOn)
                  | Some _
                  | None -> None ]

        if not flags.IsEmpty && List.forall Option.isSome flags then
            Some(List.map Option.get flags)
        else
            None

    /// For groups that <c>freezing</c> made: returns their patterns with flags, and the optimizer without freezing.
    let private splitGroups (optimizer: Optimizer) : ((string * bool) list * Optimizer) option =
        match optimizer.Tree with
        | OptimizerTree.Groups groups ->
            let others = List.last groups

            if others.Pattern <> leftOver then
                None
            else
                match flagsOf (List.take (groups.Length - 1) groups) others.Optimizer, flagOf others.Optimizer with
                | Some flags, _ -> Some(flags, others.Optimizer)
                // The pattern of all other tensors is frozen too.
                | None, Some(_, original) -> flagsOf groups original |> Option.map (fun flags -> flags, original)
                | None, None -> None
        | OptimizerTree.Single _
        | OptimizerTree.Chain _ -> None

    /// Returns the patterns that are frozen or thawed, and the optimizer without them.
    let private split (optimizer: Optimizer) : (string * bool) list * Optimizer =
        let parts = [ for part in optimizer.Parts -> part, splitGroups part ]

        match parts |> List.choose (snd >> Option.map fst) |> List.distinct with
        | [ frozen ] ->
            let bases =
                [ for part, groups in parts ->
                      match groups with
                      | Some(_, others) -> others
                      | None -> part ]

            frozen, Optimizer.chain bases
        // Groups with different frozen patterns were written by hand and do not change.
        | _ -> [], optimizer

    /// Adds the frozen or thawed patterns to an optimizer without any.
    let private freezing (frozen: (string * bool) list) (optimizer: Optimizer) : Optimizer =
        let groupsOf (parts: Optimizer list) =
            Optimizer.groups
                [ for pattern, isOn in ordered frozen do
                      pattern, Optimizer.chain (freezePart isOn :: parts)
                  if frozen |> List.forall (fst >> (<>) leftOver) then
                      leftOver, Optimizer.chain parts ]

        // Sequences of parts that can be copied become groups, between the parts that use all tensors.
        let rec segments (parts: Optimizer list) : Optimizer list =
            match parts with
            | [] -> []
            | first :: rest when looksAtAll first -> first :: segments rest
            | _ ->
                groupsOf (List.takeWhile (looksAtAll >> not) parts)
                :: segments (List.skipWhile (looksAtAll >> not) parts)

        if frozen.IsEmpty then
            optimizer
        else
            let parts = segments (List.ofSeq optimizer.Parts)
            Optimizer.chain (if List.forall looksAtAll parts then parts @ [ groupsOf [] ] else parts)

    /// Switches the frozen groups of a pattern on or off; None if the optimizer has no such group.
    let private switch (pattern: string) (isOn: bool) (optimizer: Optimizer) : Optimizer option =
        let mutable isFound = false

        let rec walk (optimizer: Optimizer) : Optimizer =
            match optimizer.Tree with
            | OptimizerTree.Single _ -> optimizer
            | OptimizerTree.Chain parts -> Optimizer.chain (List.map walk parts)
            | OptimizerTree.Groups groups ->
                Optimizer.groupsOf
                    [ for group in groups ->
                          match flagOf group.Optimizer with
                          | Some(_, rest) when group.Pattern = pattern ->
                              isFound <- true
                              { group with Optimizer = Optimizer.chain [ freezePart isOn; rest ] }
                          | Some _
                          | None -> { group with Optimizer = walk group.Optimizer } ]

        let switched = walk optimizer
        if isFound then Some switched else None

    /// <summary>
    /// Freezes the tensors whose names match a pattern: they and their part of the state do not change until <c>thaw</c>. Freeze before the
    /// first state is created. The state then continues when the tensors thaw and freeze again.
    /// </summary>
    let freeze (pattern: string) (optimizer: Optimizer) : Optimizer =
        match switch pattern true optimizer with
        | Some frozen -> frozen
        | None ->
            let frozen, original = split optimizer
            freezing ((pattern, true) :: frozen) original

    /// <summary>Thaws the tensors that <c>freeze</c> has frozen with the same pattern.</summary>
    /// <exception cref="T:System.ArgumentException">The optimizer has no frozen group of this pattern.</exception>
    let thaw (pattern: string) (optimizer: Optimizer) : Optimizer =
        match switch pattern false optimizer with
        | Some thawed -> thawed
        | None ->
            raise (
                ArgumentException(
                    $"{Quotation.shorten (string optimizer)} has no frozen group \"{Quotation.shorten pattern}\". Give a pattern that was frozen before.",
                    nameof pattern
                )
            )

    /// <summary>
    /// Changes the optimizer inside the frozen groups: removes freezing, applies the change, and freezes the same patterns again.
    /// </summary>
    /// <param name="change">The change of the optimizer without frozen groups.</param>
    /// <param name="optimizer">The optimizer.</param>
    let within (change: Func<Optimizer, Optimizer>) (optimizer: Optimizer) : Optimizer =
        let frozen, original = split optimizer
        freezing frozen (change.Invoke original)

    /// <summary>Chains two optimizers: the Δ of the first is the gradient of the second. The patterns that one of them freezes are frozen in both.</summary>
    let append (next: Optimizer) (optimizer: Optimizer) : Optimizer =
        let frozen, original = split optimizer
        let alsoFrozen, following = split next
        let patterns = frozen @ alsoFrozen |> List.map fst |> List.distinct
        let isOn (pattern: string) = frozen @ alsoFrozen |> List.exists ((=) (pattern, true))
        freezing [ for pattern in patterns -> pattern, isOn pattern ] (Optimizer.chain [ original; following ])
