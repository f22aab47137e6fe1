namespace CuteDl.Studies

open System
open System.Collections.Generic
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers

/// The rules of a registry, and its kinds of one's own, each in the order in which they were added.
type internal StudyKinds =
    { Rules: Registry
      Problems: IProblem list
      Samplers: ISampler list
      Prunings: IPruningRule list
      Protocols: ProtocolKind list
      Metrics: IMetric list
      Losses: OwnLoss list }

/// <summary>
/// The kinds that a study file can name, as an immutable value: rules and schedules of optimizers, problems, search methods, pruning rules,
/// protocols, metrics and losses.
/// </summary>
[<Sealed>]
type StudyRegistry private (kinds: StudyKinds) =
    /// The kinds of problems that every registry has.
    static let builtIn = DataSetProblem.KindName :: (FunctionKinds.all |> List.map _.Word)

    /// The protocols that every registry has. The first is the default of study files.
    static let builtInProtocols =
        [ FairProtocol.kind; DocumentProtocol.kind; RunsProtocol.kind; AsGivenProtocol.kind ]

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
    static member val Standard = StudyRegistry.Of Registry.Standard

    /// <summary>Returns a registry with these rules and schedules, and the problems of the library.</summary>
    static member Of(rules: Registry) : StudyRegistry =
        StudyRegistry
            { Rules = rules
              Problems = []
              Samplers = []
              Prunings = []
              Protocols = []
              Metrics = []
              Losses = [] }

    /// <summary>The rules and schedules.</summary>
    member _.Rules = kinds.Rules

    /// <summary>The problems of one's own, in the order in which they were added.</summary>
    member _.Problems: IReadOnlyList<IProblem> = kinds.Problems

    /// <summary>Returns a registry with other rules and schedules; this registry does not change.</summary>
    member _.WithRules(rules: Registry) : StudyRegistry = StudyRegistry { kinds with Rules = rules }

    /// <summary>Returns a registry with one more problem of one's own; this registry does not change.</summary>
    /// <exception cref="T:System.ArgumentException">The registry has a problem of this name.</exception>
    member registry.Add(problem: IProblem) : StudyRegistry =
        refuseTaken "problem" problem.Kind registry.ProblemNames
        StudyRegistry { kinds with Problems = kinds.Problems @ [ problem ] }

    /// <summary>The names of all kinds of problems.</summary>
    member _.ProblemNames: string list = builtIn @ (kinds.Problems |> List.map _.Kind)

    /// Returns the problem of one's own of a name.
    member internal _.TryProblem(name: string) : IProblem option = kinds.Problems |> List.tryFind (fun problem -> problem.Kind = name)

    /// <summary>The search methods of one's own, in the order in which they were added.</summary>
    member _.Samplers: IReadOnlyList<ISampler> = kinds.Samplers

    /// <summary>The pruning rules of one's own, in the order in which they were added.</summary>
    member _.PruningRules: IReadOnlyList<IPruningRule> = kinds.Prunings

    /// <summary>Returns a registry with one more search method of one's own; this registry does not change.</summary>
    /// <exception cref="T:System.ArgumentException">The name is not valid, or the registry has a search method of this name.</exception>
    member _.Add(sampler: ISampler) : StudyRegistry =
        requireLetters "search method" sampler.Name
        refuseTaken "search method" sampler.Name (List.map string Search.BuiltIn @ [ for known in kinds.Samplers -> known.Name ])
        StudyRegistry { kinds with Samplers = kinds.Samplers @ [ sampler ] }

    /// <summary>Returns a registry with one more pruning rule of one's own; this registry does not change.</summary>
    /// <exception cref="T:System.ArgumentException">The name is not valid, or the registry has a pruning rule of this name.</exception>
    member _.Add(pruning: IPruningRule) : StudyRegistry =
        requireLetters "pruning rule" pruning.Name
        refuseTaken "pruning rule" pruning.Name (PruningNames.builtIn @ [ for known in kinds.Prunings -> known.Name ])
        StudyRegistry { kinds with Prunings = kinds.Prunings @ [ pruning ] }

    /// <summary>All protocols, those of the library first. The first is the default of study files.</summary>
    member _.Protocols: IReadOnlyList<ProtocolKind> = builtInProtocols @ kinds.Protocols

    /// <summary>Returns a registry with one more kind of protocol; this registry does not change.</summary>
    /// <exception cref="T:System.ArgumentException">The name is not valid, the registry has a protocol of this name, or the parts of the
    /// protocol contradict each other.</exception>
    member registry.Add(protocol: ProtocolKind) : StudyRegistry =
        requireLetters "protocol" protocol.Name
        refuseTaken "protocol" protocol.Name [ for known in registry.Protocols -> known.Name ]

        match ProtocolRules.contradictions protocol with
        | [] -> StudyRegistry { kinds with Protocols = kinds.Protocols @ [ protocol ] }
        | problems -> raise (ArgumentException(String.Join(" ", problems), nameof protocol))

    /// <summary>The metrics that a study can name: those of the library, then the others in the order in which they were added.</summary>
    member _.Metrics: IReadOnlyList<IMetric> = Metric.BuiltIn @ kinds.Metrics

    /// <summary>Returns a registry with one more metric of one's own; this registry does not change.</summary>
    /// <exception cref="T:System.ArgumentException">The name is not valid, or the registry has a metric of this name.</exception>
    member registry.Add(metric: IMetric) : StudyRegistry =
        requireLetters "metric" metric.Name
        refuseTaken "metric" metric.Name [ for known in registry.Metrics -> known.Name ]
        StudyRegistry { kinds with Metrics = kinds.Metrics @ [ metric ] }

    /// <summary>The losses of one's own, in the order in which they were added.</summary>
    member _.Losses: IReadOnlyList<OwnLoss> = kinds.Losses

    /// <summary>Returns a registry with one more loss of one's own; this registry does not change.</summary>
    /// <exception cref="T:System.ArgumentException">The registry has a loss of this name.</exception>
    member _.Add(loss: OwnLoss) : StudyRegistry =
        refuseTaken "loss" loss.Name [ for known in kinds.Losses -> known.Name ]
        StudyRegistry { kinds with Losses = kinds.Losses @ [ loss ] }

/// Registries for the file of a study in a program.
[<RequireQualifiedAccess>]
module internal StudyRegistry =
    /// Returns a registry that also has the search method and the pruning rule of a tuning, if they are of one's own.
    let withTuning (tuning: Tuning) (registry: StudyRegistry) : StudyRegistry =
        let searched =
            match tuning.Search with
            | Sampler sampler -> registry.Add sampler
            | Grid
            | Sobol
            | Halton -> registry

        match tuning.Pruning with
        | PruningRule rule -> searched.Add rule
        | NoPruning
        | Median _
        | SuccessiveHalving _ -> searched

    let private withProtocol (protocol: Protocol) (registry: StudyRegistry) : StudyRegistry =
        let registry =
            if Seq.contains protocol.Kind registry.Protocols then registry else registry.Add protocol.Kind

        match protocol.Tuning with
        | Some tuning -> withTuning tuning registry
        | None -> registry

    /// Returns a registry that also has the metrics of one's own.
    /// Throws an ArgumentException if a name is not valid, or belongs to two metrics.
    let withMetrics (metrics: IMetric list) (registry: StudyRegistry) : StudyRegistry =
        (registry, metrics)
        ||> List.fold (fun registry metric -> if Seq.contains metric registry.Metrics then registry else registry.Add metric)

    /// Returns a registry that also has the loss of a task, if it is of one's own.
    let withLoss (problem: IProblem) (registry: StudyRegistry) : StudyRegistry =
        match problem with
        | :? DataSetProblem as trained ->
            match trained.Loss with
            | Own loss when registry.Losses |> Seq.exists (fun known -> obj.ReferenceEquals(known, loss)) -> registry
            | Own loss -> registry.Add loss
            | SoftmaxCrossEntropy
            | MeanSquaredError
            | BinaryCrossEntropy
            | MeanAbsoluteError
            | Huber _ -> registry
        | _ -> registry

    /// Returns the registry for the file of a study: the standard one, and the study's kinds of one's own.
    /// Throws an ArgumentException if two different kinds have one name.
    let ofStudy (study: StudyDesign) : StudyRegistry =
        let withRules =
            (Registry.Standard, study.Contenders |> List.collect _.Optimizer.Kinds)
            ||> List.fold (fun registry kind ->
                if kind.IsDescribed && registry.Kinds |> Seq.forall (fun known -> known.Name <> kind.Name) then
                    registry.Add kind
                else
                    registry)

        let rules =
            (withRules, StudyDesign.ownSchedules study)
            ||> List.fold (fun registry schedule -> registry.Add schedule)

        (StudyRegistry.Of rules, study.Tasks)
        ||> List.fold (fun registry task ->
            if List.contains task.Problem.Kind registry.ProblemNames then
                withLoss task.Problem registry
            else
                registry.Add task.Problem)
        |> withProtocol study.Protocol
        |> withMetrics study.Metrics
