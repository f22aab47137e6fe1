using CuteDl.Studies;

namespace CuteDl.Cli;

/// <summary>
/// News with all trials that the study will need, not only those that are known by name: what tuning chooses is confirmed behind it, and a
/// time left that forgets this is several times too short.
/// </summary>
/// <param name="foreseen">The trials that the study alone tells of.</param>
/// <param name="inner">Who is told.</param>
internal sealed class StudyForesight(int foreseen, IProgress<StudyProgress> inner) : IProgress<StudyProgress>
{
    public void Report(StudyProgress value) => inner.Report(Of(value, foreseen));

    /// <summary>The news with at least so many trials planned; a share and a time that are of them.</summary>
    public static StudyProgress Of(StudyProgress news, int foreseen)
    {
        if (news.Planned >= foreseen)
        {
            return news;
        }

        // Tasks have as many trials of each kind, so that trials stand for their steps.
        var share = news.Share * news.Planned / foreseen;
        TimeSpan? left = news.Left is { } known && news.Share < 1 ? known * ((1 - share) * foreseen / ((1 - news.Share) * news.Planned)) : null;
        return new(news.Trial, news.State, news.Step, news.Budget, news.Newest, news.Result, news.Finished, foreseen, share, news.Elapsed, left);
    }
}
