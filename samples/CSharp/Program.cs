using CuteDl.Data;

foreach (var name in MnistFiles.Names)
{
    using var file = MnistFiles.Open(name);
    Console.WriteLine($"{name}: {file.Length} bytes");
}
