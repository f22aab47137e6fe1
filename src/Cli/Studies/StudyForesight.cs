using CuteDl.Studies;

namespace CuteDl.Cli;

/// <summary>
/// Reports progress against all trials that the study will need. Confirmation trials are planned only after tuning; without them the time
/// left would be several times too short.
/// </summary>
/// <param name="foreseen">The number of trials that follows from the study alone.</param>
/// <param name="inner">The receiver of the corrected progress.</param>
internal sealed class StudyForesight(int foreseen, IProgress<StudyProgress> inner) : IProgress<StudyProgress>
{
    public void Report(StudyProgress value) => inner.Report(Of(value, foreseen));

    /// <summary>Returns the progress with at least this many planned trials, and with share and time left corrected accordingly.</summary>
    public static StudyProgress Of(StudyProgress news, int foreseen)
    {
        if (news.Planned >= foreseen)
        {
            return news;
        }

        // Every task has the same number of trials of each kind, so the number of trials represents their steps.
        var share = news.Share * news.Planned / foreseen;
        TimeSpan? left = news.Left is { } known && news.Share < 1 ? known * ((1 - share) * foreseen / ((1 - news.Share) * news.Planned)) : null;
        return new(news.Trial, news.State, news.Step, news.Budget, news.Newest, news.Result, news.Finished, foreseen, share, news.Elapsed, left);
    }
}
