using System.Globalization;

namespace CuteDl.Reports;

/// <summary>Builds the figure of a confusion matrix: a heat map with recall at the right and precision below.</summary>
internal static class ConfusionFigure
{
    public static Figure Of(ConfusionMatrix matrix)
    {
        int[] labels = [.. Enumerable.Range(0, matrix.Classes)];
        string[] names = [.. labels.Select(label => label.ToString(CultureInfo.InvariantCulture))];
        IReadOnlyList<HeatCell?>[] rows =
        [
            .. labels.Select(truth => Row(matrix, labels, truth)),
            [
                .. labels.Select(answer => Margin(matrix[answer, answer], labels.Sum(truth => matrix[truth, answer]), $"precision of {answer}")),
                new HeatCell(double.NaN, Percent(matrix.Accuracy), "accuracy", IsDiverged: false, "accuracy"),
            ],
        ];
        return new Figure(
            "confusion",
            $"Confusion matrix of {matrix.Examples} examples",
            "Rows are true classes, columns are the model's answers. Small: the share of the row. Dark cells have large shares, and empty cells none.",
            [new HeatPane("answer of the model", [.. names, "recall"], [.. names, "precision"], rows)])
        {
            Remarks = [new Remark(Tone.Plain, $"accuracy {Percent(matrix.Accuracy)}")],
            Files = ["confusion.png"],
        };
    }

    private static IReadOnlyList<HeatCell?> Row(ConfusionMatrix matrix, int[] labels, int truth)
    {
        var examples = labels.Sum(answer => matrix[truth, answer]);
        return [.. labels.Select(Cell), Margin(matrix[truth, truth], examples, $"recall of {truth}")];

        HeatCell? Cell(int answer)
        {
            var count = matrix[truth, answer];
            if (count == 0)
            {
                return null;
            }

            // The root makes rare mistakes visible beside the large shares of right answers.
            var share = count / (double)examples;
            return new HeatCell(1 - Math.Sqrt(share), count.ToString(CultureInfo.InvariantCulture), Percent(share), IsDiverged: false, $"class {truth}, answer {answer}");
        }
    }

    // Empty if a class has no example, or was never the answer.
    private static HeatCell? Margin(int right, int all, string description) =>
        all == 0 ? null : new HeatCell(double.NaN, Percent(right / (double)all), $"{right} of {all}", IsDiverged: false, description);

    private static string Percent(double share) => share.ToString("0.0 %", CultureInfo.InvariantCulture);
}
