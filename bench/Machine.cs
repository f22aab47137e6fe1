using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace CuteDl.Bench;

/// <summary>What the machine can do: the roofs that the kernels are held against.</summary>
internal static class Machine
{
    private const int Rounds = 10_000;
    private const int Chains = 12;

    /// <summary>The bits of the widest registers that the kernels use here.</summary>
    public static int Bits => Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;

    /// <summary>Operations of one call of <see cref="MultiplyAdds"/>, a multiply-add counted as two.</summary>
    public static double FlopsOfMultiplyAdds => 2.0 * Chains * Rounds * Bits / (8 * sizeof(float));

    /// <summary>Multiply-adds in registers only, twelve independent chains of the widest registers.</summary>
    // Inlined into a caller that drops the result, the JIT would leave out most of it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static float MultiplyAdds() => Bits switch
    {
        512 => MultiplyAdds512(),
        256 => MultiplyAdds256(),
        _ => MultiplyAdds128(),
    };

    /// <summary>
    /// A loop that reads and writes the same arrays as an update with two slots, and hardly computes: what memory allows.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Stream(float[] parameters, float[] gradient, float[] first, float[] second)
    {
        if (Bits == 512)
        {
            for (var i = 0; i <= parameters.Length - Vector512<float>.Count; i += Vector512<float>.Count)
            {
                var g = Vector512.LoadUnsafe(ref gradient[0], (nuint)i);
                (Vector512.LoadUnsafe(ref first[0], (nuint)i) + g).StoreUnsafe(ref first[0], (nuint)i);
                (Vector512.LoadUnsafe(ref second[0], (nuint)i) + g).StoreUnsafe(ref second[0], (nuint)i);
                (Vector512.LoadUnsafe(ref parameters[0], (nuint)i) - g).StoreUnsafe(ref parameters[0], (nuint)i);
            }

            return;
        }

        for (var i = 0; i <= parameters.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var g = new Vector<float>(gradient, i);
            (new Vector<float>(first, i) + g).CopyTo(first, i);
            (new Vector<float>(second, i) + g).CopyTo(second, i);
            (new Vector<float>(parameters, i) - g).CopyTo(parameters, i);
        }
    }

    /// <summary>A root and a quotient for each element of an array, and nothing else: what the divider of the processor allows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Divide(float[] parameters)
    {
        if (Bits == 512)
        {
            for (var i = 0; i <= parameters.Length - Vector512<float>.Count; i += Vector512<float>.Count)
            {
                var x = Vector512.LoadUnsafe(ref parameters[0], (nuint)i);
                (Vector512<float>.One / Vector512.Sqrt(x)).StoreUnsafe(ref parameters[0], (nuint)i);
            }

            return;
        }

        for (var i = 0; i <= parameters.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var x = new Vector<float>(parameters, i);
            (Vector<float>.One / Vector.SquareRoot(x)).CopyTo(parameters, i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float MultiplyAdds512()
    {
        Vector512<float> a = Vector512.Create(0.999f), b = Vector512.Create(0.001f);
        Vector512<float> c0 = b, c1 = b, c2 = b, c3 = b, c4 = b, c5 = b, c6 = b, c7 = b, c8 = b, c9 = b, c10 = b, c11 = b;
        for (var i = 0; i < Rounds; i++)
        {
            c0 = Vector512.FusedMultiplyAdd(c0, a, b);
            c1 = Vector512.FusedMultiplyAdd(c1, a, b);
            c2 = Vector512.FusedMultiplyAdd(c2, a, b);
            c3 = Vector512.FusedMultiplyAdd(c3, a, b);
            c4 = Vector512.FusedMultiplyAdd(c4, a, b);
            c5 = Vector512.FusedMultiplyAdd(c5, a, b);
            c6 = Vector512.FusedMultiplyAdd(c6, a, b);
            c7 = Vector512.FusedMultiplyAdd(c7, a, b);
            c8 = Vector512.FusedMultiplyAdd(c8, a, b);
            c9 = Vector512.FusedMultiplyAdd(c9, a, b);
            c10 = Vector512.FusedMultiplyAdd(c10, a, b);
            c11 = Vector512.FusedMultiplyAdd(c11, a, b);
        }

        return Vector512.Sum(c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float MultiplyAdds256()
    {
        Vector256<float> a = Vector256.Create(0.999f), b = Vector256.Create(0.001f);
        Vector256<float> c0 = b, c1 = b, c2 = b, c3 = b, c4 = b, c5 = b, c6 = b, c7 = b, c8 = b, c9 = b, c10 = b, c11 = b;
        for (var i = 0; i < Rounds; i++)
        {
            c0 = Vector256.FusedMultiplyAdd(c0, a, b);
            c1 = Vector256.FusedMultiplyAdd(c1, a, b);
            c2 = Vector256.FusedMultiplyAdd(c2, a, b);
            c3 = Vector256.FusedMultiplyAdd(c3, a, b);
            c4 = Vector256.FusedMultiplyAdd(c4, a, b);
            c5 = Vector256.FusedMultiplyAdd(c5, a, b);
            c6 = Vector256.FusedMultiplyAdd(c6, a, b);
            c7 = Vector256.FusedMultiplyAdd(c7, a, b);
            c8 = Vector256.FusedMultiplyAdd(c8, a, b);
            c9 = Vector256.FusedMultiplyAdd(c9, a, b);
            c10 = Vector256.FusedMultiplyAdd(c10, a, b);
            c11 = Vector256.FusedMultiplyAdd(c11, a, b);
        }

        return Vector256.Sum(c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float MultiplyAdds128()
    {
        Vector128<float> a = Vector128.Create(0.999f), b = Vector128.Create(0.001f);
        Vector128<float> c0 = b, c1 = b, c2 = b, c3 = b, c4 = b, c5 = b, c6 = b, c7 = b, c8 = b, c9 = b, c10 = b, c11 = b;
        for (var i = 0; i < Rounds; i++)
        {
            c0 = Vector128.FusedMultiplyAdd(c0, a, b);
            c1 = Vector128.FusedMultiplyAdd(c1, a, b);
            c2 = Vector128.FusedMultiplyAdd(c2, a, b);
            c3 = Vector128.FusedMultiplyAdd(c3, a, b);
            c4 = Vector128.FusedMultiplyAdd(c4, a, b);
            c5 = Vector128.FusedMultiplyAdd(c5, a, b);
            c6 = Vector128.FusedMultiplyAdd(c6, a, b);
            c7 = Vector128.FusedMultiplyAdd(c7, a, b);
            c8 = Vector128.FusedMultiplyAdd(c8, a, b);
            c9 = Vector128.FusedMultiplyAdd(c9, a, b);
            c10 = Vector128.FusedMultiplyAdd(c10, a, b);
            c11 = Vector128.FusedMultiplyAdd(c11, a, b);
        }

        return Vector128.Sum(c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11);
    }
}
