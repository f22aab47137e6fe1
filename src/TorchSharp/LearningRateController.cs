using TorchSharp;

namespace CuteDl.TorchSharp;

/// <summary>One learning rate of an optimizer, as TorchSharp's schedulers see it.</summary>
internal sealed class LearningRateController(ModelStepper stepper, string name, double initial) : torch.optim.ILearningRateController
{
    public double LearningRate
    {
        get => stepper.LearningRates().First(rate => rate.Key == name).Value;
        set => stepper.SetLearningRate(name, value);
    }

    public double InitialLearningRate { get; set; } = initial;

    public static IReadOnlyList<LearningRateController> Of(ModelStepper stepper) =>
        [.. stepper.LearningRates().Select(rate => new LearningRateController(stepper, rate.Key, rate.Value))];
}
