using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using CuteDl.Core.Networks;

namespace CuteDl.Cli;

/// <summary><c>cutedl predict MODEL FILE</c>: prints the predictions of a saved model.</summary>
internal static class PredictCommand
{
    public static Command Create()
    {
        var model = ModelFile.Argument();
        var file = Names.NotEmpty(new Argument<string>("FILE")
        {
            Description = $"A PNG or JPEG picture of the model's size, or an .npz file of examples: its array {NpzArrays.InputsName}, or its only array. In a picture and in bytes, 0 to 255 stand for 0 to 1; MNIST's digits are light on a dark background.",
        });
        var maxExpansion = DataOptions.MaxExpansion();
        var json = OutputOptions.Json();
        var command = new CommandPage(
            "predict",
            "Prints the predictions of a model that 'cutedl run --save' saved: the class and its probability, or the outputs.",
            "cutedl predict model.safetensors three.png")
         { model, file, maxExpansion, json };
        command.SetAction(parsed =>
        {
            var expansion = TrainingOptions.AtLeast(maxExpansion, parsed.GetValue(maxExpansion), 1);
            var trained = TrainedModel.Load(parsed.GetValue(model)!);
            var examples = Examples.Read(parsed.GetValue(file)!, trained, expansion);
            Show(trained, examples, parsed.GetValue(json) ? new JsonLines(Console.Out) : null);
            return ExitCode.Fine;
        });
        return command;
    }

    private static void Show(TrainedModel model, double[] examples, JsonLines? json)
    {
        var outputs = model.Predict<double>(examples);
        var probabilities = model.HasProbabilities ? model.Probabilities<double>(examples) : null;
        for (var example = 0; example < examples.Length / model.Inputs; example++)
        {
            var own = (example * model.Outputs)..((example + 1) * model.Outputs);
            if (json is null)
            {
                Console.WriteLine(Line(example, outputs[own], probabilities?[own]));
            }
            else
            {
                json.Write("prediction", Object(example, outputs[own], probabilities?[own]));
            }
        }
    }

    // A single output is a number or the probability of one of two classes.
    private static int? Class(double[] outputs, double[]? probabilities) => probabilities is null || outputs.Length == 1 ? null : Answer.ofOutputs<double>(outputs);

    private static string Line(int example, double[] outputs, double[]? probabilities) =>
        Class(outputs, probabilities) is { } label
            ? string.Create(CultureInfo.InvariantCulture, $"{example}: class {label}, probability {probabilities![label]:0.0000}")
            : string.Create(CultureInfo.InvariantCulture, $"{example}: {(probabilities is null ? "" : "probability ")}{string.Join(' ', (probabilities ?? outputs).Select(Text))}");

    private static string Text(double value) => value.ToString("G6", CultureInfo.InvariantCulture);

    private static JsonObject Object(int example, double[] outputs, double[]? probabilities)
    {
        var content = new JsonObject { ["example"] = example, ["class"] = Class(outputs, probabilities), ["outputs"] = Array(outputs) };
        if (probabilities is not null)
        {
            content["probabilities"] = Array(probabilities);
        }

        return content;
    }

    private static JsonArray Array(double[] values) => new([.. values.Select(JsonLines.Number)]);
}
