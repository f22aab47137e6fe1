using CuteDl.Reports;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>The pages of reports in a real browser, at two widths, in light and dark.</summary>
internal static class StudyPageTests
{
    private const int Desk = 1280;
    private const int Phone = 360;

    // What a figure is: drawn, with something in each picture, no number that is none, and no letters cut off at the edges.
    private const string Figures = """
        [...document.querySelectorAll('figure')].map((figure) => {
          const plots = [...figure.querySelectorAll('svg.plot')];
          const isWithin = (svg) => [...svg.querySelectorAll('text')].every((text) => { const box = text.getBBox(); return box.x >= -1 && box.x + box.width <= svg.clientWidth + 1 && box.y >= -1 && box.y + box.height <= svg.clientHeight + 1; });
          // No more than six tenths of the lower axis are without a line of the grid.
          const isLabelled = (svg) => {
            const places = [...svg.querySelectorAll('line.grid')].filter((line) => line.getAttribute('x1') === line.getAttribute('x2')).map((line) => Number(line.getAttribute('x1')));
            const frame = svg.querySelector('path.frame')?.getBBox();
            const all = frame && [frame.x, ...places.sort((a, b) => a - b), frame.x + frame.width];
            return !frame || places.length === 0 || all.slice(1).every((x, i) => x - all[i] <= 0.6 * frame.width);
          };
          return { id: figure.id, drawn: Number(figure.dataset.drawn) === plots.length && plots.length > 0,
            filled: plots.every((svg) => svg.querySelectorAll('path, circle, rect').length > 1),
            numbers: !plots.some((svg) => /NaN|undefined|Infinity/.test(svg.outerHTML)), within: plots.every(isWithin), labelled: plots.every(isLabelled) };
        })
        """;

    // A figure within closed details has no width, and is drawn when they are opened.
    private const string Opened = """
        (async () => {
          for (const details of document.querySelectorAll('details')) details.open = true;
          for (let i = 0; i < 50 && document.querySelector('figure:not([data-drawn])'); i++) await new Promise(requestAnimationFrame);
        })()
        """;

    // Where a test must not be left out for want of a browser.
    private static bool IsRequired => Environment.GetEnvironmentVariable("CI") == "true";

    public static Test All { get; } = Browser.Path is null && !IsRequired
        ? Spec.List("study pages", Spec.Pending("no Chromium was found, so the page is not tried in a browser (Debian: apt-get install chromium)", () => { }))
        : Spec.Sequenced(Spec.List("study pages",
            Spec.Test("functions: every figure is drawn at every size and in both colour schemes, without a complaint or a request", () => IsRight(_ => TinyStudies.Functions)),
            Spec.Test("images: the same", () => IsRight(TinyStudies.Images)),
            Spec.Test("the document's protocol: the same", () => IsRight(TinyStudies.Document)),
            Spec.Test("a comparison: the same, and a row of its table for each run", ComparisonIsRight),
            Spec.Test("losses of exactly 0 are at the lower edge, with the label 0", HasZeros),
            Spec.Test("the pointer brings up values, a click takes an optimizer away, and an axis can be changed", IsLively)));

    private static async Task ComparisonIsRight()
    {
        using var folder = new TemporaryFolder();
        RunResult[] runs =
        [
            ReportTests.Result("adam", 0, [2, 1, 0.5]), ReportTests.Result("adam", 1, [2, 1.5, 0.25]), ReportTests.Result("wild", 0, [3, 1e30, double.NaN]),
            ReportTests.Result("zero", 0, [1, 0, 0]), ReportTests.Result("single", 0, [1]), ReportTests.Result(new string('x', 200), 0, [double.NaN, double.PositiveInfinity]),
        ];
        var page = ComparisonReport.Write(new ComparisonResult { Runs = runs }, folder.Path);
        await IsRight(page);
        await using var browser = await Browser.Open(page, Desk, 900, isDark: false);
        Expect.equal((await browser.Evaluate("document.querySelectorAll('#figure-comparison tbody tr').length")).GetInt32(), 5, "rows");
    }

    private static async Task IsRight(Func<string, Study> study)
    {
        using var folder = new TemporaryFolder();
        await IsRight(StudyReport.Write(await study(folder.Within("data")).RunAsync(), folder.Within("report")));
    }

    private static async Task IsRight(string page)
    {
        Expect.isNotNull(Browser.Path, "Chromium; Debian: apt-get install chromium");
        foreach (var (width, isDark) in new[] { (Desk, false), (Desk, true), (Phone, false), (Phone, true) })
        {
            await using var browser = await Browser.Open(page, width, 900, isDark);
            var where = $"{width} wide, {(isDark ? "dark" : "light")}";
            await browser.Evaluate(Opened);
            var figures = (await browser.Evaluate(Figures)).EnumerateArray().ToArray();
            Expect.equal(figures.Length, (await browser.Evaluate("document.documentElement.dataset.figures")).GetString() is { } count ? int.Parse(count, System.Globalization.CultureInfo.InvariantCulture) : 0, $"{where}: figures");
            Expect.isTrue(figures.Length > 3, $"{where}: {figures.Length} figures");
            foreach (var figure in figures)
            {
                foreach (var what in new[] { "drawn", "filled", "numbers", "within", "labelled" })
                {
                    Expect.isTrue(figure.GetProperty(what).GetBoolean(), $"{where}, {figure.GetProperty("id")}: {what}");
                }
            }

            Expect.equal((await browser.Evaluate("document.documentElement.scrollWidth")).GetInt32(), width, $"{where}: nothing sticks out sideways");
            Expect.equal((await browser.Evaluate("getComputedStyle(document.body).backgroundColor")).GetString(), isDark ? "rgb(20, 23, 26)" : "rgb(255, 255, 255)", $"{where}: paper");
            Expect.isEmpty(browser.Complaints, $"{where}: complaints");
            Expect.isEmpty(browser.Requests, $"{where}: requests");
            Expect.isTrue((await browser.Picture()).Length > 10_000, $"{where}: a picture");
        }
    }

    private static async Task HasZeros()
    {
        Expect.isNotNull(Browser.Path, "Chromium; Debian: apt-get install chromium");
        using var folder = new TemporaryFolder();
        var page = StudyReport.Write(await TinyStudies.Zeros.RunAsync(), folder.Path);
        await using var browser = await Browser.Open(page, Desk, 900, isDark: false);
        var labels = await browser.Evaluate("[...document.querySelectorAll('#figure-learning-bowl svg.plot text.small')].map((text) => [text.textContent, Number(text.getAttribute('y'))]).filter(([, y]) => y > 0)");
        var zero = labels.EnumerateArray().Single(label => label[0].GetString() == "0");
        var losses = labels.EnumerateArray().Where(label => label[0].GetString()!.StartsWith("1e-", StringComparison.Ordinal));
        Expect.isTrue(losses.All(label => label[1].GetDouble() < zero[1].GetDouble()), "below all other losses");
        Expect.isEmpty(browser.Complaints, "complaints");
    }

    private static async Task IsLively()
    {
        Expect.isNotNull(Browser.Path, "Chromium; Debian: apt-get install chromium");
        using var folder = new TemporaryFolder();
        var page = StudyReport.Write(await TinyStudies.Functions.RunAsync(), folder.Path);
        await using var browser = await Browser.Open(page, Desk, 900, isDark: false);
        const string Plot = "document.querySelector('#figure-learning-bowl svg.plot')";
        var place = await browser.Evaluate($"{Plot}.scrollIntoView({{ block: 'center' }}), (({{ left, top, width, height }}) => [left + width / 2, top + height / 2])({Plot}.getBoundingClientRect())");
        await browser.Point(place[0].GetDouble(), place[1].GetDouble());
        const string Tip = "document.querySelector('#figure-learning-bowl .tip')";
        Expect.isFalse((await browser.Evaluate($"{Tip}.hidden")).GetBoolean(), "values in sight");
        var told = (await browser.Evaluate($"{Tip}.textContent")).GetString()!;
        Expect.isTrue(told.Contains("training steps", StringComparison.Ordinal) && told.Contains("momentum: ", StringComparison.Ordinal), told);

        const string Lines = $"{Plot}.querySelectorAll('g path').length";
        var before = (await browser.Evaluate(Lines)).GetInt32();
        await browser.Evaluate("document.querySelector('#figure-learning-bowl button').click()");
        Expect.isLessThan((await browser.Evaluate(Lines)).GetInt32(), before, "lines without an optimizer");
        await browser.Evaluate("document.querySelector('#figure-learning-bowl button').click()");
        Expect.equal((await browser.Evaluate(Lines)).GetInt32(), before, "lines with it again");

        const string Numbers = $"[...{Plot}.querySelectorAll('text.small')].map((text) => text.textContent).join()";
        var logarithmic = (await browser.Evaluate(Numbers)).GetString();
        await browser.Evaluate("document.querySelector('#figure-learning-bowl input').click()");
        Expect.notEqual((await browser.Evaluate(Numbers)).GetString(), logarithmic, "numbers along the axes");
        Expect.isEmpty(browser.Complaints, "complaints");
    }
}
