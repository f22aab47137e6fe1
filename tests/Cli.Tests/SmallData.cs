using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace CuteDl.Tests;

/// <summary>Small files in the formats that the tool reads.</summary>
internal static class SmallData
{
    /// <summary>The four files of a data set of square images: the same set to train and to validate on.</summary>
    public static void Write(string folder, int images, int side, int classes = 10)
    {
        Directory.CreateDirectory(folder);
        foreach (var set in new[] { "train", "t10k" })
        {
            var pixels = Enumerable.Range(0, images * side * side).Select(i => (byte)(i * 37)).ToArray();
            var labels = Enumerable.Range(0, images).Select(i => (byte)(i % classes)).ToArray();
            File.WriteAllBytes(Path.Combine(folder, $"{set}-images-idx3-ubyte"), Idx(pixels, images, side, side));
            File.WriteAllBytes(Path.Combine(folder, $"{set}-labels-idx1-ubyte"), Idx(labels, images));
        }
    }

    /// <summary>Weights and biases of one layer, all of one value.</summary>
    public static void WriteWeights(string path, int inputs, int units, double value = 0)
    {
        using var archive = ZipFile.Open(path, ZipArchiveMode.Create);
        WriteArray(archive, "layers.0.weight", $"({inputs}, {units})", inputs * units, value);
        WriteArray(archive, "layers.0.bias", $"({units},)", units, value);
    }

    private static byte[] Idx(byte[] cells, params int[] dimensions)
    {
        var file = new byte[4 + (4 * dimensions.Length) + cells.Length];
        file[2] = 8;
        file[3] = (byte)dimensions.Length;
        for (var i = 0; i < dimensions.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(4 + (4 * i)), dimensions[i]);
        }

        cells.CopyTo(file, file.Length - cells.Length);
        return file;
    }

    private static void WriteArray(ZipArchive archive, string name, string shape, int count, double value)
    {
        var header = Encoding.ASCII.GetBytes($"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n");
        using var stream = archive.CreateEntry(name + ".npy").Open();
        stream.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0]);
        stream.Write(header);
        stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(Enumerable.Repeat(value, count).ToArray().AsSpan()));
    }
}
