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

/// <summary>The rule: its hyper-parameters with names, defaults and ranges, and how they determine the update of a step.</summary>
internal sealed record Averaged(
    [property: Rate(0.1)] double LearningRate = 0.1,
    [property: Decay("decay", 0.9, "γ, the decay of the mean of gradients")] double Decay = 0.9) : IRule, IDescribed<Averaged>
{
    static RuleDescription IDescribed<Averaged>.Description => RuleDescription.Own("averaged");

    public IReadOnlyList<string> Slots => ["average"];

    public bool NeedsParameters => false;

    public void Update<E>(long step, UpdateLoop<E> loop)
        where E : struct, IElement<E> => loop.Run(new AveragedUpdate<E>(loop.Lift(LearningRate), loop.Decay(Decay)));
}
