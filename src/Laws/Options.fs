namespace CuteDl.Laws

open System
open System.Collections.Generic
open CuteDl.Core.Optimizers

/// <summary>Options of a check, and facts that an optimizer itself does not contain.</summary>
[<NoComparison; NoEquality>]
type LawOptions =
    {
        /// <summary>The seed of the random cases. The same seed gives the same report. Default 1.</summary>
        Seed: int
        /// <summary>The number of cases for each law, at least 1. Expensive laws use fewer. Default 100.</summary>
        Cases: int
        /// <summary>
        /// For a custom rule: the values of its arguments, by the names of its kind, such as <c>"lr", 0.1</c>. Arguments that the rule
        /// describes need no value here. Other arguments have the defaults of the kind. Default none.
        /// </summary>
        Values: (string * float) list
        /// <summary>
        /// For a custom rule that does not describe its arguments: returns the rule with one argument changed. Laws about the learning rate
        /// and ε need it. Default none.
        /// </summary>
        Remake: (string -> float -> Optimizer) option
        /// <summary>Laws that the optimizer does not obey, each with the reason: <c>"P22", "it depends on the step number"</c>. Default none.</summary>
        Exempt: (string * string) list
        /// <summary>The tensors of the cases, by name and shape, for optimizers that need certain tensors. Default empty: any tensors.</summary>
        Shapes: (string * int list) list
        /// <summary>
        /// The number of steps in the long run that compares a custom rule with the kind that it claims to be, at least 1. Default 1,200.
        /// </summary>
        LongRun: int
    }

    /// <summary>Seed 1, 100 cases, and no other options.</summary>
    static member Defaults =
        { Seed = 1; Cases = 100; Values = []; Remake = None; Exempt = []; Shapes = []; LongRun = 1200 }

    /// Makes an optimizer of a custom rule, with the name of its type.
    static member internal OfRule(rule: IPart) : Optimizer = Optimizer.ofRule (rule.GetType().Name) rule

    member internal options.Validated() =
        if options.Cases < 1 then
            raise (ArgumentOutOfRangeException("cases", options.Cases, "The number of cases must be at least 1."))

        if options.LongRun < 1 then
            raise (ArgumentOutOfRangeException("steps", options.LongRun, "The number of steps of the long run must be at least 1."))

        options

    /// <summary>Returns the options with another seed.</summary>
    member options.WithSeed(seed: int) = { options with Seed = seed }

    /// <summary>Returns the options with another number of cases.</summary>
    /// <param name="cases">The number of cases, at least 1.</param>
    member options.WithCases(cases: int) = { options with Cases = cases }

    /// <summary>Returns the options with another number of steps in the long run.</summary>
    /// <param name="steps">The number of steps, at least 1.</param>
    member options.WithLongRun(steps: int) = { options with LongRun = steps }

    /// <summary>Returns the options with an exemption from a law.</summary>
    /// <param name="id">The law's number, such as <c>P22</c>.</param>
    /// <param name="reason">The reason of the exemption.</param>
    member options.WithExemption(id: string, reason: string) = { options with Exempt = options.Exempt @ [ id, reason ] }

    /// <summary>Returns the options with the value of an argument of a custom rule.</summary>
    /// <param name="name">The argument's name, such as <c>lr</c>.</param>
    /// <param name="value">The value.</param>
    member options.WithValue(name: string, value: float) = { options with Values = options.Values @ [ name, value ] }

    /// <summary>Returns the options with a function that changes an argument of a custom rule.</summary>
    /// <param name="remake">Makes the optimizer from the name and the new value of the argument.</param>
    member options.WithRemake(remake: Func<string, float, Optimizer>) =
        { options with Remake = Some(fun name value -> remake.Invoke(name, value)) }

    /// <summary>
    /// Returns the options with a function that changes an argument of a custom rule. This overload returns a rule instead of an optimizer.
    /// </summary>
    /// <param name="remake">Makes the rule from the name and the new value of the argument.</param>
    member options.WithRemadeRule(remake: Func<string, float, IPart>) =
        { options with Remake = Some(fun name value -> LawOptions.OfRule(remake.Invoke(name, value))) }

    /// <summary>Returns the options with one more tensor.</summary>
    /// <param name="name">The name of the tensor.</param>
    /// <param name="shape">The shape of the tensor.</param>
    member options.WithTensor(name: string, shape: IEnumerable<int>) = { options with Shapes = options.Shapes @ [ name, List.ofSeq shape ] }
