using System.Text;

namespace CuteDl.Cli;

/// <summary>A standard stream. Passes errors of writing, such as a closed pipe or a full disk, to a handler.</summary>
/// <param name="writer">The stream.</param>
/// <param name="handle">Receives the error. If it returns, the text is lost.</param>
internal sealed class GuardedWriter(TextWriter writer, Action<Exception> handle) : TextWriter
{
    public override Encoding Encoding => writer.Encoding;

    public override void Write(char value) => Try(() => writer.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => writer.Write(buffer, index, count));

    public override void Write(string? value) => Try(() => writer.Write(value));

    public override void WriteLine(string? value) => Try(() => writer.WriteLine(value));

    public override void Flush() => Try(writer.Flush);

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            handle(error);
        }
    }
}
