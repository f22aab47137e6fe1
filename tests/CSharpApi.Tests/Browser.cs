using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CuteDl.Tests;

/// <summary>A headless Chromium, told what to do over its DevTools protocol, and listened to.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];

    private static readonly string[] Flags =
    [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--hide-scrollbars", "--remote-debugging-port=0",
    ];

    private readonly TemporaryFolder _profile;
    private readonly Process _process;
    private readonly ClientWebSocket _socket = new();
    private readonly CancellationTokenSource _patience = new(Patience);
    private readonly List<JsonNode> _events = [];
    private Task _unread = Task.CompletedTask;
    private string? _session;
    private int _last;

    private Browser(Process process, TemporaryFolder profile) => (_process, _profile) = (process, profile);

    /// <summary>Where the machine has one; nothing if it has none.</summary>
    public static string? Path { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(System.IO.Path.PathSeparator)
        .SelectMany(_ => Names, System.IO.Path.Combine)
        .FirstOrDefault(File.Exists);

    /// <summary>What it asked any address for, but for the page itself.</summary>
    public IEnumerable<string> Requests =>
        Said("Network.requestWillBeSent").Select(said => (string)said["request"]!["url"]!).Where(address => !address.EndsWith("report.html", StringComparison.Ordinal));

    /// <summary>What it complained of.</summary>
    public IEnumerable<string> Complaints =>
        Said("Runtime.exceptionThrown").Concat(Said("Runtime.consoleAPICalled")).Concat(Said("Log.entryAdded")).Select(said => said.ToJsonString());

    /// <summary>Opens a page at a size and in a colour scheme, and waits until it is loaded.</summary>
    public static async Task<Browser> Open(string page, int width, int height, bool isDark)
    {
        var profile = new TemporaryFolder();
        var start = new ProcessStartInfo(Path!, [.. Flags, $"--user-data-dir={profile.Path}", "about:blank"]) { RedirectStandardError = true, RedirectStandardOutput = true };
        var browser = new Browser(Process.Start(start)!, profile);
        try
        {
            await browser._socket.ConnectAsync(new Uri(await browser.Address()), browser._patience.Token);
            var target = await browser.Ask("Target.createTarget", new() { ["url"] = "about:blank" });
            browser._session = (string)(await browser.Ask("Target.attachToTarget", new() { ["targetId"] = (string)target["targetId"]!, ["flatten"] = true }))["sessionId"]!;
            foreach (var domain in new[] { "Page", "Runtime", "Log", "Network" })
            {
                await browser.Ask($"{domain}.enable", []);
            }

            await browser.Ask("Emulation.setDeviceMetricsOverride", new() { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = width < 600 });
            var scheme = new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = isDark ? "dark" : "light" };
            await browser.Ask("Emulation.setEmulatedMedia", new() { ["features"] = new JsonArray(scheme) });
            await browser.Ask("Page.navigate", new() { ["url"] = new Uri(page).AbsoluteUri });
            await browser.Until(() => browser.Said("Page.loadEventFired").Any());
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>What an expression, or a promise of it, comes to.</summary>
    public async Task<JsonElement> Evaluate(string expression)
    {
        var answer = await Ask("Runtime.evaluate", new() { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true });
        return answer["exceptionDetails"] is { } problem
            ? throw new InvalidOperationException($"{expression}: {problem.ToJsonString()}")
            : JsonSerializer.SerializeToElement(answer["result"]!["value"]);
    }

    /// <summary>Moves the pointer.</summary>
    public Task Point(double x, double y) => Ask("Input.dispatchMouseEvent", new() { ["type"] = "mouseMoved", ["x"] = x, ["y"] = y });

    /// <summary>A picture of what is in sight.</summary>
    public async Task<byte[]> Picture() => Convert.FromBase64String((string)(await Ask("Page.captureScreenshot", new() { ["format"] = "png" }))["data"]!);

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        await _unread;
        _process.Dispose();
        _patience.Dispose();
        _profile.Dispose();
    }

    private IEnumerable<JsonNode> Said(string method) => _events.Where(said => (string?)said["method"] == method).Select(said => said["params"]!);

    private async Task<string> Address()
    {
        const string Announcement = "DevTools listening on ";
        while (await _process.StandardError.ReadLineAsync(_patience.Token) is { } line)
        {
            if (line.StartsWith(Announcement, StringComparison.Ordinal))
            {
                // What nobody reads would stop it when the pipe is full.
                _unread = Task.WhenAll(_process.StandardError.BaseStream.CopyToAsync(Stream.Null), _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null));
                return line[Announcement.Length..];
            }
        }

        throw new InvalidOperationException($"{Path} does not start.");
    }

    private async Task<JsonNode> Ask(string method, JsonObject parameters)
    {
        var number = ++_last;
        var message = new JsonObject { ["id"] = number, ["method"] = method, ["params"] = parameters };
        if (_session is not null)
        {
            message["sessionId"] = _session;
        }

        await _socket.SendAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), WebSocketMessageType.Text, true, _patience.Token);
        JsonNode? answer = null;
        await Until(() => (answer = _events.Find(said => (int?)said["id"] == number)) is not null);
        return answer!["result"] ?? throw new InvalidOperationException($"{method}: {answer.ToJsonString()}");
    }

    private async Task Until(Func<bool> isSo)
    {
        var buffer = new byte[1 << 16];
        while (!isSo())
        {
            using var message = new MemoryStream();
            WebSocketReceiveResult part;
            do
            {
                part = await _socket.ReceiveAsync(buffer, _patience.Token);
                message.Write(buffer, 0, part.Count);
            }
            while (!part.EndOfMessage);
            _events.Add(JsonNode.Parse(message.ToArray())!);
        }
    }
}
