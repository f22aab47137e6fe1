using System.Numerics;
using CuteDl.Core.Numerics;
using CuteDl.Core.Optimizers;

namespace CuteDl.Bench;

/// <summary>
/// What an update must do for each element at least, on average over the tensors. It is found by running the update over elements that count.
/// Passes over the tensors to compute sums are not included.
/// </summary>
/// <param name="Read">The numbers that are only read: the gradient, and slots that do not change.</param>
/// <param name="Updated">The numbers that are read and written: the parameter, and slots.</param>
/// <param name="Quotients">The quotients.</param>
/// <param name="Roots">The square roots.</param>
internal sealed record UpdateCost(double Read, double Updated, double Quotients, double Roots)
{
    // Far from the first steps, which some rules treat in another way.
    private const long Step = 1_000;

    /// <summary>The bytes in single precision.</summary>
    public double Bytes => sizeof(float) * (Read + (2 * Updated));

    /// <summary>Returns the cost of an optimizer; null if a part of it does not work element by element.</summary>
    public static UpdateCost? Of<T>(State<T> state)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (read, updated, quotients, roots) = (1.0, 1.0, 0.0, 0.0);
        foreach (var node in state.Plan.Nodes)
        {
            if (node.First is not IRule rule)
            {
                return null;
            }

            var part = OfPart(rule);
            var share = (double)node.Length / state.Length;
            read += share * part.Read;
            updated += share * part.Updated;
            quotients += share * part.Quotients;
            roots += share * part.Roots;
        }

        return new UpdateCost(read, updated, quotients, roots);
    }

    // Constants of the step may take quotients and roots, too. They are the same for one element and for two.
    private static UpdateCost OfPart(IRule rule)
    {
        var (one, _) = Run(rule, 1);
        var (two, slots) = Run(rule, 2);
        return new UpdateCost(slots.Count(use => use == SlotUse.Read), slots.Count(use => use == SlotUse.Updated), two.Quotients - one.Quotients, two.Roots - one.Roots);
    }

    private static ((int Quotients, int Roots) Counts, SlotUse[] Slots) Run(IRule rule, int length)
    {
        var slotCount = rule.Slots.Count;
        var slots = new Counted[slotCount * length];
        for (var i = 0; i < slots.Length; i++)
        {
            slots[i] = Counted.Slot(i / length);
        }

        var before = (Counted[])slots.Clone();
        var delta = new Counted[length];
        var gradient = Enumerable.Repeat(Counted.Input(0.5), length).ToArray();
        var parameters = Enumerable.Repeat(Counted.Input(0.3), length).ToArray();
        var coefficients = Enumerable.Repeat(1.0, rule is IPreparingRule preparing ? preparing.Coefficients : 0).ToArray();
        Counted.Quotients = 0;
        Counted.Roots = 0;
        rule.Update(Step, new UpdateLoop<Counted>(gradient, parameters, slots, slotCount, length, delta, false, coefficients));

        // A slot that did not change is read if a result was computed from it.
        var sources = delta[0].Sources;
        var uses = new SlotUse[slotCount];
        for (var slot = 0; slot < slotCount; slot++)
        {
            if (slots[slot * length].Number != before[slot * length].Number)
            {
                uses[slot] = SlotUse.Updated;
                sources |= slots[slot * length].Sources;
            }
        }

        for (var slot = 0; slot < slotCount; slot++)
        {
            if (uses[slot] == SlotUse.None && (sources & (1 << slot)) != 0)
            {
                uses[slot] = SlotUse.Read;
            }
        }

        return ((Counted.Quotients, Counted.Roots), uses);
    }

    private enum SlotUse
    {
        None,
        Read,
        Updated,
    }

    /// <summary>A number that counts quotients and roots, and knows the slots from which it was computed.</summary>
    private readonly struct Counted : IElement<Counted>
    {
        private static int _numbers;

        private readonly double _value;

        private Counted(double value, int sources)
        {
            (_value, Sources, Number) = (value, sources, ++_numbers);
        }

        public static int Quotients { get; set; }

        public static int Roots { get; set; }

        /// <summary>A bit for each slot.</summary>
        public int Sources { get; }

        /// <summary>Tells the results of all operations apart.</summary>
        public int Number { get; }

        public static Counted operator +(Counted a, Counted b) => new(a._value + b._value, a.Sources | b.Sources);

        public static Counted operator -(Counted a, Counted b) => new(a._value - b._value, a.Sources | b.Sources);

        public static Counted operator *(Counted a, Counted b) => new(a._value * b._value, a.Sources | b.Sources);

        public static Counted operator /(Counted a, Counted b)
        {
            Quotients++;
            return new(a._value / b._value, a.Sources | b.Sources);
        }

        public static Counted Slot(int slot) => new(0.1, 1 << slot);

        public static Counted Input(double value) => new(value, 0);

        public static Counted Lift(double value) => new(value, 0);

        public static Counted Root(Counted value)
        {
            Roots++;
            return new(Math.Sqrt(value._value), value.Sources);
        }

        public static Counted Divisor(Counted value) => new(value._value, value.Sources);

        public static Counted RootDivisor(Counted value) => new(value._value, value.Sources);

        public static Counted Greater(Counted a, Counted b) => new(Math.Max(a._value, b._value), a.Sources | b.Sources);

        public static Counted Choose(Counted key, Counted below, Counted neither, Counted above) =>
            new((key._value < 0 ? below : key._value > 0 ? above : neither)._value, key.Sources | below.Sources | neither.Sources | above.Sources);
    }
}
