/// The learning rates of an optimizer, each with the name of its part: <c>2.adam.lr</c>. Schedulers of other libraries set them one by one.
module internal CuteDl.Core.Optimizers.LearningRates

let private argument = "lr"

/// Returns the learning rates of the next step by name, with the values of schedules and plateaus.
let current (optimizer: Optimizer) (state: State<'T>) : (string * float) list =
    Optimizer.currentOf (fun known -> known.Name = argument) optimizer state

/// <summary>Changes one learning rate. The value replaces a schedule.</summary>
/// <exception cref="T:System.ArgumentOutOfRangeException">The value is out of range.</exception>
let set (name: string) (value: float) (optimizer: Optimizer) : Optimizer =
    let rec change (path: string) (optimizer: Optimizer) : Optimizer =
        match optimizer.Tree with
        | OptimizerTree.Single _ -> if PartPath.ofValue path argument = name then Optimizer.set argument value optimizer else optimizer
        | OptimizerTree.Chain parts ->
            Optimizer(OptimizerTree.Chain(parts |> List.mapi (fun i part -> change (PartPath.ofPart path i part) part)))
        | OptimizerTree.Groups groups ->
            let changed (group: ParameterGroup) =
                { group with Optimizer = change (PartPath.ofGroup path group.Pattern) group.Optimizer }

            Optimizer(OptimizerTree.Groups(List.map changed groups))

    change "" optimizer
