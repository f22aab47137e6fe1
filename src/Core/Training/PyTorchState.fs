namespace CuteDl.Core.Training

open System
open System.Collections.Generic
open System.IO
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Optimizers

/// <summary>
/// Exchanges states with PyTorch's optimizers, in files of flat names: <c>NAME.KEY</c>, where NAME is the name of a tensor and KEY is PyTorch's key
/// in a <c>state_dict</c>, such as <c>layers.0.weight.exp_avg</c>. <c>step</c> is the number of steps of the optimizer.
/// </summary>
/// <remarks>
/// <para><c>PyTorchRules.all</c> lists the rules. Parts of a chain that keep no state can be added: in PyTorch, the training loop does their work.
/// Hyper-parameters are not part of the files.</para>
/// <para>A tensor that has not taken a step has no entries. PyTorch's schedulers count the steps of the optimizer, so schedules continue from
/// <c>step</c>. PyTorch's SGD counts no steps. Without <c>step</c>, its state is that after one step, and its hyper-parameters cannot follow a
/// schedule.</para>
/// <para>Shapes are those of this library: inputs × units. PyTorch's <c>Linear</c> has units × inputs, so PyTorch's side transposes.</para>
/// </remarks>
module PyTorchState =

    [<Literal>]
    let private StepKey = "step"

    /// A tensor, the part with its rule, and its place in this part.
    [<NoComparison; NoEquality>]
    type private Entry =
        { Rule: PyTorchRule
          Node: PartNode
          Tensor: PartTensor }

        member entry.Name(key: string) = $"{entry.Tensor.Parameter.Name}.{key}"

        /// The keys of the slots that the part has, in the order of its slots.
        member entry.Keys = [ for slot in entry.Node.SlotNames -> Map.find slot (Map entry.Rule.Keys) ]

    let private known = String.Join(", ", [ for rule in PyTorchRules.all -> rule.Kind.Name ])

    let private refuse (optimizer: Optimizer) (problem: string) : 'any =
        raise (ArgumentException($"{Quotation.shorten (string optimizer)} has no counterpart in PyTorch. {problem}", nameof optimizer))

    // The number of this part only reports a norm.
    let private reportsOnly (node: PartNode) = obj.ReferenceEquals(node.Kind, Rules.clipGlobalNorm.Kind)

    /// Returns why a part has no counterpart, with advice; None if it has one, or needs none.
    let private problemOf (node: PartNode) : string option =
        let name = node.Kind.Name

        if node.ScalarNames.Length > node.OwnScalarCount then
            Some $"A hyper-parameter of {name} follows a plateau, whose state is not in a state_dict. Use a constant or a schedule."
        else
            match PyTorchRules.tryFind node.Kind with
            | Some rule ->
                rule.Requires
                |> List.tryPick (fun (needed, value) ->
                    let argument = node.Kind.Arguments |> List.find (fun argument -> argument.Name = needed)
                    let found = argument.Get node.First

                    if found = value then
                        None
                    else
                        Some $"PyTorch has no {name} with {needed}={argument.Write found}. Set {needed}={argument.Write value}.")
            | None when node.Kind.IsRule -> Some $"PyTorch has no {name} with the same state. Use one of the rules {known}."
            | None when node.SlotCount > 0 || (node.OwnScalarCount > 0 && not (reportsOnly node)) ->
                Some $"{name} keeps state, which is not in a state_dict. Remove it, or use a transformation without state."
            | None -> None

    /// Returns the entry of each tensor of a state's layout.
    let private entriesOf (state: State<'T>) : Entry list =
        let plan = state.Plan
        let optimizer = plan.Optimizer

        match plan.Nodes |> Array.tryPick problemOf with
        | Some problem -> refuse optimizer problem
        | None -> ()

        let rules =
            [ for node in plan.Nodes do
                  match PyTorchRules.tryFind node.Kind with
                  | Some rule ->
                      for tensor in PartTensors.ofNode state.Layout plan node do
                          tensor.Parameter.Name, { Rule = rule; Node = node; Tensor = tensor }
                  | None -> () ]
            |> List.groupBy fst
            |> Map

        [ for parameter in state.Layout.Parameters ->
              match rules.TryFind parameter.Name with
              | Some [ _, entry ] -> entry
              | found ->
                  let count = found |> Option.map List.length |> Option.defaultValue 0

                  refuse
                      optimizer
                      $"{Quotation.quote parameter.Name} has {count} rules instead of one. Use one of the rules {known} for each tensor." ]

    /// Refuses the schedules of a part unless its count of steps is that of the optimizer, which PyTorch's schedulers follow.
    let private checkSchedules (node: PartNode) (isOptimizersCount: bool) (problem: string) : unit =
        if not (isOptimizersCount || node.Scheduled.IsEmpty) then
            let names = Quotation.list [ for argument, _ in node.Scheduled -> argument.Name ]

            raise (ArgumentException($"{names} of {node.Kind.Name} would follow its schedule from the wrong step. {problem}", "optimizer"))

    let private cells (values: 'T array) : Cells =
        match box values with
        | :? (float32 array) as values -> F32 values
        | :? (float array) as values -> F64 values
        | _ -> raise (NotSupportedException $"State files do not support the type {typeof<'T>.Name}. Use Single or Double.")

    let private number (value: int64) : Tensor = { Shape = []; Cells = I64 [| value |] }

    /// <summary>Returns the entries of a state, by their flat names.</summary>
    /// <exception cref="T:System.ArgumentException">PyTorch has no optimizer with such a state, or a part with a schedule has not taken all steps
    /// of the optimizer.</exception>
    let toTensors (state: State<'T>) : Map<string, Tensor> =
        let entries = entriesOf state

        for node in state.Plan.Nodes do
            let count = state.Steps[node.Index]

            checkSchedules
                node
                (count = state.Step)
                $"The part has taken {count} of the optimizer's {state.Step} steps, and PyTorch's schedulers count all of them. Use a constant value."

        Map
            [ for entry in entries do
                  let steps = state.Steps[entry.Node.Index] - state.AbsencesOf(entry.Node, entry.Tensor.Number)

                  if steps > 0L then
                      for slot, key in List.indexed entry.Keys do
                          let values = (PartTensors.slot state entry.Node slot entry.Tensor).ToArray()
                          entry.Name key, { Shape = entry.Tensor.Parameter.Shape; Cells = cells values }

                      if entry.Rule.CountsSteps then
                          entry.Name StepKey, number steps
              StepKey, number state.Step ]

    let private damaged (file: string) (problem: string) : 'any = raise (DataFormatException(file, 0L, problem))

    let private stepOf (file: string) (name: string) (tensor: Tensor) : int64 =
        let value =
            match tensor.Cells with
            | F32 [| value |] -> float value
            | F64 [| value |] -> value
            | I64 [| value |] -> float value
            | U8 [| value |] -> float value
            | F32 _
            | F64 _
            | I64 _
            | U8 _ -> nan

        if value >= 0.0 && value <= 2.0 ** 53 && Double.IsInteger value then
            int64 value
        else
            damaged file $"The tensor {Tensor.shown name} must be one whole number of steps."

    let private valuesOf<'T> (file: string) (name: string) (tensor: Tensor) : 'T array =
        let wrong (stored: string) (advice: string) : 'any = damaged file $"The tensor {Tensor.shown name} holds {stored}. {advice}"

        match tensor.Cells, typeof<'T> = typeof<float> with
        | F32 values, false -> unbox (box values)
        | F32 values, true -> unbox (box (Array.map float values))
        | F64 values, true -> unbox (box values)
        | F64 _, false -> wrong "float64" "Read it in double precision, or write it as float32."
        | I64 _, _ -> wrong "int64" "It must hold float32 or float64."
        | U8 _, _ -> wrong "uint8" "It must hold float32 or float64."

    let private checkShape (file: string) (name: string) (found: int list) (needed: int list) : unit =
        if found <> needed then
            let advice =
                if found.Length = 2 && found = List.rev needed then
                    " PyTorch's Linear has units × inputs, and this library inputs × units: transpose the array when you write the file."
                else
                    ""

            damaged
                file
                $"The tensor {Tensor.shown name} has the shape {Tensor.shapeText found}, but the layout has {Tensor.shapeText needed}.{advice}"

    /// <summary>Reads a state from entries with flat names.</summary>
    /// <param name="optimizer">The optimizer of the state. Its rules and options must be those of PyTorch's optimizer.</param>
    /// <param name="layout">The tensors, with the names in the file and the shapes of this library.</param>
    /// <param name="file">The name of the file, for messages.</param>
    /// <param name="tensors">The entries.</param>
    /// <exception cref="T:System.ArgumentException">PyTorch has no optimizer with such a state, or a schedule needs a count of steps that the
    /// file does not have.</exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">An entry is missing, belongs to no tensor, or has another shape, type or
    /// precision.</exception>
    let ofTensors<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (optimizer: Optimizer)
        (layout: Layout)
        (file: string)
        (tensors: Map<string, Tensor>)
        : State<'T> =
        let state = State<'T>.Zero(optimizer, layout)
        let entries = entriesOf state
        let optimizerSteps = tensors.TryFind StepKey |> Option.map (stepOf file StepKey)
        let expected = HashSet<string>([ StepKey ])

        let required (name: string) =
            match tensors.TryFind name with
            | Some tensor -> tensor
            | None ->
                damaged
                    file
                    $"The tensor {Tensor.shown name} is missing, but the file has other entries of its parameter. Add it to the file, or remove the other entries."

        /// Returns the number of steps that a tensor has taken.
        let stepsOf (entry: Entry) (names: string list) : int64 =
            if entry.Rule.CountsSteps then
                if names |> List.exists tensors.ContainsKey then
                    stepOf file (entry.Name StepKey) (required (entry.Name StepKey))
                else
                    0L
            elif names.IsEmpty then
                defaultArg optimizerSteps 0L
            elif names |> List.exists tensors.ContainsKey then
                max 1L (defaultArg optimizerSteps 1L)
            else
                0L

        let initialOf (entry: Entry) : float =
            entry.Node.Kind.Arguments
            |> List.tryFind (fun argument -> argument.Name = entry.Rule.Initial)
            |> Option.map (fun argument -> argument.Get entry.Node.First)
            |> Option.defaultValue 0.0

        let read (entry: Entry) : int64 =
            let keys = entry.Keys
            let names = [ for key in keys -> entry.Name key ]
            let all = if entry.Rule.CountsSteps then names @ [ entry.Name StepKey ] else names
            all |> List.iter (expected.Add >> ignore)
            let steps = stepsOf entry all

            if all |> List.exists tensors.ContainsKey then
                for slot, name in List.indexed names do
                    let tensor = required name
                    checkShape file name tensor.Shape entry.Tensor.Parameter.Shape
                    let values = valuesOf<'T> file name tensor
                    let initial = initialOf entry

                    // The first step adds the initial value here, and PyTorch starts with it.
                    if steps > 0L then
                        values.CopyTo(PartTensors.slot state entry.Node slot entry.Tensor)
                    elif values |> Array.exists (fun value -> not (value.Equals('T.CreateTruncating initial))) then
                        damaged
                            file
                            $"The tensor {Tensor.shown name} must hold {NumberText.ofFloat initial} everywhere, because its step is 0."

            steps

        let steps = [ for entry in entries -> entry, read entry ]

        match tensors |> Map.tryFindKey (fun name _ -> not (expected.Contains name)) with
        | Some name ->
            damaged
                file
                $"The tensor {Tensor.shown name} belongs to no tensor of the layout, or to no slot of {Quotation.shorten (string optimizer)}."
        | None -> ()

        let countOf = Map [ for entry, count in steps -> entry.Tensor.Parameter.Name, count ]
        let step = steps |> List.map snd |> List.fold max (defaultArg optimizerSteps 0L)
        let absences = state.NewAbsences()

        /// True if the file cannot tell how many steps a tensor has taken.
        let isUncounted (entry: Entry) =
            optimizerSteps.IsNone
            && not entry.Rule.CountsSteps
            && (entry.Keys.IsEmpty || countOf[entry.Tensor.Parameter.Name] > 0L)

        let uncounted = Set [ for entry in List.filter isUncounted entries -> entry.Tensor.Parameter.Name ]

        for node in state.Plan.Nodes do
            let counts =
                [ for tensor in PartTensors.ofNode layout state.Plan node -> tensor, countOf[tensor.Parameter.Name] ]

            checkSchedules
                node
                (not (counts |> List.exists (fun (tensor, _) -> uncounted.Contains tensor.Parameter.Name)))
                $"PyTorch's SGD counts no steps. Add the number of steps to the file as '{StepKey}'."

            // PyTorch's schedulers count the steps of the optimizer, also those without a gradient for the part.
            let count = if node.Scheduled.IsEmpty then counts |> List.map snd |> List.fold max 0L else step
            state.Steps[node.Index] <- count

            // PyTorch skips a parameter without a gradient.
            if node.IsSeparate then
                for tensor, taken in counts do
                    absences[state.PlaceOf(node, tensor.Number)] <- count - taken

        state.With(step, absences)

    let private isArchive (path: string) = path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase)

    /// <summary>Writes the state to a file: a numpy archive if the name ends in <c>.npz</c>, otherwise a safetensors file. The file is written
    /// completely or not at all.</summary>
    /// <exception cref="T:System.ArgumentException">As for <c>toTensors</c>.</exception>
    /// <exception cref="T:System.IO.IOException">The file cannot be written. An old file is unchanged.</exception>
    let save (path: string) (state: State<'T>) : unit =
        let tensors = toTensors state

        if isArchive path then
            Npz.save path tensors
        else
            Safetensors.save path { Metadata = Map.empty; Tensors = tensors }

    /// <summary>Reads a state from a file: a numpy archive if the name ends in <c>.npz</c>, otherwise a safetensors file.</summary>
    /// <exception cref="T:System.ArgumentException">As for <c>ofTensors</c>.</exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">As for <c>ofTensors</c>, or the file is damaged.</exception>
    let read<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (optimizer: Optimizer) (layout: Layout) (path: string) : State<'T> =
        let tensors = if isArchive path then Npz.read path else (Safetensors.read path).Tensors
        ofTensors<'T> optimizer layout path tensors
