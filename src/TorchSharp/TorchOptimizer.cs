using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CuteDl.TorchSharp;

/// <summary>
/// An optimizer of this library for the parameters of a TorchSharp module. <see cref="ModuleExtensions.Optimize(nn.Module, Optimizer)"/> creates
/// it. It can be used wherever TorchSharp takes an optimizer.
/// </summary>
/// <remarks>
/// A step changes the memory of the tensors in place: contiguous tensors on the CPU, in single precision, or in double precision if any
/// parameter has it. Tensors on other devices, of other types or of other layouts are copied in each step. A parameter that requires no
/// gradient, or has none, does not change in a step, and neither does its part of the state. Not thread-safe.
/// </remarks>
public sealed class TorchOptimizer : optim.Optimizer
{
    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly IReadOnlyList<LearningRateController> _learningRates;

    internal TorchOptimizer(IReadOnlyList<(string Name, Parameter Parameter)> parameters, Optimizer optimizer)
        : base(IntPtr.Zero)
    {
        _parameters = [.. parameters.Select(parameter => parameter.Parameter)];
        Stepper = parameters.Any(parameter => parameter.Parameter.dtype == ScalarType.Float64)
            ? new ModelStepper<double>([.. parameters.Select(parameter => new TorchTensor<double>(parameter.Name, parameter.Parameter))], optimizer)
            : new ModelStepper<float>([.. parameters.Select(parameter => new TorchTensor<float>(parameter.Name, parameter.Parameter))], optimizer);
        _learningRates = LearningRateController.Of(Stepper);
    }

    private ModelStepper Stepper { get; }

    /// <summary>
    /// The optimizer. Set it to change hyper-parameters, schedules or frozen groups; the state continues:
    /// <c>optimizer.Optimizer = optimizer.Optimizer.With("lr", 0.01)</c>.
    /// </summary>
    /// <exception cref="ArgumentException">The state belongs to an optimizer with other parts.</exception>
    public Optimizer Optimizer
    {
        get => Stepper.Optimizer;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            Stepper.Optimizer = value;
        }
    }

    /// <summary>The number of steps that were taken.</summary>
    public long StepCount => Stepper.StepCount;

    /// <summary>
    /// The tensors of the state: all parameters but those that have required no gradient so far. The units of weights are their first dimension.
    /// </summary>
    public ParameterLayout Layout => Stepper.Layout;

    /// <summary>
    /// The learning rates of the parts, for TorchSharp's schedulers. Setting one replaces a schedule of this library; one that follows a plateau
    /// cannot be set. A part without a learning rate is left out.
    /// </summary>
    public override IEnumerable<optim.ILearningRateController> ParamGroups => _learningRates;

    /// <summary>
    /// Returns every hyper-parameter of the next step by name, with the values of schedules and plateaus: see <see cref="CuteDl.Optimizer.Current"/>.
    /// </summary>
    public IReadOnlyDictionary<string, double> Current() => Stepper.Current();

    /// <summary>Sets the gradients of all parameters to zero.</summary>
    public override void zero_grad()
    {
        foreach (var parameter in _parameters)
        {
            using var gradient = parameter.grad;
            gradient?.zero_().Dispose();
        }
    }

    /// <summary>Takes a step.</summary>
    /// <param name="closure">Computes the loss and the gradients; called once, before the step.</param>
    /// <returns>The loss of the closure; null without a closure.</returns>
    /// <exception cref="ArgumentException">
    /// A part treats its tensors together, and only some of them have a gradient. Freeze parameters without a gradient before you create the
    /// optimizer.
    /// </exception>
    /// <exception cref="Core.Optimizers.NonFiniteException">
    /// The optimizer's state is not finite (checked at every 16th step), or <see cref="CuteDl.Optimizer.SkipNonFinite"/> has reached its limit.
    /// State and parameters are as before the step.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// The module has the averages of its parameters (<see cref="UseAverages"/>), or a parameter that was frozen at first would restart a part.
    /// </exception>
    public override Tensor? step(Func<Tensor>? closure = null)
    {
        Tensor? loss = null;
        if (closure is not null)
        {
            using var withGradient = enable_grad();
            loss = closure();
        }

        Stepper.Step();
        return loss;
    }

    /// <summary>Takes a step, with telemetry. The result has the same bits as without it.</summary>
    /// <inheritdoc cref="step(Func{Tensor}?)" path="/exception"/>
    /// <param name="telemetry">The measurements of the step.</param>
    public void step(out StepTelemetry telemetry) => Stepper.Step(out telemetry);

    /// <summary>Reports a validation loss. Hyper-parameters that follow a <see cref="Plateau"/> are reduced when it stops falling.</summary>
    /// <param name="loss">The loss.</param>
    public void Observe(double loss) => Stepper.Observe(loss);

    /// <summary>
    /// Gives the module the averages that <c>ema</c>, <c>swa</c>, <c>asgd</c> or a schedule-free rule keeps, until the result is disposed. Then
    /// the module has its own parameters again.
    /// </summary>
    /// <exception cref="InvalidOperationException">The module has the averages already.</exception>
    public IDisposable UseAverages() => Stepper.UseAverages();

    /// <summary>
    /// Writes the optimizer, its state and the parameters to a file, by name: see <see cref="Checkpoint{T}.Save"/>. Buffers and frozen
    /// parameters of the module are not included.
    /// </summary>
    /// <param name="path">The file: an npz archive if the name ends so, otherwise safetensors.</param>
    /// <exception cref="InvalidOperationException">The module has the averages of its parameters.</exception>
    /// <exception cref="IOException">The file cannot be written. An old file is unchanged.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Stepper.Save(path);
    }

    /// <summary>
    /// Reads the state and the parameters from a file of <see cref="Save"/>. Later steps are those of the run that was saved, bit for bit.
    /// Hyper-parameters are those of <see cref="Optimizer"/>.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FormatException">
    /// The file is damaged, no checkpoint, of another precision, of an optimizer with other parts, or of a module with other parameters.
    /// </exception>
    /// <exception cref="InvalidOperationException">The module has the averages of its parameters.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public void Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Stepper.Load(path);
    }

    /// <summary>Returns the parameters, also the frozen ones.</summary>
    public override IEnumerable<Parameter> parameters() => _parameters;

    /// <summary>Not supported: the groups of an optimizer are patterns of names.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override void add_param_group(ParamGroup param_group) =>
        throw new NotSupportedException("Parameters cannot be added to this optimizer. Create it for all parameters, and define groups by name: Optimizer.For(\"*.bias\", ...).");

    /// <summary>Returns one line: <c>adam(lr=0.001, beta1=0.9, beta2=0.999), step 200, 7850 parameters</c>.</summary>
    public override string ToString() => $"{Optimizer}, step {StepCount}, {Layout.Length} parameters";
}
