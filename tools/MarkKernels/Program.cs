// MarkKernels ASSEMBLY.dll
//
// Sets the flag AggressiveOptimization of every method of the assembly that has the attribute Kernel. The F# compiler drops this flag of
// MethodImplAttribute, and without it a kernel starts in unoptimized code. See docs/adr/0041.
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

if (args is not [var path])
{
    Console.Error.WriteLine("Give one assembly: MarkKernels ASSEMBLY.dll");
    return 2;
}

// A row of the table of methods begins with the address of the body, in four bytes; then come the implementation flags, in two.
const int flagsInRow = 4;
var image = File.ReadAllBytes(path);
using var assembly = new PEReader(new MemoryStream(image));
var metadata = assembly.GetMetadataReader();
var table = assembly.PEHeaders.MetadataStartOffset + metadata.GetTableMetadataOffset(TableIndex.MethodDef);
var rowSize = metadata.GetTableRowSize(TableIndex.MethodDef);
var kernels = 0;
var changed = 0;
foreach (var handle in metadata.MethodDefinitions)
{
    var method = metadata.GetMethodDefinition(handle);
    if (!method.GetCustomAttributes().Any(attribute => IsKernel(metadata, attribute)))
    {
        continue;
    }

    kernels++;
    var flags = (ushort)(method.ImplAttributes | MethodImplAttributes.AggressiveOptimization);
    if (flags != (ushort)method.ImplAttributes)
    {
        BitConverter.TryWriteBytes(image.AsSpan(table + (MetadataTokens.GetRowNumber(handle) - 1) * rowSize + flagsInRow), flags);
        changed++;
    }
}

if (kernels == 0)
{
    Console.Error.WriteLine($"{path} has no method with the attribute Kernel.");
    return 1;
}

if (changed > 0)
{
    File.WriteAllBytes(path, image);
}

return 0;

static bool IsKernel(MetadataReader metadata, CustomAttributeHandle attribute) =>
    metadata.GetCustomAttribute(attribute).Constructor is { Kind: HandleKind.MethodDefinition } constructor
    && metadata.GetMethodDefinition((MethodDefinitionHandle)constructor).GetDeclaringType() is var type
    && metadata.GetString(metadata.GetTypeDefinition(type).Name) == "KernelAttribute";
