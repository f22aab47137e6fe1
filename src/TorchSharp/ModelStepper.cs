namespace CuteDl.TorchSharp;

/// <summary>An optimizer, its state and the parameters of a model, in any precision.</summary>
internal abstract class ModelStepper
{
    /// <summary>The optimizer as the caller has set it.</summary>
    public abstract Optimizer Optimizer { get; set; }

    public abstract long StepCount { get; }

    /// <summary>The tensors that take part in steps.</summary>
    public abstract ParameterLayout Layout { get; }

    public abstract IReadOnlyDictionary<string, double> Current();

    public abstract IReadOnlyList<KeyValuePair<string, double>> LearningRates();

    public abstract void SetLearningRate(string name, double value);

    public abstract void Step();

    public abstract void Step(out StepTelemetry telemetry);

    public abstract void Observe(double loss);

    public abstract void Save(string path);

    public abstract void Load(string path);

    public abstract IDisposable UseAverages();
}
