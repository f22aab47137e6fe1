namespace CuteDl.Laws

open System
open System.Collections.Generic
open CuteDl.Core.Optimizers

/// <summary>How laws are checked, and what is to be known of an optimizer that cannot say it itself.</summary>
[<NoComparison; NoEquality>]
type LawOptions =
    {
        /// <summary>Where random cases begin: the same seed gives the same report. Default 1.</summary>
        Seed: int
        /// <summary>How many cases a law is held against, at least 1; costly laws take fewer. Default 100.</summary>
        Cases: int
        /// <summary>
        /// For a rule of one's own: the values of its arguments by the names that its kind has, <c>"lr", 0.1</c>. Those left out have
        /// the kind's defaults. Default none.
        /// </summary>
        Values: (string * float) list
        /// <summary>
        /// For a rule of one's own: the same rule with one of its arguments changed. Laws of the rate and of ε need it. Default none.
        /// </summary>
        Remake: (string -> float -> Optimizer) option
        /// <summary>Laws that the optimizer does not obey, each with the reason: <c>"P22", "it counts the steps"</c>. Default none.</summary>
        Exempt: (string * string) list
        /// <summary>The tensors to run over, by name and shape, where the optimizer is made for some; empty, the default, for any.</summary>
        Shapes: (string * int list) list
    }

    /// <summary>Seed 1, 100 cases, nothing else.</summary>
    static member Defaults = { Seed = 1; Cases = 100; Values = []; Remake = None; Exempt = []; Shapes = [] }

    /// A rule of one's own as an optimizer, by the name of its type.
    static member internal OfRule(rule: IPart) : Optimizer = Optimizer.ofRule (rule.GetType().Name) rule

    member internal options.Validated() =
        if options.Cases < 1 then
            raise (ArgumentOutOfRangeException("cases", options.Cases, "laws need at least 1 case."))

        options

    /// <summary>The same with another seed.</summary>
    member options.WithSeed(seed: int) = { options with Seed = seed }

    /// <summary>The same with another number of cases.</summary>
    /// <param name="cases">At least 1.</param>
    member options.WithCases(cases: int) = { options with Cases = cases }

    /// <summary>The same with a law that the optimizer does not obey.</summary>
    /// <param name="id">The law's number, such as <c>P22</c>.</param>
    /// <param name="reason">Why not.</param>
    member options.WithExemption(id: string, reason: string) = { options with Exempt = options.Exempt @ [ id, reason ] }

    /// <summary>The same with the value of an argument of a rule of one's own.</summary>
    /// <param name="name">The argument's name, such as <c>lr</c>.</param>
    /// <param name="value">Its value.</param>
    member options.WithValue(name: string, value: float) = { options with Values = options.Values @ [ name, value ] }

    /// <summary>The same with the way to change an argument of a rule of one's own.</summary>
    /// <param name="remake">From the argument's name and its new value to the optimizer.</param>
    member options.WithRemake(remake: Func<string, float, Optimizer>) =
        { options with Remake = Some(fun name value -> remake.Invoke(name, value)) }

    /// <summary>The same for a rule that is checked as such, not as an optimizer.</summary>
    /// <param name="remake">From the argument's name and its new value to the rule.</param>
    member options.WithRemadeRule(remake: Func<string, float, IPart>) =
        { options with Remake = Some(fun name value -> LawOptions.OfRule(remake.Invoke(name, value))) }

    /// <summary>The same with a tensor to run over.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">Its shape.</param>
    member options.WithTensor(name: string, shape: IEnumerable<int>) = { options with Shapes = options.Shapes @ [ name, List.ofSeq shape ] }
