using CuteDl.Core.Data;
using CuteDl.Studies;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace CuteDl;

public sealed partial class Study
{
    private static readonly Tuning DefaultTuning =
        new(Search.Grid, 8, ListModule.OfSeq([1000]), CuteDl.Studies.Objective.TimeToTarget, CuteDl.Studies.Pruning.NoPruning, 1);

    private static readonly Confirmation DefaultConfirmation =
        new(ListModule.OfSeq(Enumerable.Range(1, 10)), 0.05, 1.05, FSharpOption<InterimLooks>.None, true);

    /// <summary>
    /// A study without tasks and optimizers yet: fair, eight settings of each optimizer on a grid with the seed 1000, then ten fresh seeds.
    /// </summary>
    /// <param name="name">Its name.</param>
    public static Study Named(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return new(new StudyDesign(
            name,
            ListModule.Empty<StudyTask>(),
            ListModule.Empty<Contender>(),
            Protocol.NewFair(DefaultTuning, DefaultConfirmation, FSharpOption<Frontier>.None)));
    }

    /// <summary>
    /// Adds a task: an experiment's model and data, batch, order, precision and random initial weights. Its optimizer, seed and stop
    /// rules have no part; the study says which.
    /// </summary>
    /// <param name="name">Its name; letters, digits, '.', '-', '_' and '+'.</param>
    /// <param name="experiment">The experiment.</param>
    /// <param name="epochs">The budget of a trial, in epochs of the images that are trained on, at least 1.</param>
    /// <param name="accuracy">The target: what validation accuracy counts as having learned it, in (0, 1].</param>
    /// <param name="validation">How many of the training images are kept for validation; the rest is trained on, and the test images are scored once.</param>
    /// <param name="validateEvery">
    /// The number of steps between validations, at least 1. More than the budget counts as the budget. Default: a hundredth of the budget.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    /// <exception cref="ArgumentException">
    /// The experiment has given initial weights, but a study draws them from its seeds. Or its validation loss is a mean over batches.
    /// </exception>
    public Study Task(string name, Experiment experiment, int epochs, double accuracy, int validation = 5000, int? validateEvery = null)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentOutOfRangeException.ThrowIfLessThan(epochs, 1);
        if (!(accuracy is > 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(accuracy), accuracy, "The target accuracy must be in (0, 1].");
        }

        var plan = experiment.Plan;
        var data = plan.Data ?? CuteDl.Mnist.Load();
        if (validation < 1 || validation >= data.TrainingCount)
        {
            throw new ArgumentOutOfRangeException(nameof(validation), validation, $"The number of hold-out images must be at least 1 and below {data.TrainingCount}, the number of training images.");
        }

        var weights = plan.InitialWeights ?? CuteDl.InitialWeights.Normal();
        var initialization = weights.Initialization
            ?? throw new ArgumentException($"The initial weights are {weights.Name}, but a study draws them from its seeds. Use random ones: normal, Glorot or He.", nameof(experiment));
        if (plan.ValidationMean != ValidationMean.Examples)
        {
            throw new ArgumentException(
                "The experiment averages its validation loss over batches, but the trials of a study average it over examples. Use ValidationMean.Examples.",
                nameof(experiment));
        }

        var images = new ImagesProblem(
            data.Source,
            Split.NewHoldOut(validation, 0),
            ListModule.OfSeq(plan.Layers),
            plan.Loss,
            initialization,
            plan.Batch,
            Translate.Order(plan.Order));
        var steps = (long)epochs * Batches.count(data.TrainingCount - validation, plan.Batch);
        return Add(name, images, plan.Precision, steps, validateEvery ?? StudyTaskModule.validateEvery(steps), Target.NewAccuracy(accuracy));
    }

    /// <summary>Adds a task: the least value of ½ Σ λᵢ xᵢ², λ from 1 to the condition number.</summary>
    /// <param name="name">Its name; letters, digits, '.', '-', '_' and '+'.</param>
    /// <param name="steps">The budget of a trial, at least 1.</param>
    /// <param name="loss">The target: what loss counts as having learned it.</param>
    /// <param name="dimensions">At least 1.</param>
    /// <param name="condition">At least 1.</param>
    /// <param name="validateEvery">Steps from one look at the loss to the next, at least 1; more than the budget is the budget.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Study Quadratic(string name, long steps, double loss, int dimensions = 10, double condition = 100, int validateEvery = 1) =>
        Add(name, CuteDl.Studies.Quadratic.NewQuadratic(dimensions, condition), Precision.Double, steps, validateEvery, Target.NewLoss(loss));

    /// <summary>Adds a task: the least value of Rosenbrock's function.</summary>
    /// <param name="name">Its name; letters, digits, '.', '-', '_' and '+'.</param>
    /// <param name="steps">The budget of a trial, at least 1.</param>
    /// <param name="loss">The target: what loss counts as having learned it.</param>
    /// <param name="dimensions">An even number, at least 2.</param>
    /// <param name="validateEvery">Steps from one look at the loss to the next, at least 1; more than the budget is the budget.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Study Rosenbrock(string name, long steps, double loss, int dimensions = 2, int validateEvery = 1) =>
        Add(name, CuteDl.Studies.Rosenbrock.NewRosenbrock(dimensions), Precision.Double, steps, validateEvery, Target.NewLoss(loss));

    /// <summary>Adds a task: logistic regression on examples drawn around two centres.</summary>
    /// <param name="name">Its name; letters, digits, '.', '-', '_' and '+'.</param>
    /// <param name="steps">The budget of a trial, at least 1.</param>
    /// <param name="loss">The target: what loss counts as having learned it.</param>
    /// <param name="dimensions">At least 1.</param>
    /// <param name="examples">At least 2.</param>
    /// <param name="validateEvery">Steps from one look at the loss to the next, at least 1; more than the budget is the budget.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Study LogisticRegression(string name, long steps, double loss, int dimensions = 10, int examples = 200, int validateEvery = 1) =>
        Add(name, CuteDl.Studies.LogisticRegression.NewLogisticRegression(dimensions, examples), Precision.Double, steps, validateEvery, Target.NewLoss(loss));

    /// <summary>Adds an optimizer with what may be tried of its hyper-parameters.</summary>
    /// <param name="optimizer">The optimizer; its values are the defaults.</param>
    /// <param name="space">The search space, such as <c>space => space.LogUniform("lr", 1e-4, 1)</c>. By default, nothing is tuned.</param>
    /// <param name="name">Its name in results: letters, digits, '.', '-', '_' and '+'; the rule's, if not said.</param>
    /// <exception cref="ArgumentException">
    /// The name is taken or not valid, or the name of a hyper-parameter is unknown or has several meanings.
    /// </exception>
    public Study Optimizer(Optimizer optimizer, Func<SearchSpace, SearchSpace>? space = null, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        name = CheckName(name ?? optimizer.Rule.Name, OptimizerNames, nameof(name));
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
        var contender = new Contender(name, optimizer.Core, ListModule.OfSeq(named));
        return new(new StudyDesign(Core.Name, Core.Tasks, ListModule.OfSeq(Core.Contenders.Append(contender)), Core.Protocol));
    }

    /// <summary>How settings are found; each optimizer has the same budget. Default: eight, on a grid, with the seed 1000.</summary>
    /// <param name="trials">Settings tried of each optimizer, at least 1.</param>
    /// <param name="search">How they are chosen; a grid is for one range.</param>
    /// <param name="seeds">The seeds that each is trained with; none: 1000.</param>
    /// <param name="objective">What the best is best at.</param>
    /// <param name="pruning">Whether trials end early that promise little.</param>
    /// <param name="extensions">How often a space is made longer whose best setting lies at its edge, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The study follows the document's protocol, which does not tune.</exception>
    public Study Tuning(
        int trials = 8,
        StudySearch search = StudySearch.Grid,
        IEnumerable<int>? seeds = null,
        StudyObjective objective = StudyObjective.TimeToTarget,
        StudyPruning? pruning = null,
        int extensions = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trials, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(extensions);
        var (_, confirmation, frontier) = Fair();
        var tuning = new Tuning(
            Translate.Search(search),
            trials,
            SeedList(seeds ?? [1000], nameof(seeds)),
            Translate.Objective(objective),
            (pruning ?? StudyPruning.None).Core,
            extensions);
        return With(Protocol.NewFair(tuning, confirmation, frontier));
    }

    /// <summary>How the settings found are compared. Default: the seeds 1 to 10, one look.</summary>
    /// <param name="seeds">How many fresh seeds: 1 to so many. Below 6 nothing can be ranked.</param>
    /// <param name="alpha">The chance of a wrong winner that is put up with, for each task and each metric by itself, over all pairs and looks; in (0, 1).</param>
    /// <param name="equalWithin">The least ratio of steps that counts as a difference, above 1.</param>
    /// <param name="looks">The numbers of seeds at which it may be decided early, ascending, for <see cref="StudyOptions.UntilDecided"/>; none: one look.</param>
    /// <param name="defaults">Whether the optimizers are trained as they are, too.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    /// <exception cref="ArgumentException">The looks do not ascend, or the last is at fewer seeds than there are from the start.</exception>
    /// <exception cref="InvalidOperationException">The study follows the document's protocol, which does not confirm.</exception>
    public Study Confirmation(int seeds = 10, double alpha = 0.05, double equalWithin = 1.05, IEnumerable<int>? looks = null, bool defaults = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seeds, 1);
        if (!(alpha is > 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "Alpha must be in (0, 1).");
        }

        if (!(equalWithin > 1 && double.IsFinite(equalWithin)))
        {
            throw new ArgumentOutOfRangeException(nameof(equalWithin), equalWithin, "The ratio must be above 1 and finite.");
        }

        var declared = looks?.ToArray() ?? [];
        if (declared.Length > 0 && (declared[0] < 1 || declared.Zip(declared.Skip(1)).Any(pair => pair.First >= pair.Second)))
        {
            throw new ArgumentException($"The interim looks are {string.Join(", ", declared)}. They must ascend and be at least 1.", nameof(looks));
        }

        if (declared.Length > 0 && declared[^1] < seeds)
        {
            throw new ArgumentException($"The last interim look is at {declared[^1]} seeds, but the study starts with {seeds}. It must be at {seeds} or more.", nameof(looks));
        }

        var (tuning, _, frontier) = Fair();
        var confirmation = new Confirmation(
            ListModule.OfSeq(Enumerable.Range(1, seeds)),
            alpha,
            equalWithin,
            declared.Length > 0 ? FSharpOption<InterimLooks>.Some(new InterimLooks(ListModule.OfSeq(declared))) : FSharpOption<InterimLooks>.None,
            defaults);
        return With(Protocol.NewFair(tuning, confirmation, frontier));
    }

    /// <summary>Trains every optimizer that has a learning rate with each of these rates too: how small may it be?</summary>
    /// <param name="rates">The rates, ascending and above 0; at least one.</param>
    /// <param name="seeds">The seeds of each; none: 2000, 2001, 2002.</param>
    /// <exception cref="ArgumentException">The rates do not ascend from above 0, or there is none.</exception>
    /// <exception cref="InvalidOperationException">The study follows the document's protocol, which has none.</exception>
    public Study Frontier(IEnumerable<double> rates, IEnumerable<int>? seeds = null)
    {
        ArgumentNullException.ThrowIfNull(rates);
        double[] list = [.. rates];
        if (list.Length == 0 || !(list[0] > 0) || !double.IsFinite(list[^1]) || list.Zip(list.Skip(1)).Any(pair => !(pair.First < pair.Second)))
        {
            throw new ArgumentException("The rates must ascend and be above 0, and at least one is needed.", nameof(rates));
        }

        var (tuning, confirmation, _) = Fair();
        var frontier = new Frontier(ListModule.OfSeq(list), SeedList(seeds ?? [2000, 2001, 2002], nameof(seeds)));
        return With(Protocol.NewFair(tuning, confirmation, FSharpOption<Frontier>.Some(frontier)));
    }

    /// <summary>
    /// The source document's protocol: each optimizer as it is, at most 5000 epochs, the document's stop rules, the test set validated on
    /// after every epoch, repeated with the
    /// seeds 0 to <paramref name="seeds"/> − 1. A record of how the document compares, not a recommendation.
    /// </summary>
    /// <param name="seeds">How many, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    public Study Document(int seeds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seeds, 1);
        var tasks = Core.Tasks.Select(AsDocument);
        return new(new StudyDesign(Core.Name, ListModule.OfSeq(tasks), Core.Contenders, Protocol.NewDocument(ListModule.OfSeq(Enumerable.Range(0, seeds)))));
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

    private static string CheckName(string name, IEnumerable<string> taken, string parameter)
    {
        if (!StudyDesignModule.isName(name))
        {
            throw new ArgumentException(
                $"'{name}' is not a name for results. Use at most 60 ASCII letters, digits, '.', '-', '_' and '+'; begin with a letter or digit, and do not end with '.'.", parameter);
        }

        // The name becomes a file name, and some file systems ignore case.
        return taken.Contains(name, StringComparer.OrdinalIgnoreCase) ? throw new ArgumentException($"The name '{name}' is used already. Choose another one.", parameter) : name;
    }

    private static FSharpList<int> SeedList(IEnumerable<int> seeds, string parameter)
    {
        int[] list = [.. seeds];
        if (list.Length == 0 || list.Distinct().Count() != list.Length)
        {
            throw new ArgumentException("At least one seed is needed, and each seed once.", parameter);
        }

        return ListModule.OfSeq(list);
    }

    private Study Add(string name, IProblem problem, Precision precision, long steps, int validateEvery, Target target)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(validateEvery, 1);
        var corePrecision = precision == Precision.Double ? TaskPrecision.Double : TaskPrecision.Single;
        var every = (int)Math.Min(validateEvery, steps);
        var task = new StudyTask(CheckName(name, TaskNames, nameof(name)), problem, corePrecision, steps, every, target);
        return new(new StudyDesign(Core.Name, ListModule.OfSeq(Core.Tasks.Append(task)), Core.Contenders, Core.Protocol));
    }

    private Study With(Protocol protocol) => new(new StudyDesign(Core.Name, Core.Tasks, Core.Contenders, protocol));

    private (Tuning Tuning, Confirmation Confirmation, FSharpOption<Frontier>? Frontier) Fair() =>
        Core.Protocol is Protocol.Fair fair
            ? (fair.Item1, fair.Item2, fair.Item3)
            : throw new InvalidOperationException("A study with the document's protocol has no tuning and no confirmation. Build a study without this protocol.");
}
