using System.Numerics;
using CuteDl.Core.Optimizers;
using Microsoft.FSharp.Core;
using CoreLearningRates = CuteDl.Core.Optimizers.LearningRates;
using CoreOptimizer = CuteDl.Core.Optimizers.Optimizer;
using CoreTelemetry = CuteDl.Core.Optimizers.Telemetry;

namespace CuteDl.TorchSharp;

/// <summary>An optimizer, its state and the parameters of a model.</summary>
/// <remarks>
/// A tensor that is frozen at first does not belong to the state, so it costs no memory and no norm includes it. It joins the state when it
/// requires a gradient. A tensor that is frozen later, or has no gradient, takes no step.
/// </remarks>
/// <typeparam name="T">The precision of the state.</typeparam>
internal sealed class ModelStepper<T> : ModelStepper
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private static readonly FSharpFunc<string, string> SameName = FSharpFunc<string, string>.FromConverter(name => name);

    private readonly IReadOnlyList<IModelTensor<T>> _tensors;
    private readonly List<Core.Optimizers.StepTensor<T>> _opened = [];

    // The tensors of the state in its order, and all others.
    private List<IModelTensor<T>> _members;
    private List<IModelTensor<T>> _frozen;
    private Optimizer _given;

    // The given optimizer, in which groups can be empty whose tensors are all frozen.
    private CoreOptimizer _running;
    private State<T> _state;
    private AveragesScope? _averages;

    /// <exception cref="ArgumentException">There is no tensor, two have the same name, or the optimizer does not work on them.</exception>
    public ModelStepper(IReadOnlyList<IModelTensor<T>> tensors, Optimizer optimizer)
    {
        if (tensors.Count == 0)
        {
            throw new ArgumentException("The module has no parameters. Give a module with at least one.", nameof(tensors));
        }

        _tensors = tensors;
        _given = optimizer;
        _ = LayoutOf(tensors);
        (_members, _frozen) = Divided(tensor => tensor.RequiresGradient);
        _running = Running(optimizer, _frozen);
        _state = OptimizerModule.initFor<T>(_running, LayoutOf(_members));
    }

    public override Optimizer Optimizer
    {
        get => _given;
        set
        {
            var running = Running(value, _frozen);

            // Throws if the state belongs to another optimizer.
            _ = OptimizerModule.current(running, _state);
            _given = value;
            _running = running;
        }
    }

    public State<T> State => _state;

    public override long StepCount => _state.Step;

    public override ParameterLayout Layout => new(_state.Layout);

    public override IReadOnlyDictionary<string, double> Current() => new Optimizer(_running).Current(new OptimizerState<T>(_state));

    public override IReadOnlyList<KeyValuePair<string, double>> LearningRates() =>
        [.. CoreLearningRates.current(_running, _state).Select(rate => KeyValuePair.Create(rate.Item1, rate.Item2))];

    public override void SetLearningRate(string name, double value) => Optimizer = new(CoreLearningRates.set(name, value, _given.Core));

    public override void Step()
    {
        var isStepped = false;
        try
        {
            Open();
            OptimizerModule.stepTensorsInPlace(_running, _state, _opened);
            isStepped = true;
        }
        finally
        {
            Close(isStepped);
        }
    }

    public override void Step(out StepTelemetry telemetry)
    {
        var isStepped = false;
        try
        {
            Open();
            telemetry = new StepTelemetry(CoreTelemetry.stepTensorsInPlace(_running, _state, _opened));
            isStepped = true;
        }
        finally
        {
            Close(isStepped);
        }
    }

    public override void Observe(double loss) => OptimizerModule.observeInPlace(_running, _state, loss);

    public override void Save(string path)
    {
        RequireOwnParameters();
        new Checkpoint<T>(new Optimizer(_running), new OptimizerState<T>(_state), ReadParameters()).Save(path);
    }

    public override void Load(string path)
    {
        RequireOwnParameters();

        // In the file, other tensors can be frozen than now.
        var running = Grouping.allowEmpty(_tensors.Select(tensor => tensor.Name), _given.Core);
        var checkpoint = Checkpoint.Read<T>(path, new Optimizer(running));
        var inFile = checkpoint.State.Core.Layout.Parameters.ToDictionary(tensor => tensor.Name);
        foreach (var tensor in inFile.Values)
        {
            if (!_tensors.Any(own => own.Name == tensor.Name && own.Shape.SequenceEqual(tensor.Shape)))
            {
                throw new FormatException($"The checkpoint has the tensor {Tensor(tensor.Name, [.. tensor.Shape])}, but the module does not. Load it into the module that was saved.");
            }
        }

        if (_tensors.FirstOrDefault(tensor => tensor.RequiresGradient && !inFile.ContainsKey(tensor.Name)) is { } missing)
        {
            throw new FormatException($"The checkpoint does not have the tensor {Tensor(missing.Name, missing.Shape)}. Load it into the module that was saved, or freeze this parameter.");
        }

        (_members, _frozen) = Divided(tensor => inFile.ContainsKey(tensor.Name));
        _running = Running(_given, _frozen);
        _state = StateModule.carry(LayoutOf(_members), SameName, checkpoint.State.Core).Item1;
        foreach (var tensor in _members)
        {
            var source = inFile[tensor.Name];
            tensor.Write(checkpoint.Parameters.AsSpan(source.Offset, source.Length));
        }
    }

    public override IDisposable UseAverages()
    {
        RequireOwnParameters();
        var parameters = ReadParameters();
        WriteParameters(new Optimizer(_running).Averaged(new OptimizerState<T>(_state), parameters));
        return _averages = new AveragesScope(this, parameters);
    }

    private void Open()
    {
        RequireOwnParameters();
        if (_frozen.Any(tensor => tensor.RequiresGradient))
        {
            Join();
        }

        foreach (var tensor in _members)
        {
            if (tensor.RequiresGradient && tensor.TryOpen(out var parameters, out var gradient))
            {
                _opened.Add(new(tensor.Name, parameters, FSharpValueOption<ReadOnlyMemory<T>>.NewValueSome(gradient)));
            }
        }
    }

    private void Close(bool isStepped)
    {
        _opened.Clear();
        foreach (var tensor in _members)
        {
            tensor.Close(isStepped);
        }
    }

    /// <summary>Adds the tensors to the state that were frozen before.</summary>
    private void Join()
    {
        var (members, frozen) = Divided(tensor => tensor.RequiresGradient || _members.Contains(tensor));
        var running = Running(_given, frozen);
        var (state, report) = StateModule.carry(LayoutOf(members), SameName, _state);
        if (report.Restarted.FirstOrDefault() is { } restarted)
        {
            throw new InvalidOperationException(
                $"'{report.Added.First().Tensor.Name}' requires a gradient now, but was frozen when the optimizer was created. {restarted.Kind} treats its tensors together, "
                + $"so a new tensor would restart it. Create the optimizer again, or write {restarted.Kind} inside each group.");
        }

        (_members, _frozen, _running, _state) = (members, frozen, running, state);
    }

    private (List<IModelTensor<T>> Members, List<IModelTensor<T>> Others) Divided(Func<IModelTensor<T>, bool> isMember)
    {
        var groups = _tensors.ToLookup(isMember);
        return ([.. groups[true]], [.. groups[false]]);
    }

    private static CoreOptimizer Running(Optimizer optimizer, List<IModelTensor<T>> frozen) =>
        frozen.Count == 0 ? optimizer.Core : Grouping.allowEmpty(frozen.Select(tensor => tensor.Name), optimizer.Core);

    private T[] ReadParameters()
    {
        var all = new T[_state.Length];
        foreach (var (tensor, place) in _members.Zip(_state.Layout.Parameters))
        {
            tensor.Read(all.AsSpan(place.Offset, place.Length));
        }

        return all;
    }

    private void WriteParameters(T[] all)
    {
        foreach (var (tensor, place) in _members.Zip(_state.Layout.Parameters))
        {
            tensor.Write(all.AsSpan(place.Offset, place.Length));
        }
    }

    private void RequireOwnParameters()
    {
        if (_averages is not null)
        {
            throw new InvalidOperationException("The module has the averages of its parameters now. Dispose the result of UseAverages first.");
        }
    }

    private static string Tensor(string name, IReadOnlyList<int> shape) => $"'{name}' [{string.Join(", ", shape)}]";

    private static Layout LayoutOf(IEnumerable<IModelTensor<T>> tensors) =>
        new ParameterLayout([.. tensors.Select(tensor => (tensor.Name, tensor.Shape.ToArray()))]).UnitsFirst().Core;

    /// <summary>Gives the module its own parameters back when it is disposed.</summary>
    private sealed class AveragesScope(ModelStepper<T> stepper, T[] parameters) : IDisposable
    {
        public void Dispose()
        {
            if (stepper._averages == this)
            {
                stepper._averages = null;
                stepper.WriteParameters(parameters);
            }
        }
    }
}
