using CuteDl.Reports;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>The report's page in a real browser: drawn, quiet, and right on a desk and on a phone, by day and by night.</summary>
internal static class StudyPageTests
{
    private const int Desk = 1280;
    private const int Phone = 360;

    // What a figure is: drawn, with something in each picture, no number that is none, and no letters cut off at the edges.
    private const string Figures = """
        [...document.querySelectorAll('figure')].map((figure) => {
          const plots = [...figure.querySelectorAll('svg.plot')];
          const isWithin = (svg) => [...svg.querySelectorAll('text')].every((text) => { const box = text.getBBox(); return box.x >= -1 && box.x + box.width <= svg.clientWidth + 1 && box.y >= -1 && box.y + box.height <= svg.clientHeight + 1; });
          return { id: figure.id, drawn: Number(figure.dataset.drawn) === plots.length && plots.length > 0,
            filled: plots.every((svg) => svg.querySelectorAll('path, circle, rect').length > 1),
            numbers: !plots.some((svg) => /NaN|undefined|Infinity/.test(svg.outerHTML)), within: plots.every(isWithin) };
        })
        """;

    // Where a test must not be left out for want of a browser.
    private static bool IsRequired => Environment.GetEnvironmentVariable("CI") == "true";

    public static Test All { get; } = Browser.Path is null && !IsRequired
        ? Spec.List("study pages", Spec.Pending("no Chromium was found, so the page is not tried in a browser (Debian: apt-get install chromium)", () => { }))
        : Spec.Sequenced(Spec.List("study pages",
            Spec.Test("functions: every figure is drawn at every size and in both colour schemes, without a complaint or a request", () => IsRight(_ => TinyStudies.Functions)),
            Spec.Test("images: the same", () => IsRight(TinyStudies.Images)),
            Spec.Test("the document's protocol: the same", () => IsRight(TinyStudies.Document)),
            Spec.Test("losses of exactly 0 are at the lower edge, with the label 0", HasZeros),
            Spec.Test("the pointer brings up values, a click takes an optimizer away, and an axis can be changed", IsLively)));

    private static async Task IsRight(Func<string, Study> study)
    {
        Expect.isNotNull(Browser.Path, "Chromium; Debian: apt-get install chromium");
        using var folder = new TemporaryFolder();
        var page = StudyReport.Write(await study(folder.Within("data")).RunAsync(), folder.Within("report"));
        foreach (var (width, isDark) in new[] { (Desk, false), (Desk, true), (Phone, false), (Phone, true) })
        {
            await using var browser = await Browser.Open(page, width, 900, isDark);
            var where = $"{width} wide, {(isDark ? "dark" : "light")}";
            var figures = (await browser.Evaluate(Figures)).EnumerateArray().ToArray();
            Expect.equal(figures.Length, (await browser.Evaluate("document.documentElement.dataset.figures")).GetString() is { } count ? int.Parse(count, System.Globalization.CultureInfo.InvariantCulture) : 0, $"{where}: figures");
            Expect.isTrue(figures.Length > 3, $"{where}: {figures.Length} figures");
            foreach (var figure in figures)
            {
                foreach (var what in new[] { "drawn", "filled", "numbers", "within" })
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
