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
    /// <exception cref="ArgumentException">An array cannot be used.</exception>
    public static double[] Read(string path, TrainedModel model, int maxExpansion) =>
        NpzArrays.IsName(path)
            ? NpzArrays.Read(path, maxExpansion, arrays => Inputs(arrays, model))
            : [.. PictureInput.Read(path, model).Select(value => value / 255.0)];

    /// <summary>Returns examples to evaluate a model on.</summary>
    /// <param name="path">A folder in MNIST's format, or a file whose name ends in <c>.npz</c>.</param>
    /// <param name="model">The model. A class is one of its outputs, so a model with one output has numbers as targets.</param>
    /// <param name="maxExpansion">The most bytes that each byte of a compressed file may expand to.</param>
    /// <exception cref="UsageException">The data do not fit the model.</exception>
    /// <exception cref="FormatException">A file is damaged.</exception>
    /// <exception cref="ArgumentException">An array cannot be used.</exception>
    public static DataSet ReadWithTargets(string path, TrainedModel model, int maxExpansion)
    {
        if (!NpzArrays.IsName(path))
        {
            return model.Outputs > 1
                ? DataSet.FromFolder(path, model.Outputs, maxExpansion)
                : throw new UsageException($"The images in a folder have classes, but the model has 1 output. Give an .npz file whose array '{NpzArrays.TargetsName}' has numbers.");
        }

        var data = DataSet.FromNpz(path, classes: model.Outputs > 1 ? model.Outputs : 0, maxExpansion: maxExpansion);
        if (data.Inputs != model.Inputs)
        {
            throw new UsageException($"The array '{NpzArrays.InputsName}' in '{path}' has {Count(data.Inputs)} for each example. The model takes {model.Inputs}.");
        }

        return data.Classes > 0 || data.TargetValues == model.Outputs
            ? data
            : throw new UsageException(
                $"The array '{NpzArrays.TargetsName}' in '{path}' has {Count(data.TargetValues)} for each example, but the model has {model.Outputs} outputs. "
                + "Give a number for each output, or classes as whole numbers in one dimension.");
    }

    private static double[] Inputs(NpzArrays arrays, TrainedModel model)
    {
        var name = arrays.NameOfInputs();
        var features = arrays.Inputs(name).Features;
        return features.Length % model.Inputs == 0
            ? [.. Enumerable.Range(0, features.Length).Select(features.Item)]
            : throw new ArgumentException($"The array '{name}' has {Count(features.Length)}. The model takes {model.Inputs} for each example.");
    }

    private static string Count(int values) => values == 1 ? "1 value" : $"{values} values";
}
