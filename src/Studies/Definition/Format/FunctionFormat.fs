namespace CuteDl.Studies

/// The keys of a task that is a function to minimize.
[<RequireQualifiedAccess>]
module internal FunctionFormat =
    let fields: Fields<IProblem, IProblem> =
        Fields.tagged (fun words -> Field.required "function" "The function." words) FunctionKinds.all

    let isFunction (problem: IProblem) = problem :? FunctionProblem
