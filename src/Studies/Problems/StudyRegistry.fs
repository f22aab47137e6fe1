namespace CuteDl.Studies

open System
open System.Collections.Generic
open CuteDl.Core.Optimizers

/// <summary>
/// The kinds that a study file can name, as an immutable value: rules and schedules of optimizers, problems, search methods and pruning rules.
/// </summary>
[<Sealed>]
type StudyRegistry private (rules: Registry, problems: IProblem list, samplers: ISampler list, prunings: IPruningRule list) =
    /// The kinds of problems that every registry has.
    static let builtIn = [ "images"; "quadratic"; "rosenbrock"; "logistic_regression" ]

    static let isSame (a: string) (b: string) = String.Equals(a, b, StringComparison.OrdinalIgnoreCase)

    static let requireLetters (what: string) (name: string) : unit =
        if name = "" || not (Seq.forall StudyRegistry.IsNameCharacter name) then
            raise (
                ArgumentException(
                    $"The name {Quotation.quote name} of a {what} must have only small letters, digits and underscores.",
                    what
                )
            )

    static let refuseTaken (what: string) (name: string) (taken: string list) : unit =
        if List.exists (isSame name) taken then
            raise (ArgumentException($"The registry has a {what} {name} already. Give each {what} a name of its own.", what))

    /// True if the name of a kind of one's own can have this character.
    static member internal IsNameCharacter(c: char) : bool = Char.IsAsciiLetterLower c || Char.IsAsciiDigit c || c = '_'

    /// True if the library has a kind of problem of this name, in any case.
    static member internal IsBuiltIn(name: string) : bool = List.exists (isSame name) builtIn

    /// <summary>The kinds of the library.</summary>
    static member val Standard = StudyRegistry(Registry.Standard, [], [], [])

    /// <summary>Returns a registry with these rules and schedules, and the problems of the library.</summary>
    static member Of(rules: Registry) : StudyRegistry = StudyRegistry(rules, [], [], [])

    /// <summary>The rules and schedules.</summary>
    member _.Rules = rules

    /// <summary>The problems of one's own, in the order in which they were added.</summary>
    member _.Problems: IReadOnlyList<IProblem> = problems

    /// <summary>Returns a registry with other rules and schedules; this registry does not change.</summary>
    member _.WithRules(rules: Registry) : StudyRegistry = StudyRegistry(rules, problems, samplers, prunings)

    /// <summary>Returns a registry with one more problem of one's own; this registry does not change.</summary>
    /// <exception cref="T:System.ArgumentException">The registry has a problem of this name.</exception>
    member registry.Add(problem: IProblem) : StudyRegistry =
        refuseTaken "problem" problem.Kind registry.ProblemNames
        StudyRegistry(rules, problems @ [ problem ], samplers, prunings)

    /// <summary>The names of all kinds of problems.</summary>
    member _.ProblemNames: string list = builtIn @ (problems |> List.map (fun problem -> problem.Kind))

    /// Returns the problem of one's own of a name.
    member internal _.TryProblem(name: string) : IProblem option = problems |> List.tryFind (fun problem -> problem.Kind = name)

    /// <summary>The search methods of one's own, in the order in which they were added.</summary>
    member _.Samplers: IReadOnlyList<ISampler> = samplers

    /// <summary>The pruning rules of one's own, in the order in which they were added.</summary>
    member _.PruningRules: IReadOnlyList<IPruningRule> = prunings

    /// <summary>Returns a registry with one more search method of one's own; this registry does not change.</summary>
    /// <exception cref="T:System.ArgumentException">The name is not valid, or the registry has a search method of this name.</exception>
    member _.Add(sampler: ISampler) : StudyRegistry =
        requireLetters "search method" sampler.Name
        refuseTaken "search method" sampler.Name (List.map string Search.BuiltIn @ [ for known in samplers -> known.Name ])
        StudyRegistry(rules, problems, samplers @ [ sampler ], prunings)

    /// <summary>Returns a registry with one more pruning rule of one's own; this registry does not change.</summary>
    /// <exception cref="T:System.ArgumentException">The name is not valid, or the registry has a pruning rule of this name.</exception>
    member _.Add(pruning: IPruningRule) : StudyRegistry =
        requireLetters "pruning rule" pruning.Name
        refuseTaken "pruning rule" pruning.Name (PruningNames.builtIn @ [ for known in prunings -> known.Name ])
        StudyRegistry(rules, problems, samplers, prunings @ [ pruning ])
