using CuteDl.Core.Data;
using CuteDl.Core.Networks;
using Microsoft.FSharp.Collections;
using CoreLoss = CuteDl.Core.Networks.Loss;

namespace CuteDl;

/// <summary>Describes models for readers.</summary>
internal static class ModelText
{
    /// <summary>
    /// Returns <c>784-10(relu) softmax-cross-entropy</c>, without the shape of an image if it is unknown. Layers of vectors take an image as
    /// a vector.
    /// </summary>
    public static string Of(TensorShape? shape, IEnumerable<Layer> layers, CoreLoss loss)
    {
        var list = ListModule.OfSeq(layers);
        var parts = list.Select(layer => layer.ToString());
        return $"{string.Join('-', shape is null ? parts : parts.Prepend($"{Layers.inputFor(shape, list)}"))} {loss}";
    }
}
