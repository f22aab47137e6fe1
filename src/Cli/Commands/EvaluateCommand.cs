using System.CommandLine;
using System.Text.Json.Nodes;
using CuteDl.Reports;

namespace CuteDl.Cli;

/// <summary><c>cutedl evaluate MODEL</c>: evaluates a saved model on the test images of a data set.</summary>
internal static class EvaluateCommand
{
    public static Command Create()
    {
        var model = ModelFile.Argument();
        var data = new DataOptions();
        var output = new OutputOptions("If it exists, confusion.png in it is overwritten.");
        var command = new CommandPage(
            "evaluate",
            "Evaluates a model that 'cutedl run --save' saved on the test images of a data set: loss, accuracy, and the confusion matrix with precision and recall, as a table and a picture.",
            "cutedl evaluate model.safetensors",
            "cutedl evaluate model.safetensors --data images --classes 5")
         { model };
        data.AddTo(command);
        output.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            var trained = TrainedModel.Load(parsed.GetValue(model)!);
            var images = data.Read(parsed) ?? Mnist.Load();
            var target = output.Read(parsed, "evaluate");
            var evaluation = trained.Evaluate(images, DataPart.Test, cancellationToken);
            var picture = Path.Combine(target.MakeFolder(), "confusion.png");
            evaluation.Confusion!.SavePlot(picture);
            if (target.IsJson)
            {
                new JsonLines(Console.Out).Write("evaluation", Object(evaluation, picture));
            }
            else
            {
                Console.WriteLine(evaluation);
                Console.WriteLine(evaluation.Confusion);
                Console.WriteLine($"Picture: {Path.GetFullPath(picture)}");
            }

            return Task.FromResult(ExitCode.Fine);
        });
        return command;
    }

    private static JsonObject Object(Evaluation evaluation, string picture)
    {
        var matrix = evaluation.Confusion!;
        var labels = Enumerable.Range(0, matrix.Classes);
        return new()
        {
            ["examples"] = evaluation.Examples,
            ["loss"] = JsonLines.Number(evaluation.Loss),
            ["accuracy"] = evaluation.Accuracy,
            ["confusion"] = new JsonArray([.. labels.Select(truth => new JsonArray([.. labels.Select(answer => JsonValue.Create(matrix[truth, answer]))]))]),
            ["precision"] = new JsonArray([.. labels.Select(label => JsonLines.Number(matrix.Precision(label)))]),
            ["recall"] = new JsonArray([.. labels.Select(label => JsonLines.Number(matrix.Recall(label)))]),
            ["picture"] = Path.GetFullPath(picture),
        };
    }
}
