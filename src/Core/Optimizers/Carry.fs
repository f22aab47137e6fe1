namespace CuteDl.Core.Optimizers

open System
open System.Numerics

/// Compares the tensors of two layouts.
module private Matching =

    let private newNames (layout: Layout) (rename: string -> string) : (Parameter * string) list =
        let names = [ for parameter in layout.Parameters -> parameter, rename parameter.Name ]

        for name, tensors in List.groupBy snd names do
            match tensors with
            | (first, _) :: (second, _) :: _ ->
                raise (
                    ArgumentException(
                        $"{Quotation.quote first.Name} and {Quotation.quote second.Name} would both be renamed to {Quotation.quote name}. Give each tensor a name of its own.",
                        nameof rename
                    )
                )
            | _ -> ()

        names

    /// Returns the report of the tensors, without the parts.
    let report (before: Layout) (after: Layout) (rename: string -> string) : CarryReport =
        let names = newNames before rename
        let oldByName = Map [ for parameter, name in names -> name, parameter ]
        let newByName = Map [ for parameter in after.Parameters -> parameter.Name, parameter ]

        let unmatched (tensor: Parameter) (other: Parameter option) : UnmatchedTensor option =
            match other with
            | None -> Some { Tensor = tensor; Reason = CarryMismatch.NoSuchName }
            | Some other when other.Shape <> tensor.Shape -> Some { Tensor = tensor; Reason = CarryMismatch.OtherShape other.Shape }
            | Some _ -> None

        { Kept =
            [ for parameter, name in names do
                  match newByName.TryFind name with
                  | Some other when other.Shape = parameter.Shape -> { Before = parameter; After = other }
                  | _ -> () ]
          Dropped = names |> List.choose (fun (parameter, name) -> unmatched parameter (newByName.TryFind name))
          Added =
            after.Parameters
            |> Seq.choose (fun parameter -> unmatched parameter (oldByName.TryFind parameter.Name))
            |> Seq.toList
          Restarted = [] }

/// Carries the state of one part.
[<Sealed>]
type private PartCarrier<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (before: State<'T>, after: State<'T>, kept: Map<string, string>) =

    let absences = after.NewAbsences()

    /// Sets the number of steps of a part that a tensor has missed.
    let miss (node: PartNode) (tensor: PartTensor) (count: int64) : unit = absences[after.PlaceOf(node, tensor.Number)] <- count

    let tensors (state: State<'T>) (node: PartNode) = PartTensors.ofNode state.Layout state.Plan node

    /// Returns the tensors of a part that it also had before, each with its former place.
    let pairs (old: PartNode) (node: PartNode) : (PartTensor * PartTensor) list =
        let former = Map [ for tensor in tensors before old -> tensor.Parameter.Name, tensor ]

        [ for tensor in tensors after node do
              match kept.TryFind tensor.Parameter.Name |> Option.bind former.TryFind with
              | Some old -> old, tensor
              | None -> () ]

    let checkScalars (node: PartNode) : unit =
        if node.KeepsScalarByTensor && node.OwnScalarCount <> node.Tensors.Length then
            raise (
                ArgumentException(
                    $"{node.Kind.Name} keeps {node.OwnScalarCount} numbers for {node.Tensors.Length} tensors, so it is unknown which number belongs to which tensor. Keep one number for each tensor.",
                    "state"
                )
            )

    let copyScalars (old: PartNode) (node: PartNode) (pairs: (PartTensor * PartTensor) list) : unit =
        let copy (from: int) (target: int) (count: int) =
            Array.Copy(before.Scalars, old.ScalarBase + from, after.Scalars, node.ScalarBase + target, count)

        if node.KeepsScalarByTensor then
            checkScalars old
            checkScalars node

            for former, tensor in pairs do
                copy former.Index tensor.Index 1
        else
            copy 0 0 node.OwnScalarCount

        // The scalars of plateaus depend on reported losses only.
        copy old.OwnScalarCount node.OwnScalarCount (node.ScalarNames.Length - node.OwnScalarCount)

    let copy (old: PartNode) (node: PartNode) : unit =
        let pairs = pairs old node
        after.Steps[node.Index] <- before.Steps[old.Index]
        copyScalars old node pairs

        for former, tensor in pairs do
            miss node tensor (before.AbsencesOf(old, former.Number))

            for slot in 0 .. node.SlotCount - 1 do
                (PartTensors.slot before old slot former).CopyTo(PartTensors.slot after node slot tensor)

    let restarted (node: PartNode) (lost: PartTensor list) (reason: RestartReason) : RestartedPart =
        { Part = node.Path
          Kind = node.Kind.Name
          Tensors =
            [ for tensor in lost do
                  if kept.ContainsKey tensor.Parameter.Name then
                      tensor.Parameter.Name ]
          Reason = reason }

    /// Carries a part: its components before, none if it had no tensors, and its components now. Returns what starts anew. The components of
    /// a part have the same tensors and start together, because their schedules must agree.
    member _.Carry(old: PartNode list, nodes: PartNode list) : RestartedPart option =
        let node = List.head nodes
        let keepsByTensor = nodes |> List.exists _.KeepsByTensor
        let all = tensors after node

        // Tensors without state from another part lose nothing.
        let movedTo (tensors: PartTensor list) =
            let report = restarted node tensors RestartReason.OtherPart
            if keepsByTensor && not report.Tensors.IsEmpty then Some report else None

        match old with
        | [] -> movedTo all
        | first :: _ ->
            let known = Set [ for _, tensor in pairs first node -> tensor.Parameter.Name ]
            let added = all |> List.filter (fun tensor -> not (known.Contains tensor.Parameter.Name))
            let steps = before.Steps[first.Index]

            if added.IsEmpty || steps = 0L || nodes |> List.forall _.AllowsAbsence then
                Seq.iter2 copy old nodes

                // A new tensor has missed all steps so far.
                for node in nodes |> List.filter _.IsSeparate do
                    for tensor in added do
                        miss node tensor steps

                movedTo added
            else
                Some(restarted node all (RestartReason.NewTensors [ for tensor in added -> tensor.Parameter.Name ]))

    /// The absences of the carried state.
    member _.Absences: int64 array = absences

/// <summary>Functions of states.</summary>
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module State =

    /// Returns the components of each part. Parts of one optimizer are told apart by path and kind. The slots are for patterns with points:
    /// two parts can have one path then, but not one slot.
    let private partsOf (plan: Plan) : ((string * string * string list) * PartNode list) list =
        let starts (node: PartNode) (parts: PartNode list list) =
            match parts with
            | part :: others when not (List.head part).IsFirstComponent -> (node :: part) :: others
            | _ -> [ node ] :: parts

        [ for part in List.foldBack starts (Array.toList plan.Nodes) [] ->
              let first = List.head part
              (first.Path, first.Kind.Name, part |> List.collect (fun (node: PartNode) -> node.SlotNames)), part ]

    /// <summary>
    /// Carries a state to another layout, for the same optimizer. A tensor keeps its state if both layouts have its name and its shape. The given
    /// state does not change.
    /// </summary>
    /// <remarks>
    /// <para>Slots, and numbers for one tensor, move with their tensor. Numbers for all tensors together stay, because they describe the steps so
    /// far: a rule such as <c>dog</c> keeps its estimate if tensors are dropped. Counts of steps stay, too.</para>
    /// <para>A tensor that is new to a part has missed all steps of this part: its own count starts at 0, and schedules continue. Parts that treat
    /// their tensors together, such as <c>ema</c>, <c>nadam</c> and <c>prodigy</c>, do not allow this. If tensors are new to such a part after
    /// its first step, the whole part starts anew: its slots, numbers, count and schedules. The report names it.</para>
    /// <para>Groups are compared by name. A tensor whose new name matches another group is new to the parts of that group.</para>
    /// </remarks>
    /// <param name="newLayout">The new layout.</param>
    /// <param name="rename">The new name of each tensor of the old layout: <c>id</c> if the names are the same.</param>
    /// <param name="state">The state to carry.</param>
    /// <returns>The state for the new layout, and what became of each tensor.</returns>
    /// <exception cref="T:System.ArgumentException">
    /// Two tensors would have the same name, or the optimizer does not work on the new layout.
    /// </exception>
    let carry (newLayout: Layout) (rename: string -> string) (state: State<'T>) : State<'T> * CarryReport =
        let report = Matching.report state.Layout newLayout rename
        let next = State<'T>.Zero(state.Plan.Optimizer, newLayout)
        let kept = Map [ for tensor in report.Kept -> tensor.After.Name, tensor.Before.Name ]
        let carrier = PartCarrier<'T>(state, next, kept)
        let former = Map(partsOf state.Plan)

        let restarted =
            [ for key, nodes in partsOf next.Plan do
                  let old = former.TryFind key |> Option.defaultValue []

                  match carrier.Carry(old, nodes) with
                  | Some part -> part
                  | None -> () ]

        next.With(state.Step, carrier.Absences), { report with Restarted = restarted }
