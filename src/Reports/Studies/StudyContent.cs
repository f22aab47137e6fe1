namespace CuteDl.Reports;

/// <summary>All figures and tables of a study's report.</summary>
internal sealed class StudyContent
{
    public StudyContent(StudyResult result)
    {
        Result = result;
        Metadata = new StudyMetadata(result);
        var analysis = result.Analysis;
        Summary = ComparisonTables.Summary(analysis);
        Seconds = ComparisonTables.Seconds(analysis);
        Comparisons = ComparisonTables.Comparisons(analysis);
        Selections = TuningTables.Selections(result);
        Repetitions = TuningTables.Repetitions(result);
        Settings = TuningTables.Settings(analysis);
        Decisions = TuningTables.Decisions(result);
        Frontier = TuningTables.Frontier(analysis);
        Limits = TuningTables.Limits(analysis);
        Tolerances = TuningTables.Tolerances(analysis);
        Autopsies = HealthTables.Autopsies(analysis);
        Document = HealthTables.Document(analysis);
        Findings = HealthTables.Findings(result);
        Tables =
        [
            .. new[]
            {
                Summary, Comparisons, ComparisonTables.Profiles(analysis), Repetitions, Selections, Settings, Decisions, TuningTables.BestOfK(analysis), Frontier, Limits, Tolerances, Autopsies,
                Document, Findings, Seconds,
            }.Where(table => table.Values.Count > 0),
        ];
        Learning = [.. CurveFigures.Learning(result, Metadata)];
        Comparing = [.. ComparisonFigures.Pairs(result), .. CurveFigures.Paired(result, Metadata), .. ComparisonFigures.Successes(result, Metadata), .. ComparisonFigures.Profiles(result, Metadata)];
        Tuning = [.. TuningFigures.Rates(result, Metadata), .. TuningFigures.BestOfK(result, Metadata)];
        Rates = [.. TuningFigures.Frontier(result, Metadata)];
        Dead = [.. ComparisonFigures.Dead(result, Metadata)];
    }

    public StudyResult Result { get; }

    public StudyMetadata Metadata { get; }

    public StudyTable Summary { get; }

    public StudyTable Seconds { get; }

    public StudyTable Comparisons { get; }

    public StudyTable Selections { get; }

    public StudyTable Repetitions { get; }

    public StudyTable Settings { get; }

    public StudyTable Decisions { get; }

    public StudyTable Frontier { get; }

    public StudyTable Limits { get; }

    public StudyTable Tolerances { get; }

    public StudyTable Autopsies { get; }

    public StudyTable Document { get; }

    public StudyTable Findings { get; }

    /// <summary>The tables that have at least one row.</summary>
    public IReadOnlyList<StudyTable> Tables { get; }

    public IReadOnlyList<Figure> Learning { get; }

    public IReadOnlyList<Figure> Comparing { get; }

    public IReadOnlyList<Figure> Tuning { get; }

    public IReadOnlyList<Figure> Rates { get; }

    public IReadOnlyList<Figure> Dead { get; }

    public IEnumerable<Figure> Figures => new[] { Comparing, Learning, Tuning, Rates, Dead }.SelectMany(figures => figures, (_, figure) => figure with { Groups = Metadata.Contenders });
}
