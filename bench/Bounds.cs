using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using CuteDl.Core.Numerics;

namespace CuteDl.Bench;

/// <summary>What the machine allows with registers of one width: the bounds that kernels are compared with.</summary>
internal abstract class Bounds
{
    /// <summary>The bounds of the widest registers that the kernels use here.</summary>
    public static Bounds Widest { get; } =
        Vector512.IsHardwareAccelerated ? new Bounds<Register512<float>>()
        : Vector256.IsHardwareAccelerated ? new Bounds<Register256<float>>()
        : new Bounds<Register128<float>>();

    /// <summary>The most arrays that <see cref="Stream"/> only reads.</summary>
    public const int MostRead = 2;

    /// <summary>The most arrays that <see cref="Stream"/> reads and writes.</summary>
    public const int MostUpdated = 6;

    /// <summary>The bits of a register.</summary>
    public abstract int Bits { get; }

    /// <summary>The rate of multiply-adds in registers, each counted as two operations, in GFLOP/s.</summary>
    public abstract double Peak { get; }

    /// <summary>The nanoseconds of a quotient of one element, of a root, and of both in turn, in the first cache.</summary>
    public abstract (double Quotient, double Root, double Both) Division { get; }

    /// <summary>Microseconds of a loop over arrays of zeros that hardly computes: what memory allows.</summary>
    /// <param name="read">The number of arrays that it only reads, from 1 to <see cref="MostRead"/>.</param>
    /// <param name="updated">The number of arrays that it reads and writes, from 1 to <see cref="MostUpdated"/>.</param>
    /// <param name="length">The length of each array.</param>
    public abstract double Stream(int read, int updated, int length);

    /// <summary>Returns the loop that <see cref="Stream"/> measures.</summary>
    public abstract Action Loop(int read, int updated, int length);

    /// <summary>The loop that <see cref="Peak"/> measures.</summary>
    public abstract void MultiplyAdd();

    /// <summary>Microseconds of the quotients and roots of an update, without anything else.</summary>
    public double Divide(UpdateCost cost, int length)
    {
        // A root and a quotient may overlap, so pairs have a price of their own.
        var pairs = Math.Min(cost.Quotients, cost.Roots);
        return length * ((pairs * Division.Both) + ((cost.Quotients - pairs) * Division.Quotient) + ((cost.Roots - pairs) * Division.Root)) / 1e3;
    }
}

/// <summary>The loops, written once for all widths.</summary>
internal sealed class Bounds<V> : Bounds
    where V : struct, IElement<V>, IRegister<V, float>
{
    private const int Rounds = 10_000;
    private const int Chains = 12;

    // An array of 8 KB fits into the first cache of any processor.
    private const int Few = 2_048;

    private readonly Dictionary<(int Read, int Updated, int Length), double> _streams = [];

    private readonly Lazy<double> _peak = new(() => Operations / Measure.Microseconds(() => MultiplyAdds()) / 1e3);
    private readonly Lazy<(double, double, double)> _division = new(() => (Price<Quotient>(), Price<Root>(), Price<Both>()));

    private interface ICount
    {
        static abstract int Value { get; }
    }

    private interface IFunction
    {
        static abstract V Of(V x);
    }

    public override int Bits => 8 * sizeof(float) * V.Width;

    public override double Peak => _peak.Value;

    public override (double Quotient, double Root, double Both) Division => _division.Value;

    private static double Operations => 2.0 * Chains * Rounds * V.Width;

    public override double Stream(int read, int updated, int length)
    {
        if (!_streams.TryGetValue((read, updated, length), out var time))
        {
            time = Measure.Microseconds(Loop(read, updated, length));
            _streams.Add((read, updated, length), time);
        }

        return time;
    }

    public override Action Loop(int read, int updated, int length)
    {
        var arrays = new Arrays(read + updated, length);
        return (read, updated) switch
        {
            (1, 1) => () => Move<One, One>(arrays),
            (1, 2) => () => Move<One, Two>(arrays),
            (1, 3) => () => Move<One, Three>(arrays),
            (1, 4) => () => Move<One, Four>(arrays),
            (1, 5) => () => Move<One, Five>(arrays),
            (1, 6) => () => Move<One, Six>(arrays),
            (2, 1) => () => Move<Two, One>(arrays),
            (2, 2) => () => Move<Two, Two>(arrays),
            (2, 3) => () => Move<Two, Three>(arrays),
            (2, 4) => () => Move<Two, Four>(arrays),
            (2, 5) => () => Move<Two, Five>(arrays),
            (2, 6) => () => Move<Two, Six>(arrays),
            _ => throw new ArgumentOutOfRangeException(nameof(updated), (read, updated), $"The loop reads from 1 to {MostRead} arrays and updates from 1 to {MostUpdated} others."),
        };
    }

    public override void MultiplyAdd() => MultiplyAdds();

    /// <summary>Twelve independent chains of multiply-adds.</summary>
    // Inlined into a caller that drops the result, the JIT would leave out most of it.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static V MultiplyAdds()
    {
        V a = V.Broadcast(0.999f), b = V.Broadcast(0.001f);
        V c0 = b, c1 = b, c2 = b, c3 = b, c4 = b, c5 = b, c6 = b, c7 = b, c8 = b, c9 = b, c10 = b, c11 = b;
        for (var i = 0; i < Rounds; i++)
        {
            c0 = V.MultiplyAdd(c0, a, b);
            c1 = V.MultiplyAdd(c1, a, b);
            c2 = V.MultiplyAdd(c2, a, b);
            c3 = V.MultiplyAdd(c3, a, b);
            c4 = V.MultiplyAdd(c4, a, b);
            c5 = V.MultiplyAdd(c5, a, b);
            c6 = V.MultiplyAdd(c6, a, b);
            c7 = V.MultiplyAdd(c7, a, b);
            c8 = V.MultiplyAdd(c8, a, b);
            c9 = V.MultiplyAdd(c9, a, b);
            c10 = V.MultiplyAdd(c10, a, b);
            c11 = V.MultiplyAdd(c11, a, b);
        }

        return c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11;
    }

    // The root of 1 is 1, and so is its quotient: the numbers stay.
    private static double Price<F>()
        where F : struct, IFunction
    {
        var ones = Enumerable.Repeat(1f, Few).ToArray();
        return Measure.Microseconds(() => Apply<F>(ones)) * 1e3 / Few;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply<F>(float[] numbers)
        where F : struct, IFunction
    {
        ref var start = ref MemoryMarshal.GetArrayDataReference(numbers);
        for (nint i = 0; i <= numbers.Length - V.Width; i += V.Width)
        {
            ref var place = ref Unsafe.Add(ref start, i);
            V.Store(F.Of(V.Load(ref place)), ref place);
        }
    }

    // The JIT knows the counts, so each pair of them has a loop without conditions.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Move<R, U>(Arrays arrays)
        where R : struct, ICount
        where U : struct, ICount
    {
        ref var start = ref arrays.Start;
        var stride = arrays.Stride;
        for (nint i = 0; i <= arrays.Length - V.Width; i += V.Width)
        {
            ref var place = ref Unsafe.Add(ref start, i);
            var sum = V.Load(ref place);
            if (R.Value > 1)
            {
                place = ref Unsafe.Add(ref place, stride);
                sum += V.Load(ref place);
            }

            place = ref Update(ref place, stride, sum);
            if (U.Value > 1)
            {
                place = ref Update(ref place, stride, sum);
            }

            if (U.Value > 2)
            {
                place = ref Update(ref place, stride, sum);
            }

            if (U.Value > 3)
            {
                place = ref Update(ref place, stride, sum);
            }

            if (U.Value > 4)
            {
                place = ref Update(ref place, stride, sum);
            }

            if (U.Value > 5)
            {
                place = ref Update(ref place, stride, sum);
            }
        }
    }

    /// <summary>Reads and writes a place of the next array, and returns it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref float Update(ref float before, nint stride, V sum)
    {
        ref var place = ref Unsafe.Add(ref before, stride);
        V.Store(V.Load(ref place) + sum, ref place);
        return ref place;
    }

    private readonly struct One : ICount
    {
        public static int Value => 1;
    }

    private readonly struct Two : ICount
    {
        public static int Value => 2;
    }

    private readonly struct Three : ICount
    {
        public static int Value => 3;
    }

    private readonly struct Four : ICount
    {
        public static int Value => 4;
    }

    private readonly struct Five : ICount
    {
        public static int Value => 5;
    }

    private readonly struct Six : ICount
    {
        public static int Value => 6;
    }

    private readonly struct Quotient : IFunction
    {
        public static V Of(V x) => V.Lift(1) / x;
    }

    private readonly struct Root : IFunction
    {
        public static V Of(V x) => V.Root(x);
    }

    private readonly struct Both : IFunction
    {
        public static V Of(V x) => V.Lift(1) / V.Root(x);
    }

    /// <summary>Arrays of zeros, each at the start of a cache line.</summary>
    private sealed class Arrays
    {
        private const int Line = 64;
        private const int LineElements = Line / sizeof(float);

        // Arrays at the same place of a page would wait for each other: a load looks at the lower bits of the addresses of earlier stores.
        private const int Shift = 5 * LineElements;

        private readonly float[] _memory;
        private readonly int _first;

        public Arrays(int count, int length)
        {
            Length = length;
            Stride = ((length + LineElements - 1) / LineElements * LineElements) + Shift;
            _memory = GC.AllocateArray<float>(checked((count * (int)Stride) + LineElements), pinned: true);
            var place = (int)(Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0) % Line);
            _first = (Line - place) % Line / sizeof(float);
        }

        public nint Length { get; }

        /// <summary>The elements from the start of one array to that of the next.</summary>
        public nint Stride { get; }

        public ref float Start => ref _memory[_first];
    }
}
