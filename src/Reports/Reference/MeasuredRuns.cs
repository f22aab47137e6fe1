namespace CuteDl.Reports;

/// <summary>A setting of a rule that learns MNIST quickly, with its result.</summary>
/// <param name="Rule">The name of the rule.</param>
/// <param name="Optimizer">The setting as a text form.</param>
/// <param name="Accuracy">The validation accuracy after five epochs, in [0, 1].</param>
/// <param name="Note">What the rule needs besides its learning rate; empty if nothing.</param>
public sealed record MeasuredRun(string Rule, string Optimizer, double Accuracy, string Note = "");

/// <summary>
/// A setting for each rule with which a 784-128-10 network reaches a validation accuracy of more than 95 % on MNIST within five epochs. The
/// hidden layer is relu and the logits are linear. Batches have 64 shuffled images. The precision is single, the initial weights are
/// normal(0.01), and the seed is 0.
/// </summary>
public static class MeasuredRuns
{
    /// <summary>The number of epochs.</summary>
    public const int Epochs = 5;

    /// <summary>The validation accuracy that every setting exceeds.</summary>
    public const double Target = 0.95;

    /// <summary>One setting per rule, in the order of <see cref="Optimizers.Rules"/>.</summary>
    public static IReadOnlyList<MeasuredRun> All { get; } =
    [
        new("fixed", "fixed(lr=0.3)", 0.9743),
        new("momentum", "momentum(lr=0.03)", 0.9749),
        new("adagrad", "adagrad(lr=0.03)", 0.9723),
        new("rmsprop", "rmsprop(lr=0.001)", 0.9717),
        new("adadelta", "adadelta(eps=0.0001)", 0.9745),
        new("adam", "adam(lr=0.001)", 0.9732),
        new("nesterov", "nesterov(lr=0.03)", 0.9750),
        new("sgd", "sgd(lr=0.03, momentum=0.9)", 0.9750),
        new("signum", "signum(lr=0.0003)", 0.9720),
        new("lion", "lion(lr=0.0003)", 0.9733),
        new("rprop", "accumulate(30) | rprop(lr=0.003, eta_minus=0.8)", 0.9635, "needs large batches: here 30 batches of 64 images a step"),
        new("asgd", "asgd(lr=0.3)", 0.9745),
        new("adamw", "adamw(lr=0.001)", 0.9716),
        new("amsgrad", "amsgrad(lr=0.003)", 0.9748),
        new("adamax", "adamax(lr=0.005)", 0.9740),
        new("nadam", "nadam(lr=0.001)", 0.9733),
        new("radam", "radam(lr=0.001)", 0.9699),
        new("adabelief", "adabelief(lr=0.001)", 0.9727),
        new("yogi", "yogi(lr=0.003)", 0.9775),
        new("adan", "adan(lr=0.003)", 0.9748),
        new("ademamix", "ademamix(lr=0.001)", 0.9748),
        new("schedule_free_sgd", "schedule_free_sgd(lr=1)", 0.9800),
        new("schedule_free_adamw", "schedule_free_adamw(lr=0.0025)", 0.9762),
        new("lars", "lars(lr=1)", 0.9682),
        new("lamb", "lamb(lr=0.003)", 0.9683),
        new("novograd", "novograd(lr=0.01)", 0.9700),
        new("dog", "dog(lr=1)", 0.9719),
        new("dowg", "dowg | scale(0.5)", 0.9737, "the full step is twice too long here"),
        new("dadapt_adam", "dadapt_adam(lr=1)", 0.9620),
        new("prodigy", "prodigy(lr=1)", 0.9645),
        new("muon", "{ \"*.bias\": adam(lr=0.001), \"*\": muon(lr=0.005) }", 0.9804, "for matrices only; biases need another rule"),
        new("adafactor", "adafactor(lr=0.03)", 0.9734),
    ];

    /// <summary>Returns the experiment in which the settings were measured.</summary>
    public static Experiment Experiment() =>
        Mnist.Experiment().Dense(128, Activation.ReLU).Dense(10).Order(Order.Shuffle).MaxEpochs(Epochs);
}
