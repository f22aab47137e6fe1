using CuteDl.Core.Data;
using CuteDl.Reports;

namespace CuteDl.Cli;

/// <summary>Reads examples for a model from a file.</summary>
internal static class Examples
{
    /// <summary>Returns the examples of a picture or an .npz file, one after another.</summary>
    /// <param name="path">The file. A name that ends in <c>.npz</c> is one of arrays, any other a picture.</param>
    /// <param name="model">The model.</param>
    /// <param name="maxExpansion">The most bytes that each byte of an .npz file may expand to.</param>
    /// <exception cref="FormatException">The file is damaged or does not fit the model.</exception>
    public static double[] Read(string path, TrainedModel model, int maxExpansion) =>
        Path.GetExtension(path).Equals(".npz", StringComparison.OrdinalIgnoreCase)
            ? OfArrays(path, model, maxExpansion)
            : [.. PictureInput.Read(path, model).Select(value => value / 255.0)];

    private static double[] OfArrays(string path, TrainedModel model, int maxExpansion)
    {
        var arrays = Npz.readWithin(maxExpansion, path);
        if (arrays.Count != 1)
        {
            throw new FormatException($"'{path}' has {arrays.Count} arrays. It must have one, of the examples.");
        }

        var (name, tensor) = (arrays.First().Key, arrays.First().Value);
        var shape = string.Join(" × ", tensor.Shape);
        double[] values = tensor.Cells switch
        {
            Cells.F32 single => Array.ConvertAll(single.Item, value => (double)value),
            Cells.F64 wide => wide.Item,
            Cells.I64 whole => Array.ConvertAll(whole.Item, value => (double)value),
            Cells.U8 bytes => Array.ConvertAll(bytes.Item, value => value / 255.0),
            _ => throw new InvalidOperationException("There is no such type."),
        };
        return values.Length > 0 && values.Length % model.Inputs == 0
            ? values
            : throw new FormatException($"The array '{name}' in '{path}' has the sizes {shape}. The model takes {model.Inputs} values for each example.");
    }
}
