using System.Numerics;
using CuteDl.Core.Data;
using CuteDl.Core.Models;
using CuteDl.Core.Networks;
using Microsoft.FSharp.Collections;
using CoreModel = CuteDl.Core.Models.TrainedModel;

namespace CuteDl;

/// <summary>
/// A trained model: it predicts, evaluates data sets, and is saved to files. Immutable and thread-safe. <see cref="RunResult.Model"/> and
/// <see cref="Load"/> return one.
/// </summary>
/// <remarks>
/// Inputs are those of the data set before its standardisation. The model standardises them as in training. The outputs of an example have the
/// same bits alone, among others and on any thread. Methods take numbers in single or double precision, and convert them to that of the model.
/// </remarks>
public sealed class TrainedModel
{
    internal TrainedModel(CoreModel core)
    {
        Core = core;
        Notes = core.Notes.ToDictionary(note => note.Key, note => note.Value);
    }

    internal CoreModel Core { get; }

    /// <summary>The layers and the loss as text: <c>784-128(relu)-10(linear) softmax-cross-entropy</c>.</summary>
    public string Text => Core.Model.ToString();

    /// <summary>The number of values of an example.</summary>
    public int Inputs => Core.Model.Inputs;

    /// <summary>The number of outputs of an example.</summary>
    public int Outputs => Core.Model.Outputs;

    /// <summary>
    /// The shape of an example: its length, or channels, height and width. In memory, the channels of a position are neighbours, and positions
    /// follow row by row.
    /// </summary>
    public IReadOnlyList<int> InputShape =>
        Core.Model.Input switch
        {
            TensorShape.Planes image => [image.channels, image.height, image.width],
            var vector => [vector.Length],
        };

    /// <summary>The precision of its parameters and computations.</summary>
    public Precision Precision => Core.IsDouble ? Precision.Double : Precision.Single;

    /// <summary>True if the loss is a cross-entropy, so that <see cref="Probabilities{T}"/> can be computed.</summary>
    public bool HasProbabilities => LossModule.hasLogits(Core.Model.Loss);

    /// <summary>True if inputs are standardised, as in training.</summary>
    public bool IsStandardized => Core.Standardization is not null;

    /// <summary>The version of the library that trained it.</summary>
    public string Version => Core.Version;

    /// <summary>Texts about the training, such as the optimizer, by key. They are the metadata of a saved model.</summary>
    public IReadOnlyDictionary<string, string> Notes { get; }

    /// <summary>The names of its tensors: <c>layers.0.weight</c>, <c>layers.0.bias</c>, ...</summary>
    public IReadOnlyList<string> TensorNames => [.. Core.TensorNames];

    /// <summary>Returns a copy of a tensor.</summary>
    /// <param name="name">One of <see cref="TensorNames"/>.</param>
    /// <exception cref="ArgumentException">There is no such tensor; the message suggests a name.</exception>
    public ModelTensor this[string name]
    {
        get
        {
            ArgumentNullException.ThrowIfNull(name);
            return new(name, Core.Tensor(name));
        }
    }

    /// <summary>Reads a model that <see cref="Save"/> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <param name="registry">The losses of one's own that the model can have. Default: <see cref="KindRegistry.Standard"/>.</param>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="DataFormatException">The file is damaged, or is not a model of this library.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TrainedModel Load(string path, KindRegistry? registry = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return new(TrainedModelFile.loadWith(LayerKinds.all, ListModule.OfSeq(KindRegistry.StudyOf(registry).Losses), path));
    }

    /// <summary>
    /// Saves the model as a safetensors file: tensors by name, the standardisation, and the text of the model in the metadata. An existing file
    /// is replaced, completely or not at all.
    /// </summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <exception cref="IOException">The file cannot be written. The message names it.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        TrainedModelFile.save(path, Core);
    }

    /// <summary>
    /// Exports the model to ONNX, in single precision. The graph has an input <c>input</c> of batch × inputs, or of batch × height × width ×
    /// channels for images, and an output <c>output</c>, the outputs of <see cref="Predict{T}(ReadOnlySpan{T})"/>. It standardises its inputs as
    /// the model does.
    /// </summary>
    /// <param name="path">The file, which is replaced if it exists. Its folder must exist.</param>
    /// <exception cref="NotSupportedException">A layer has no form in ONNX, or the file would have 2 GiB or more.</exception>
    /// <exception cref="IOException">The file cannot be written. The message names it.</exception>
    public void ExportOnnx(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        TrainedModelFile.exportOnnx(path, Core);
    }

    /// <summary>Returns the outputs of examples, row-major: logits for a cross-entropy, else predictions.</summary>
    /// <param name="inputs">One example or several, one after another.</param>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <exception cref="ArgumentException">The length does not fit the model, or an input of an embedding is out of its range.</exception>
    public T[] Predict<T>(ReadOnlySpan<T> inputs)
        where T : unmanaged, IFloatingPointIeee754<T> => Core.Predict(inputs);

    /// <summary>Writes the outputs of examples. Allocates nothing after the first calls.</summary>
    /// <param name="inputs">One example or several, one after another.</param>
    /// <param name="outputs">Receives the outputs, row-major: logits for a cross-entropy, else predictions.</param>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <exception cref="ArgumentException">A length does not fit the model, or an input of an embedding is out of its range.</exception>
    public void Predict<T>(ReadOnlySpan<T> inputs, Span<T> outputs)
        where T : unmanaged, IFloatingPointIeee754<T> => Core.Predict(inputs, outputs);

    /// <summary>Returns the outputs of images. A byte represents value / 255, as in a data set.</summary>
    /// <param name="images">One image or several, one after another.</param>
    /// <exception cref="ArgumentException">The length does not fit the model.</exception>
    public double[] Predict(ReadOnlySpan<byte> images) => Predict<double>(Numbers(images));

    /// <summary>Returns the probability of each output, row-major: softmax or the logistic function of the logits.</summary>
    /// <param name="inputs">One example or several, one after another.</param>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <exception cref="InvalidOperationException">The loss is no cross-entropy, so the outputs are not logits.</exception>
    /// <exception cref="ArgumentException">The length does not fit the model, or an input of an embedding is out of its range.</exception>
    public T[] Probabilities<T>(ReadOnlySpan<T> inputs)
        where T : unmanaged, IFloatingPointIeee754<T> => Core.Probabilities(inputs);

    /// <summary>Returns the probability of each output for images. A byte represents value / 255.</summary>
    /// <param name="images">One image or several, one after another.</param>
    /// <exception cref="InvalidOperationException">The loss is no cross-entropy, so the outputs are not logits.</exception>
    /// <exception cref="ArgumentException">The length does not fit the model.</exception>
    public double[] Probabilities(ReadOnlySpan<byte> images) => Probabilities<double>(Numbers(images));

    /// <summary>Returns the class of each example: the index of its largest output. Of equal outputs, the first wins.</summary>
    /// <param name="inputs">One example or several, one after another.</param>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <exception cref="ArgumentException">The length does not fit the model, or an input of an embedding is out of its range.</exception>
    public int[] Classify<T>(ReadOnlySpan<T> inputs)
        where T : unmanaged, IFloatingPointIeee754<T> => Core.Classify(inputs);

    /// <summary>Returns the class of each image. A byte represents value / 255.</summary>
    /// <param name="images">One image or several, one after another.</param>
    /// <exception cref="ArgumentException">The length does not fit the model.</exception>
    public int[] Classify(ReadOnlySpan<byte> images) => Classify<double>(Numbers(images));

    /// <summary>Returns the quality of the model on a part of a data set.</summary>
    /// <param name="data">The data set, not standardised.</param>
    /// <param name="part">The part. Default: the test part, or all examples of a set without a validation and a test part.</param>
    /// <param name="cancellationToken">Ends the evaluation.</param>
    /// <exception cref="ArgumentException">The data do not fit the model, or do not have this part.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Evaluation Evaluate(DataSet data, DataPart? part = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        var parts = data.Core;
        var chosen = part ?? (parts.Validation is null && parts.Test is null ? DataPart.Training : DataPart.Test);
        var set = chosen switch
        {
            DataPart.Training => parts.Training,
            DataPart.Validation => parts.Validation?.Value,
            DataPart.Test => parts.Test?.Value,
            _ => throw new ArgumentOutOfRangeException(nameof(part), part, "The part must be Training, Validation or Test."),
        };
        return set is not null
            ? new(Core.Evaluate(set, cancellationToken))
            : throw new ArgumentException($"The data set {data.Name} has no {(chosen == DataPart.Test ? "test" : "validation")} part. Split it, or evaluate another part.", nameof(data));
    }

    /// <summary>One line: <c>784-128(relu)-10(linear) softmax-cross-entropy, 101770 parameters</c>.</summary>
    public override string ToString() => Core.ToString();

    private static double[] Numbers(ReadOnlySpan<byte> images)
    {
        var numbers = new double[images.Length];
        for (var i = 0; i < images.Length; i++)
        {
            numbers[i] = images[i] / 255.0;
        }

        return numbers;
    }
}
