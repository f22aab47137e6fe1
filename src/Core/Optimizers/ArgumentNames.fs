namespace CuteDl.Core.Optimizers

open System

/// <summary>
/// The names of arguments in an optimizer of several parts. A name such as <c>lr</c> stands for the argument of every part that has it. If it
/// means different things in parts of different kinds, only a qualified name is allowed: <c>ema.beta</c> is the argument of one kind.
/// </summary>
[<RequireQualifiedAccess>]
module ArgumentNames =

    /// Returns the arguments of all parts with the names of their kinds, each once.
    let private all (optimizer: Optimizer) : (string * Argument) list =
        optimizer.Singles
        |> List.collect (fun (kind, _, _) -> [ for argument in kind.Arguments -> kind.Name, argument ])
        |> List.distinctBy (fun (kind, argument) -> kind, argument.Name)

    let internal qualified (kind: string, argument: Argument) : string = $"{kind}.{argument.Name}"

    let private haveOneMeaning (arguments: (string * Argument) list) =
        arguments.Length < 2 || arguments |> List.forall (fun (_, argument) -> argument.IsShared)

    /// <summary>Returns the names of all arguments. A name with several meanings is replaced by its qualified names.</summary>
    let list (optimizer: Optimizer) : string list =
        all optimizer
        |> List.groupBy (fun (_, argument) -> argument.Name)
        |> List.collect (fun (name, arguments) -> if haveOneMeaning arguments then [ name ] else List.map qualified arguments)

    /// Returns the kinds and arguments that a name stands for, or the reason why there are none.
    let internal find (name: string) (optimizer: Optimizer) : Result<(string * Argument) list, string> =
        let all = all optimizer
        let shown = Quotation.shorten (string optimizer)

        match
            all
            |> List.filter (fun (kind, argument) -> argument.Name = name || qualified (kind, argument) = name)
        with
        | [] ->
            let known = if name.Contains '.' then List.map qualified all else list optimizer
            Error $"{shown} has no argument {Quotation.quote name}. {Suggestion.describe known name}"
        | arguments when haveOneMeaning arguments -> Ok arguments
        | arguments ->
            let names = arguments |> List.map qualified |> Quotation.list
            Error $"The name {Quotation.quote name} has several meanings in {shown}. Use one of these names: {names}."

    /// <summary>Returns the arguments that a name stands for, or the reason why there are none: the name is unknown or has several meanings.</summary>
    let tryFind (name: string) (optimizer: Optimizer) : Result<Argument list, string> = find name optimizer |> Result.map (List.map snd)

    /// <summary>Returns the name without its kind if it then stands for the same arguments; otherwise the name.</summary>
    let shorten (name: string) (optimizer: Optimizer) : string =
        let short = name.Substring(name.IndexOf('.', StringComparison.Ordinal) + 1)

        match find name optimizer, find short optimizer with
        | Ok arguments, Ok others when List.map qualified arguments = List.map qualified others -> short
        | Ok _, _
        | Error _, _ -> name
