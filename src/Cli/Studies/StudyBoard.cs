using System.Globalization;
using CuteDl.Reports;
using CuteDl.Studies;
using Spectre.Console;

namespace CuteDl.Cli;

/// <summary>Shows a study's progress on a terminal, redrawn a few times per second: running, waiting and finished trials.</summary>
/// <param name="console">The terminal.</param>
/// <param name="study">The study.</param>
/// <param name="earlier">The trials that earlier sessions finished.</param>
/// <param name="cancellationToken">After cancellation the board shows that running trials are being saved.</param>
internal sealed class StudyBoard(IAnsiConsole console, Study study, IReadOnlyList<TrialResult> earlier, CancellationToken cancellationToken) : IProgress<StudyProgress>
{
    private const int FewestRows = 8;
    private const int NarrowestBar = 6;
    private const int WidestBar = 24;

    private static readonly (Phase Phase, string Title)[] Phases =
        [(Phase.Tuning, "tuning"), (Phase.Confirmation, "confirmation"), (Phase.Defaults, "defaults"), (Phase.Frontier, "frontier"), (Phase.Document, "document"), (Phase.Run, "runs")];

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Row> _underWay = [];
    private readonly List<TrialResult> _finished = [.. earlier];
    private StudyProgress? _newest;

    public void Report(StudyProgress value)
    {
        lock (_lock)
        {
            _newest = value.Finished >= (_newest?.Finished ?? 0) ? value : _newest;
            if (value.Result is { } result)
            {
                _underWay.Remove(value.Trial.Id);
                _finished.Add(result);
            }
            else
            {
                var first = _underWay.TryGetValue(value.Trial.Id, out var row) ? row.First : value;
                _underWay[value.Trial.Id] = new Row(first, value);
            }
        }
    }

    /// <summary>Draws until the work is done.</summary>
    public async Task ShowAsync(Task work)
    {
        await console.Live(Draw()).AutoClear(true).StartAsync(async live =>
        {
            while (!work.IsCompleted)
            {
                live.UpdateTarget(Draw());
                await Task.WhenAny(work, Task.Delay(TimeSpan.FromMilliseconds(250))).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
    }

    /// <summary>Returns the lines of the board, cut to the terminal.</summary>
    /// <param name="width">The number of columns of the terminal.</param>
    /// <param name="height">The number of rows of the terminal.</param>
    public IReadOnlyList<BoardLine> Lines(int width, int height)
    {
        lock (_lock)
        {
            // One row is left for the cursor.
            var rows = Math.Max(FewestRows, height - 1);
            var lines = new List<BoardLine>();
            lines.AddRange(Head(width));
            var free = rows - lines.Count - 1;
            var underWay = UnderWay(width, Math.Max(1, free / 3)).ToArray();
            free -= underWay.Length;
            var counts = Counts(width, free / 2).ToArray();
            lines.AddRange(underWay);
            lines.AddRange(counts);
            lines.AddRange(Newest(width, free - counts.Length));
            lines.Add(new(
                cancellationToken.IsCancellationRequested ? Interruption.Message : "Press Ctrl+C to save and stop.",
                BoardTone.Quiet));
            return [.. lines.Select(line => line with { Text = TrialText.Fit(line.Text, width) })];
        }
    }

    private Spectre.Console.Rows Draw()
    {
        // The last column is left empty, because some terminals wrap there.
        var lines = Lines(console.Profile.Width - 1, console.Profile.Height);
        return new(lines.Select(line => new Text(line.Text.Length == 0 ? " " : line.Text, Style(line.Tone))));
    }

    private static Style Style(BoardTone tone) =>
        tone switch
        {
            BoardTone.Title => new(decoration: Decoration.Bold),
            BoardTone.Quiet => new(Color.Grey),
            _ => Spectre.Console.Style.Plain,
        };

    private IEnumerable<BoardLine> Head(int width)
    {
        yield return new(VisibleText.LineOf(study.Name), BoardTone.Title);
        if (_newest is not { } newest)
        {
            yield return new("Reading data ...", BoardTone.Quiet);
            yield break;
        }

        var left = newest.Left is { } time ? $", about {TrialText.Time(time)} left" : "";
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{newest.Share,4:0%}  {newest.Finished} of {newest.Planned} trials, {TrialText.Time(newest.Elapsed)}{left}");
        if (text.Length > width)
        {
            // The time left replaces the words.
            text = string.Create(CultureInfo.InvariantCulture, $"{newest.Share:0%} {newest.Finished}/{newest.Planned}{left.Replace("about ", "", StringComparison.Ordinal)}");
        }

        var bar = Math.Min(WidestBar, width - text.Length - 1);
        yield return new(bar >= NarrowestBar ? $"{Bar(newest.Share, bar)} {text}" : text, BoardTone.Plain);
    }

    private IEnumerable<BoardLine> UnderWay(int width, int most)
    {
        // Running trials come before waiting ones: they determine the speed.
        var all = _underWay.Values.OrderBy(row => row.Now.State).ThenBy(row => row.Now.Trial.Id, StringComparer.Ordinal).ToArray();
        if (all.Length == 0 || most < 2)
        {
            yield break;
        }

        yield return new("", BoardTone.Plain);
        var shown = all.Length <= most - 1 ? all : all[..Math.Max(1, most - 2)];
        string[] names = [.. shown.Select(row => TrialText.Name(row.Now.Trial, study, width / 2))];
        string[] figures = [.. shown.Select(Figures)];
        var longest = names.Max(text => text.Length);
        var bar = Math.Min(WidestBar, width - longest - figures.Max(text => text.Length) - 2);
        for (var i = 0; i < shown.Length; i++)
        {
            var isWaiting = shown[i].Now.State == TrialState.Waiting;
            var share = (double)shown[i].Now.Step / Math.Max(1, shown[i].Now.Budget);
            var name = bar >= NarrowestBar ? names[i].PadRight(longest) : TrialText.Fit(names[i], Math.Max(NarrowestBar, width - figures[i].Length - 1));
            yield return new($"{name} {(bar >= NarrowestBar ? Bar(share, bar) + " " : "")}{figures[i]}", isWaiting ? BoardTone.Quiet : BoardTone.Plain);
        }

        if (shown.Length < all.Length && shown.Length + 2 <= most)
        {
            yield return new($"and {all.Length - shown.Length} more", BoardTone.Quiet);
        }
    }

    private static string Figures(Row row)
    {
        var now = row.Now;
        var pace = row.StepsASecond is { } rate ? string.Create(CultureInfo.InvariantCulture, $" {rate:0}/s") : "";
        var score = now.Newest is { } newest ? $" {TrialText.Score(newest)}" : "";
        var state = now.State == TrialState.Waiting ? " waiting" : pace;
        return string.Create(CultureInfo.InvariantCulture, $"{now.Step}/{now.Budget}{state}{score}");
    }

    private IEnumerable<BoardLine> Counts(int width, int most)
    {
        if (_finished.Count == 0 || most < 3)
        {
            yield break;
        }

        var phases = Phases.Where(phase => _finished.Exists(result => result.Trial.Phase == phase.Phase)).ToArray();
        var contenders = _finished.GroupBy(result => result.Trial.Contender).ToArray();
        var columns = phases.Sum(phase => phase.Title.Length + 2);
        var longest = Math.Clamp(contenders.Max(group => study.LabelOf(group.Key).Length), "finished".Length, Math.Max("finished".Length, width - columns));
        yield return new("", BoardTone.Plain);
        yield return new("finished".PadRight(longest) + string.Concat(phases.Select(phase => $"  {phase.Title}")), BoardTone.Quiet);
        foreach (var group in contenders.Take(most - 2))
        {
            var cells = phases.Select(phase => $"  {Number(group, phase.Phase).PadLeft(phase.Title.Length)}");
            yield return new(TrialText.Fit(VisibleText.LineOf(study.LabelOf(group.Key)), longest).PadRight(longest) + string.Concat(cells), BoardTone.Plain);
        }

        static string Number(IEnumerable<TrialResult> results, Phase phase) =>
            results.Count(result => result.Trial.Phase == phase).ToString(CultureInfo.InvariantCulture);
    }

    private IEnumerable<BoardLine> Newest(int width, int most)
    {
        if (_finished.Count == 0 || most < 2)
        {
            yield break;
        }

        yield return new("", BoardTone.Plain);
        foreach (var result in _finished.TakeLast(most - 1))
        {
            var outcome = $": {TrialText.Outcome(result)}";
            yield return new($"{TrialText.Name(result.Trial, study, width - outcome.Length)}{outcome}", BoardTone.Quiet);
        }
    }

    private string Bar(double share, int width)
    {
        var (full, empty) = console.Profile.Capabilities.Unicode ? ('█', '░') : ('#', '.');
        var done = (int)Math.Round(Math.Clamp(share, 0, 1) * width);
        return new string(full, done) + new string(empty, width - done);
    }

    private sealed record Row(StudyProgress First, StudyProgress Now)
    {
        /// <summary>The speed of this session; null until it is known.</summary>
        public double? StepsASecond =>
            (Now.Elapsed - First.Elapsed).TotalSeconds is > 0.5 and var seconds ? (Now.Step - First.Step) / seconds : null;
    }
}

/// <summary>A line of the board.</summary>
internal readonly record struct BoardLine(string Text, BoardTone Tone);

/// <summary>The style of a line.</summary>
internal enum BoardTone
{
    /// <summary>Normal text.</summary>
    Plain,

    /// <summary>Bold text.</summary>
    Title,

    /// <summary>Grey text.</summary>
    Quiet,
}
