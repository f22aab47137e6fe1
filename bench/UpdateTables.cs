using System.Globalization;
using CuteDl.Core.Networks;
using CuteDl.Core.Optimizers;
using Microsoft.FSharp.Collections;
using static CuteDl.Bench.Markdown;

namespace CuteDl.Bench;

/// <summary>The tables of updates alone, each against the larger of two bounds: moving its numbers, and taking its quotients and roots.</summary>
internal static class UpdateTables
{
    private static readonly string[] Chains =
    [
        "clip_value(1) | adam",
        "clip_global_norm(1) | adam",
        "l2(0.01) | momentum | lookahead",
        "clip_global_norm(1) | adamw | ema",
        "{ \"*.bias\": sgd(lr=0.1), \"*\": adamw }",
    ];

    private static readonly string[] BoundColumns = ["streaming", "quotients and roots", "larger", "share of the larger"];

    public static int Print(Peer[] peers)
    {
        Lengths(peers);
        Rules(peers);
        return 0;
    }

    private static void Lengths(Peer[] peers)
    {
        Heading("An update alone, adam, single precision", ["parameters", "time", .. BoundColumns, .. PeerColumns(peers, "update", "factor")]);
        foreach (var length in new[] { 7_850, 101_770, 10_000_000 })
        {
            var update = new Update<float>("adam", length);
            var time = Measure.Microseconds(update.Run);
            Row(
            [
                length.ToString("#,0", CultureInfo.InvariantCulture),
                Text(time),
                .. BoundCells(update.Cost, length, time),
                .. PeerCells(peers, "update", $"adam {length}", time),
            ]);
        }
    }

    private static void Rules(Peer[] peers)
    {
        var layers = ListModule.OfSeq<Layer>([new Dense(128, Core.Networks.Activation.ReLU), new Dense(10, Core.Networks.Activation.Linear)]);
        var layout = Layout.Of(ModelModule.parameters(ModelModule.create(784, layers, Core.Networks.Loss.SoftmaxCrossEntropy)));
        Heading(
            "An update alone of every rule and of some chains: the 101,770 parameters of 784-128-10, single precision",
            ["optimizer", "time", "bytes moved", "quotients", "roots", .. BoundColumns, "bytes allocated", .. PeerColumns(peers, "update", "factor")]);
        foreach (var text in Core.Optimizers.Rules.all.Select(kind => kind.Name == "muon" ? "{ \"*.weight\": muon, \"*\": adam }" : kind.Name).Concat(Chains))
        {
            var update = new Update<float>(text, layout);
            var cost = update.Cost;
            var time = Measure.Microseconds(update.Run);
            Row(
            [
                text.Replace("|", "\\|", StringComparison.Ordinal),
                Text(time),
                Text(cost?.Bytes, "0"),
                Text(cost?.Quotients, "0.#"),
                Text(cost?.Roots, "0.#"),
                .. BoundCells(cost, layout.Length, time),
                Text(Measure.Allocation(update.Run), "0"),
                .. PeerCells(peers, "update", $"{text} {layout.Length}", time),
            ]);
        }
    }

    private static string[] BoundCells(UpdateCost? cost, int length, double time)
    {
        if (cost is null)
        {
            return [.. BoundColumns.Select(_ => Text(null))];
        }

        // A part for some tensors moves a fraction of an array: the loop then moves whole arrays, and the time is that of the bytes.
        var (read, updated) = ((int)Math.Ceiling(cost.Read), (int)Math.Ceiling(cost.Updated));
        var moved = sizeof(float) * (read + (2 * updated));
        var stream = Bounds.Widest.Stream(read, updated, length) * cost.Bytes / moved;
        var divide = Bounds.Widest.Divide(cost, length);
        return [Text(stream), Text(divide), stream >= divide ? BoundColumns[0] : BoundColumns[1], Text(Math.Max(stream, divide) / time, "0 %")];
    }
}
