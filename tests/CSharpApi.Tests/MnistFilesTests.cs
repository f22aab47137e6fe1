using System.Security.Cryptography;
using CuteDl.Data;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

internal static class MnistFilesTests
{
    private static readonly Dictionary<string, string> PublishedSha256 = new()
    {
        ["train-images-idx3-ubyte.gz"] = "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
        ["train-labels-idx1-ubyte.gz"] = "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
        ["t10k-images-idx3-ubyte.gz"] = "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
        ["t10k-labels-idx1-ubyte.gz"] = "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
    };

    public static Test All { get; } = Spec.List("MNIST files",
        Spec.Test("are the published bytes", () =>
        {
            foreach (var name in MnistFiles.Names)
            {
                using var file = MnistFiles.Open(name);
                Expect.equal(Convert.ToHexStringLower(SHA256.HashData(file)), PublishedSha256[name], name);
            }
        }),
        Spec.Test("an unknown name is refused with the known ones", () =>
        {
            var error = Spec.Throws<ArgumentException>(() => MnistFiles.Open("digits.gz"));
            Expect.stringContains(error.Message, "'digits.gz'", "the name given");
            Expect.stringContains(error.Message, MnistFiles.Names[0], "the names allowed");
        }));
}
