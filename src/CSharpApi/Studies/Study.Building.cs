using CuteDl.Core.Data;
using CuteDl.Studies;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace CuteDl;

public sealed partial class Study
{
    /// <summary>
    /// Creates a study without tasks and optimizers. Its defaults are those of a study file: eight settings of each optimizer by Sobol's
    /// sequence, then ten fresh seeds.
    /// </summary>
    /// <param name="name">The name.</param>
    public static Study Named(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return new(new StudyDesign(
            name,
            ListModule.Empty<StudyTask>(),
            ListModule.Empty<Contender>(),
            FairProtocol.kind.Protocol,
            Metric.Defaults));
    }

    /// <summary>
    /// Adds a task with the model, data, batch, order, precision and random initial weights of an experiment. The study decides optimizer,
    /// seeds and stop rules. It needs one target: an accuracy or a loss.
    /// </summary>
    /// <param name="name">The name in results: letters, digits, '.', '-', '_' and '+'.</param>
    /// <param name="experiment">The experiment.</param>
    /// <param name="epochs">The budget of a trial in epochs, at least 1. The hold-out is not part of an epoch.</param>
    /// <param name="accuracy">The target: the smallest validation accuracy that meets it, in (0, 1].</param>
    /// <param name="validation">
    /// The number of training examples held out for validation, if the data have no validation part. The test part is scored once. Default: a
    /// tenth, but at most 5000.
    /// </param>
    /// <param name="validateEvery">
    /// The number of steps between validations, at least 1. More than the budget counts as the budget. Default: a hundredth of the budget.
    /// </param>
    /// <param name="loss">The target instead of an accuracy: the largest validation loss that meets it, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    /// <exception cref="ArgumentException">
    /// The experiment has given initial weights, but a study draws them from its seeds. Or there is no target, or two.
    /// </exception>
    public Study Task(
        string name, Experiment experiment, int epochs, double? accuracy = null, int? validation = null, int? validateEvery = null, double? loss = null)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentOutOfRangeException.ThrowIfLessThan(epochs, 1);
        var plan = experiment.Plan;
        var data = plan.Data;
        if (validation < 1 || validation >= data.TrainingCount)
        {
            throw new ArgumentOutOfRangeException(nameof(validation), validation, $"The number of hold-out examples must be at least 1 and below {data.TrainingCount}, the number of training examples.");
        }

        if (validation is not null && data.ValidationCount > 0)
        {
            throw new ArgumentException("The data have a validation part, so no examples are held out. Leave the number out.", nameof(validation));
        }

        if (plan.InitialWeights is { IsRandom: false } given)
        {
            throw new ArgumentException($"The initial weights are {given.Name}, but a study draws them from its seeds. Use random ones: normal, Glorot or He.", nameof(experiment));
        }

        var held = validation ?? StudyDefaults.heldOut(data.TrainingCount);
        var images = plan.Problem(
            data.ValidationCount > 0 ? Split.GivenValidation : Split.NewHoldOut(held, 0),
            plan.InitialWeights.Core,
            Translate.Order(plan.Order));
        var steps = (long)epochs * Batches.count(data.TrainingCount - (data.ValidationCount > 0 ? 0 : held), plan.Batch);
        return Add(name, images, plan.Precision, steps, validateEvery, OneTarget(name, loss, accuracy));
    }

    /// <summary>Adds a task: minimize ½ Σ λᵢ xᵢ², with λ from 1 to the condition number.</summary>
    /// <param name="name">The name in results: letters, digits, '.', '-', '_' and '+'.</param>
    /// <param name="steps">The budget of a trial, at least 1.</param>
    /// <param name="loss">The target: the largest loss that meets it, above 0.</param>
    /// <param name="dimensions">The number of parameters, at least 1.</param>
    /// <param name="condition">The condition number, at least 1.</param>
    /// <param name="validateEvery">
    /// The number of steps between validations, at least 1. More than the budget counts as the budget. Default: a hundredth of the budget.
    /// </param>
    /// <param name="precision">The floating-point precision.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Study Quadratic(
        string name,
        long steps,
        double loss,
        int dimensions = FunctionKeys.Dimensions,
        double condition = FunctionKeys.Condition,
        int? validateEvery = null,
        Precision precision = Precision.Single) =>
        Add(name, new Quadratic(dimensions, condition), precision, steps, validateEvery, Target.NewLoss(loss));

    /// <summary>Adds a task: minimize Rosenbrock's function.</summary>
    /// <param name="name">The name in results: letters, digits, '.', '-', '_' and '+'.</param>
    /// <param name="steps">The budget of a trial, at least 1.</param>
    /// <param name="loss">The target: the largest loss that meets it, above 0.</param>
    /// <param name="dimensions">The number of parameters: an even number, at least 2.</param>
    /// <param name="validateEvery">
    /// The number of steps between validations, at least 1. More than the budget counts as the budget. Default: a hundredth of the budget.
    /// </param>
    /// <param name="precision">The floating-point precision.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Study Rosenbrock(
        string name,
        long steps,
        double loss,
        int dimensions = RosenbrockFormat.Dimensions,
        int? validateEvery = null,
        Precision precision = Precision.Single) =>
        Add(name, new Rosenbrock(dimensions), precision, steps, validateEvery, Target.NewLoss(loss));

    /// <summary>Adds a task: logistic regression on random examples around two centres.</summary>
    /// <param name="name">The name in results: letters, digits, '.', '-', '_' and '+'.</param>
    /// <param name="steps">The budget of a trial, at least 1.</param>
    /// <param name="loss">The target: the largest loss that meets it, above 0.</param>
    /// <param name="dimensions">The number of parameters, at least 1.</param>
    /// <param name="examples">The number of examples, at least 2.</param>
    /// <param name="validateEvery">
    /// The number of steps between validations, at least 1. More than the budget counts as the budget. Default: a hundredth of the budget.
    /// </param>
    /// <param name="precision">The floating-point precision.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Study LogisticRegression(
        string name,
        long steps,
        double loss,
        int dimensions = FunctionKeys.Dimensions,
        int examples = LogisticRegressionFormat.Examples,
        int? validateEvery = null,
        Precision precision = Precision.Single) =>
        Add(name, new LogisticRegression(dimensions, examples), precision, steps, validateEvery, Target.NewLoss(loss));

    /// <summary>Adds an optimizer with its search space.</summary>
    /// <param name="optimizer">The optimizer; its values are the defaults.</param>
    /// <param name="space">The search space, such as <c>space => space.LogUniform("lr", 1e-4, 1)</c>. By default, nothing is tuned.</param>
    /// <param name="name">Its name in results: letters, digits, '.', '-', '_' and '+'. Default: the name of its rule.</param>
    /// <exception cref="ArgumentException">
    /// The name is taken or not valid, or the name of a hyper-parameter is unknown or has several meanings.
    /// </exception>
    public Study Optimizer(Optimizer optimizer, Func<SearchSpace, SearchSpace>? space = null, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        name = CheckName(name ?? optimizer.Rule.Name, OptimizerNames);
        var spaces = space is null ? SearchSpace.Empty : space(SearchSpace.Empty) ?? throw new ArgumentException("The search space is null.", nameof(space));
        foreach (var (hyperParameter, _) in spaces.Core)
        {
            var found = CuteDl.Core.Optimizers.ArgumentNames.tryFind(hyperParameter, optimizer.Core);
            if (found.IsError)
            {
                throw new ArgumentException(found.ErrorValue, nameof(space));
            }
        }

        var named = spaces.Core.Select(entry => Tuple.Create(CuteDl.Core.Optimizers.ArgumentNames.shorten(entry.Item1, optimizer.Core), entry.Item2));
        var contender = new Contender(name, name, optimizer.Core, ListModule.OfSeq(named));
        return new(new StudyDesign(Core.Name, Core.Tasks, ListModule.OfSeq(Core.Contenders.Append(contender)), Core.Protocol, Core.Metrics));
    }

    /// <summary>Sets the tuning. Each optimizer has the same budget. Values that are left out are those of the protocol.</summary>
    /// <param name="trials">The number of settings for each optimizer, from 1 to 10000. In the fair protocol, 8 by default.</param>
    /// <param name="search">
    /// The search method. A grid allows one range. In the fair protocol, <see cref="StudySearch.Sobol"/> by default.
    /// </param>
    /// <param name="seeds">The seeds of each setting, each once. In the fair protocol, 1000 by default.</param>
    /// <param name="objective">
    /// The ranking of settings. In the fair protocol, <see cref="StudyObjective.TimeToTarget"/> by default.
    /// </param>
    /// <param name="pruning">The early end of unpromising trials. In the fair protocol, none by default.</param>
    /// <param name="extensions">
    /// The largest number of extensions of a search space whose best setting is at its edge, from 0 to 10. In the fair protocol, 1 by default.
    /// </param>
    /// <param name="nested">
    /// True to repeat the tuning for each confirmation seed, with other settings and other tuning seeds. Error rates and intervals then include
    /// the luck of tuning. The number of tuning trials is multiplied by the number of confirmation seeds. In the fair protocol, false by
    /// default.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    /// <exception cref="InvalidOperationException">Studies cannot set the tuning of this study's protocol.</exception>
    public Study Tuning(
        int? trials = null,
        StudySearch? search = null,
        IEnumerable<int>? seeds = null,
        StudyObjective? objective = null,
        StudyPruning? pruning = null,
        int? extensions = null,
        bool? nested = null)
    {
        var protocol = Setting(ProtocolKey.Tuning);

        // A protocol whose tuning can be set has one.
        var usual = protocol.Kind.Tuning!.Value;
        var tuning = new Tuning(
            search?.Core ?? usual.Search,
            trials ?? usual.Trials,
            seeds is null ? usual.Seeds : ListModule.OfSeq(seeds),
            objective is { } ranking ? Translate.Objective(ranking) : usual.Objective,
            pruning?.Core ?? usual.Pruning,
            extensions ?? usual.Extensions,
            nested ?? usual.Nested);
        StudyRules.require(nameof(tuning), TuningFormat.shapeOf(tuning), tuning);
        return With(new(protocol.Kind, FSharpOption<Tuning>.Some(tuning), protocol.Confirmation, protocol.Frontier, protocol.StopRules));
    }

    /// <summary>
    /// Sets the comparison of the tuned settings or, without tuning, of the given ones. Values that are left out are those of the protocol.
    /// </summary>
    /// <param name="seeds">The number of fresh seeds, from 1 on. A ranking needs at least 6. In the protocols of the library, 10 by default.</param>
    /// <param name="alpha">
    /// The family-wise error rate over all pairs and looks, for each task and metric; in (0, 1). In the protocols of the library, 0.05 by default.
    /// </param>
    /// <param name="equalWithin">
    /// The margin of equality: ratios of steps up to this value count as equal. Above 1. In the fair protocol, 1.05 by default.
    /// </param>
    /// <param name="looks">
    /// The interim looks for <see cref="StudyOptions.UntilDecided"/>: numbers of seeds, ascending, the last at least the number of seeds. An
    /// empty list declares none. In the protocols of the library, none by default.
    /// </param>
    /// <param name="defaults">
    /// True to train the default settings too. It has no effect without tuning. In the fair protocol, true by default.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A value is not allowed.</exception>
    /// <exception cref="InvalidOperationException">Studies cannot set the comparison of this study's protocol.</exception>
    public Study Confirmation(
        int? seeds = null,
        double? alpha = null,
        double? equalWithin = null,
        IEnumerable<int>? looks = null,
        bool? defaults = null)
    {
        var protocol = Setting(ProtocolKey.Confirmation);
        var usual = protocol.Kind.Confirmation;
        var isTuned = protocol.Tuning is not null;
        var confirmation = new Confirmation(
            seeds is { } count ? Consecutive(count) : usual.Seeds,
            alpha ?? usual.Alpha,
            equalWithin ?? usual.EqualWithin,
            looks is null ? usual.InterimLooks : Looks(ListModule.OfSeq(looks)),
            (defaults ?? usual.Defaults) && isTuned);
        StudyRules.require(nameof(confirmation), ConfirmationFormat.shape(usual, isTuned), confirmation);
        return With(new(protocol.Kind, protocol.Tuning, confirmation, protocol.Frontier, protocol.StopRules));
    }

    /// <summary>
    /// Adds the small-rate frontier: the same learning rates for every optimizer that has one. Values that are left out are those of the
    /// protocol's frontier, if it has one.
    /// </summary>
    /// <param name="rates">The learning rates, ascending and above 0. In the fair protocol, eight from 1e-5 to 1 with equal ratios by default.</param>
    /// <param name="seeds">The seeds of each rate, each once. In the fair protocol, 2000, 2001 and 2002 by default.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is not allowed.</exception>
    /// <exception cref="InvalidOperationException">Studies cannot set the frontier of this study's protocol.</exception>
    public Study Frontier(IEnumerable<double>? rates = null, IEnumerable<int>? seeds = null)
    {
        var protocol = Setting(ProtocolKey.Frontier);
        var usual = protocol.Kind.Frontier?.Value ?? StudyDefaults.frontier;
        var frontier = new Frontier(
            rates is null ? usual.Rates : ListModule.OfSeq(rates),
            seeds is null ? usual.Seeds : ListModule.OfSeq(seeds));
        StudyRules.require(nameof(frontier), FrontierFormat.shape, frontier);
        return With(new(protocol.Kind, protocol.Tuning, protocol.Confirmation, FSharpOption<Frontier>.Some(frontier), protocol.StopRules));
    }

    /// <summary>
    /// Sets the protocol. Tuning, comparison, frontier and stop rules then have its default values, whatever they were before.
    /// <see cref="Tuning"/>, <see cref="Confirmation"/> and <see cref="Frontier"/> change them afterwards, if the protocol allows it.
    /// </summary>
    /// <param name="protocol">The protocol. New studies have <see cref="StudyProtocol.Fair"/>.</param>
    /// <param name="seeds">The number of seeds of the compared trials, from 1 on. Default: that of the protocol.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number of seeds is below 1.</exception>
    /// <exception cref="InvalidOperationException">Studies cannot set the seeds of this protocol.</exception>
    public Study Protocol(StudyProtocol protocol, int? seeds = null)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        var kind = protocol.Core;
        if (seeds is null)
        {
            return With(kind.Protocol);
        }

        if (!kind.Has(ProtocolKey.Seeds) && !kind.Has(ProtocolKey.Confirmation))
        {
            throw new InvalidOperationException($"The protocol {kind.Name} does not let a study set its seeds. Leave them out, or use another protocol.");
        }

        StudyRules.require(nameof(seeds), Shape.atLeast(1), seeds.Value);
        var usual = kind.Confirmation;
        var confirmation = new Confirmation(Consecutive(seeds.Value), usual.Alpha, usual.EqualWithin, usual.InterimLooks, usual.Defaults);
        return With(new(kind, kind.Tuning, confirmation, kind.Frontier, kind.StopRules));
    }

    /// <summary>
    /// Uses the source document's protocol: optimizers with the given settings, at most 5000 epochs, the document's stop rules, and
    /// validation on the test set after every epoch. It shows how the document compares optimizers; it is not a recommendation.
    /// </summary>
    /// <param name="seeds">The number n of seeds, which are 1 to n.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    public Study Document(int seeds = StudyDefaults.ConfirmationSeeds)
    {
        var tasks = Core.Tasks.Select(AsDocument);
        return new Study(new StudyDesign(Core.Name, ListModule.OfSeq(tasks), Core.Contenders, Core.Protocol, Core.Metrics)).Protocol(StudyProtocol.Document, seeds);
    }

    private static StudyTask AsDocument(StudyTask task)
    {
        var found = task.Problem.ForDocument(Read);
        if (found.IsNone)
        {
            return task;
        }

        var (problem, epoch) = found.Value;
        return new(task.Name, problem, task.Precision, 5000L * epoch, epoch, task.Target);
    }

    private static string CheckName(string name, IEnumerable<string> taken)
    {
        StudyRules.require(nameof(name), Shape.name, name);

        // The name becomes a file name, and some file systems ignore case.
        return taken.Contains(name, StringComparer.OrdinalIgnoreCase) ? throw new ArgumentException($"The name '{name}' is used already. Choose another one.", nameof(name)) : name;
    }

    private static FSharpOption<InterimLooks> Looks(FSharpList<int> looks) =>
        looks.IsEmpty ? FSharpOption<InterimLooks>.None : FSharpOption<InterimLooks>.Some(new InterimLooks(looks));

    private static FSharpList<int> Consecutive(int seeds) =>
        ListModule.OfSeq(Enumerable.Range(StudyDefaults.FirstConfirmationSeed, Math.Max(0, seeds)));

    private Study Add(string name, IProblem problem, Precision precision, long steps, int? validateEvery, Target target)
    {
        ArgumentNullException.ThrowIfNull(name);
        var every = (int)Math.Min(validateEvery ?? StudyTaskModule.validateEvery(steps), Math.Max(1, steps));
        var task = new StudyTask(CheckName(name, TaskNames), problem, Translate.Precision(precision), steps, every, target);
        StudyRules.require(nameof(name), TaskFormat.checks(problem), task);
        return new(new StudyDesign(Core.Name, ListModule.OfSeq(Core.Tasks.Append(task)), Core.Contenders, Core.Protocol, Core.Metrics));
    }

    private Study With(CuteDl.Studies.Protocol protocol) => new(new StudyDesign(Core.Name, Core.Tasks, Core.Contenders, protocol, Core.Metrics));

    // The protocol, if a study can set this part of it.
    private CuteDl.Studies.Protocol Setting(ProtocolKey key) =>
        Core.Protocol.Kind.Has(key)
            ? Core.Protocol
            : throw new InvalidOperationException($"The protocol {Core.Protocol.Kind.Name} does not let a study set \"{ProtocolRules.keyName(key)}\". Use another protocol, or leave this part out.");
}
