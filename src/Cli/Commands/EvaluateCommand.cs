using System.CommandLine;
using System.Text.Json.Nodes;
using CuteDl.Reports;

namespace CuteDl.Cli;

/// <summary><c>cutedl evaluate MODEL</c>: evaluates a saved model on a data set.</summary>
internal static class EvaluateCommand
{
    public static Command Create()
    {
        var model = ModelFile.Argument();
        var data = Names.NotEmpty(new Option<string?>("--data")
        {
            HelpName = "PATH",
            Description = "Folder with a data set in MNIST's format, as for 'cutedl run', of which the test images are used; or an .npz file with the arrays "
                + $"{NpzArrays.InputsName}, as for 'cutedl predict', and {NpzArrays.TargetsName}: classes as whole numbers in one dimension, or numbers for each output. Default: MNIST, built in.",
        });
        var maxExpansion = DataOptions.MaxExpansion();
        var output = new OutputOptions("If it exists, confusion.png in it is overwritten. Targets that are numbers have no picture.");
        var command = new CommandPage(
            "evaluate",
            "Evaluates a saved model on a data set: the loss, and for classes the accuracy and the confusion matrix with precision and recall, as a table and a picture. Numbers as targets have R² and the mean absolute error instead.",
            "cutedl evaluate model.safetensors",
            "cutedl evaluate model.safetensors --data test.npz")
         { model, data, maxExpansion };
        output.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            var expansion = TrainingOptions.AtLeast(maxExpansion, parsed.GetValue(maxExpansion), 1);
            var trained = TrainedModel.Load(parsed.GetValue(model)!);
            var examples = parsed.GetValue(data) is { } path ? Examples.ReadWithTargets(path, trained, expansion) : Mnist.Load();
            var target = output.Read(parsed, "evaluate");
            var evaluation = trained.Evaluate(examples, cancellationToken: cancellationToken);
            var picture = evaluation.Confusion is { } matrix ? Draw(matrix, target.MakeFolder()) : null;
            if (target.IsJson)
            {
                new JsonLines(Console.Out).Write("evaluation", Object(evaluation, picture));
            }
            else
            {
                Show(evaluation, picture);
            }

            return Task.FromResult(ExitCode.Fine);
        });
        return command;
    }

    private static string Draw(ConfusionMatrix matrix, string folder)
    {
        var picture = Path.GetFullPath(Path.Combine(folder, "confusion.png"));
        matrix.SavePlot(picture);
        return picture;
    }

    private static void Show(Evaluation evaluation, string? picture)
    {
        Console.WriteLine(evaluation);
        if (evaluation.Confusion is { } matrix)
        {
            Console.WriteLine(matrix);
            Console.WriteLine($"Picture: {picture}");
        }
    }

    private static JsonObject Object(Evaluation evaluation, string? picture)
    {
        var content = new JsonObject { ["examples"] = evaluation.Examples, ["loss"] = JsonLines.Number(evaluation.Loss) };
        if (evaluation.Confusion is not { } matrix)
        {
            content["r_squared"] = JsonLines.Number(evaluation.RSquared);
            content["mean_absolute_error"] = JsonLines.Number(evaluation.MeanAbsoluteError);
            return content;
        }

        var labels = Enumerable.Range(0, matrix.Classes);
        content["accuracy"] = evaluation.Accuracy;
        content["confusion"] = new JsonArray([.. labels.Select(truth => new JsonArray([.. labels.Select(answer => JsonValue.Create(matrix[truth, answer]))]))]);
        content["precision"] = new JsonArray([.. labels.Select(label => JsonLines.Number(matrix.Precision(label)))]);
        content["recall"] = new JsonArray([.. labels.Select(label => JsonLines.Number(matrix.Recall(label)))]);
        content["picture"] = picture;
        return content;
    }
}
