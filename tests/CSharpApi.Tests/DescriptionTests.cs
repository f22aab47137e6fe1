using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>What debuggers and logs show of values: one short line.</summary>
internal static class DescriptionTests
{
    private static readonly Experiment Small = Mnist.Documented(model => model.Dense(32, Activation.Sigmoid).Dropout(0.5).Dense(10)).Batch(16).Optimizer(Optimizers.Sgd(0.5));

    private static readonly (object Value, string Text)[] Examples =
    [
        (Mnist.Documented(model => model), "1x28x28 softmax-cross-entropy on mnist, batch 64, under fixed(lr=0.01)"),
        (Mnist.Experiment(), "1x28x28 softmax-cross-entropy on mnist, batch 64, under adam(lr=0.001, beta1=0.9, beta2=0.999)"),
        (Small, $"784-32(sigmoid)-dropout(0.5)-10(linear) softmax-cross-entropy on mnist, batch 16, under {Optimizers.Sgd(0.5)}"),
        (Small.Compare([new NamedRun("a", Optimizers.Sgd()), new NamedRun("b", Optimizers.Adam())]).Seeds(3), "a, b, 3 seeds, on 784-32(sigmoid)-dropout(0.5)-10(linear) softmax-cross-entropy on mnist, batch 16"),
        (new ParameterLayout(("w", [2, 3]), ("b", [3])), "w [2, 3], b [3]: 9 parameters"),
        (Optimizers.Momentum().Init<float>(7), "step 0, 7 parameters, slots velocity"),
        (Optimizers.Fixed().Init<double>(1), "step 0, 1 parameters, no slots"),
        (SearchSpace.Empty, "nothing is tuned"),
        (SearchSpace.Empty.LogUniformBelowOne("beta2", 0.9, 0.999), "beta2: 0.9 to 0.999, logarithmic below 1"),
        (SearchSpace.Empty.LogUniform("lr", 0.001, 1).Choice("beta1", 0.5, 0.9).Uniform("decay", 0, 0.1).Fixed("eps", 1e-8), "lr: 0.001 to 1, logarithmic, beta1: 0.5 or 0.9, decay: 0 to 0.1, eps: 1E-08"),
        (Study.Named("first"), "first: 0 optimizers on 0 tasks"),
        (new RunHistory { Steps = [5, 10], Loss = [1, 2], ValLoss = [1, 2], ValAccuracy = [0, 1] }, "2 validations, steps 5 to 10"),
        (new RunHistory { Steps = [], Loss = [], ValLoss = [], ValAccuracy = [] }, "no validations"),
        (StudyPruning.None, "none"),
        (StudyPruning.Median(5), "median, after 5 trials"),
        (StudyPruning.SuccessiveHalving(), "successive halving by 3"),
        (Schedules.All[0], Schedules.All[0].Usage),
        (Optimizers.Lion().Rule.Arguments[0], "lr=0.0001, [0, ∞)"),
        (new Plateau(0.5, Patience: 3), "plateau(0.5, patience=3)"),
    ];

    public static Test All { get; } = Spec.List("descriptions",
        Spec.List("are one line:", Examples.Select(example => Spec.Test(example.Text, () => Expect.equal(example.Value.ToString(), example.Text, "text")))),
        Spec.Test("data", () => Expect.equal(Mnist.Load().ToString(), "mnist: 60000 training and 10000 test examples of 784 values, 10 classes", "text")),
        Spec.Test("every public class of the facade that holds something has one", () =>
        {
            var silent = typeof(Optimizer).Assembly.GetExportedTypes()
                .Where(type => type.IsClass && !(type.IsAbstract && type.IsSealed) && !typeof(Delegate).IsAssignableFrom(type))
                .Where(type => !Namesakes.IsTool(type) && type.GetMethod("ToString", [])!.DeclaringType == typeof(object))
                .Select(type => type.Name);
            Expect.equal(string.Join(", ", silent), "", "classes that print their name only");
        }));
}
