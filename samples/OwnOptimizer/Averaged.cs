using CuteDl.Core.Numerics;
using CuteDl.Core.Optimizers;

namespace CuteDl.Samples;

/// <summary>m ← γ m + (1−γ) g;  Δ = α m. The formula is written once, for every type of element.</summary>
internal readonly struct AveragedUpdate<E>(E rate, Decay<E> decay) : IUpdate<E>
    where E : struct, IElement<E>
{
    public E Delta(E gradient, E parameter, Slots<E> slots)
    {
        slots[0] = decay.Mean(slots[0], gradient);
        return rate * slots[0];
    }
}

/// <summary>The rule: its hyper-parameters, and how they determine the update of a step.</summary>
/// <param name="LearningRate">α.</param>
/// <param name="Decay">γ in (0, 1).</param>
internal sealed record Averaged(double LearningRate, double Decay) : IRule
{
    public IReadOnlyList<string> Slots => ["average"];

    public bool NeedsParameters => false;

    public void Update<E>(long step, UpdateLoop<E> loop)
        where E : struct, IElement<E> => loop.Run(new AveragedUpdate<E>(loop.Lift(LearningRate), loop.Decay(Decay)));

    /// <summary>Returns the rule as an optimizer.</summary>
    public Optimizer ToOptimizer() => OptimizerModule.ofRule("averaged", this);
}
