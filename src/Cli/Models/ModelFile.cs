using System.CommandLine;

namespace CuteDl.Cli;

/// <summary>The argument that names a saved model.</summary>
internal static class ModelFile
{
    public static Argument<string> Argument() =>
        Names.NotEmpty(new Argument<string>("MODEL") { Description = "A model that 'cutedl run --save' saved, such as model.safetensors." });
}
