namespace CuteDl.Core.Optimizers

open System
open CuteDl.Core.Optimizers

/// <summary>
/// Optimizers that leave some tensors as they are. A frozen tensor takes part in nothing: no norm, sum, check or average sees it. Freezing
/// is independent of the order of the calls that build an optimizer.
/// </summary>
/// <remarks>
/// <c>freeze "a" (clip_global_norm | adam)</c> is <c>clip_global_norm | { "a": freeze | adam, "*": adam }</c>. Frozen tensors have their own
/// copy of the parts that keep state, so that the state continues when they thaw. Parts that look at all tensors cannot be copied, and need
/// not be: the engine leaves frozen tensors out of them.
/// </remarks>
module Freezing =

    let private leftOver = "*"

    /// Parts that look at all tensors and so cannot be inside a group.
    let private looksAtAll (optimizer: Optimizer) =
        match optimizer.Shape with
        | Shape.Single(_, part, _) -> part :? ClipGlobalNorm || part :? SkipNonFinite
        | Shape.Chain _
        | Shape.Groups _ -> false

    let private freezePart (isOn: bool) = Optimizer.create Rules.freeze { Freeze.On = isOn }

    /// Whether a group's optimizer begins with a freeze that is on or off, and what follows it.
    let private flagOf (optimizer: Optimizer) : (bool * Optimizer) option =
        match List.ofSeq optimizer.Parts with
        | first :: rest ->
            match first.Shape with
            | Shape.Single(_, (:? Freeze as freeze), _) -> Some(freeze.On, Optimizer.chain rest)
            | Shape.Single _
            | Shape.Chain _
            | Shape.Groups _ -> None
        | [] -> None

    /// Patterns with their flags, and the optimizer of all other tensors, of groups that <c>freezing</c> made.
    let private splitGroups (optimizer: Optimizer) : ((string * bool) list * Optimizer) option =
        match optimizer.Shape with
        | Shape.Groups groups ->
            let others = List.last groups

            let flags =
                [ for group in List.take (groups.Length - 1) groups ->
                      match flagOf group.Optimizer with
                      | Some(isOn, copy) when copy = others.Optimizer && not group.IsOptional -> Some(group.Pattern, isOn)
                      | Some _
                      | None -> None ]

            if others.Pattern = leftOver && not flags.IsEmpty && List.forall Option.isSome flags then
                Some(List.map Option.get flags, others.Optimizer)
            else
                None
        | Shape.Single _
        | Shape.Chain _ -> None

    /// The patterns that are frozen or thawed, and the optimizer without them.
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
        // Groups that differ in what they freeze were written by hand, and mean what they say.
        | _ -> [], optimizer

    /// The optimizer with these patterns frozen or thawed.
    let private freezing (frozen: (string * bool) list) (optimizer: Optimizer) : Optimizer =
        let groupsOf (parts: Optimizer list) =
            Optimizer.groups
                [ for pattern, isOn in frozen do
                      pattern, Optimizer.chain (freezePart isOn :: parts)
                  leftOver, Optimizer.chain parts ]

        // Runs of parts that can be copied become groups, between the parts that look at all tensors.
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

    /// The optimizer with its frozen groups of a pattern switched on or off, if it has any.
    let private switch (pattern: string) (isOn: bool) (optimizer: Optimizer) : Optimizer option =
        let mutable isFound = false

        let rec walk (optimizer: Optimizer) : Optimizer =
            match optimizer.Shape with
            | Shape.Single _ -> optimizer
            | Shape.Chain parts -> Optimizer.chain (List.map walk parts)
            | Shape.Groups groups ->
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
    /// The same optimizer, which leaves tensors whose names match a pattern as they are, with their part of the state, until
    /// <c>thaw</c>. Freeze before the first state is made: a state continues only through thawing and freezing again.
    /// </summary>
    let freeze (pattern: string) (optimizer: Optimizer) : Optimizer =
        match switch pattern true optimizer with
        | Some frozen -> frozen
        | None ->
            let frozen, original = split optimizer
            freezing ((pattern, true) :: frozen) original

    /// <summary>The same optimizer, which updates tensors again that <c>freeze</c> with the same pattern has stopped.</summary>
    /// <exception cref="T:System.ArgumentException">The optimizer freezes no such pattern.</exception>
    let thaw (pattern: string) (optimizer: Optimizer) : Optimizer =
        match switch pattern false optimizer with
        | Some thawed -> thawed
        | None ->
            raise (
                ArgumentException($"{optimizer} has no frozen group \"{pattern}\". Give a pattern that was frozen before.", nameof pattern)
            )

    /// <summary>Changes an optimizer as if nothing had been frozen, and freezes the same patterns again.</summary>
    /// <param name="change">The change, which sees the optimizer without what freezing added.</param>
    /// <param name="optimizer">The optimizer.</param>
    let within (change: Func<Optimizer, Optimizer>) (optimizer: Optimizer) : Optimizer =
        let frozen, original = split optimizer
        freezing frozen (change.Invoke original)

    /// <summary>A chain of two: the first one's Δ is the second one's gradient. What either freezes is frozen in both.</summary>
    let append (next: Optimizer) (optimizer: Optimizer) : Optimizer =
        let frozen, original = split optimizer
        let alsoFrozen, following = split next
        let isKnown (pattern: string, _: bool) = List.exists (fst >> (=) pattern) frozen
        freezing (frozen @ List.filter (isKnown >> not) alsoFrozen) (Optimizer.chain [ original; following ])
