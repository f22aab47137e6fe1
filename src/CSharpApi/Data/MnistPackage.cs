using System.Reflection;

namespace CuteDl;

/// <summary>The MNIST files, if the program references the package that has them.</summary>
internal static class MnistPackage
{
    /// <summary>Opens a file of the package.</summary>
    /// <exception cref="InvalidOperationException">The program does not reference the package.</exception>
    public static Stream Open(string name)
    {
        // A study file can name MNIST where no code does. The trimmer knows both constants, so it keeps the method.
        var open = Type.GetType("CuteDl.Data.MnistFiles, CuteDl.Mnist")?.GetMethod("Open", BindingFlags.Public | BindingFlags.Static);
        return open is null
            ? throw new InvalidOperationException("MNIST is in the package CuteDl.Mnist, which this program does not reference. Add it: dotnet add package CuteDl.Mnist.")
            : open.CreateDelegate<Func<string, Stream>>()(name);
    }
}
