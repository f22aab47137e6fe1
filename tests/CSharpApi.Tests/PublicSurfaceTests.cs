using System.Reflection;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>What C# programs see of the facade holds nothing of F#.</summary>
internal static class PublicSurfaceTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static Test All { get; } = Spec.List("public surface",
        Spec.Test("no signature names a type of FSharp.Core or of the core", () =>
        {
            var leaks = typeof(Optimizer).Assembly.GetExportedTypes()
                .SelectMany(type => Signatures(type).SelectMany(signature => Parts(signature.Type).Select(part => (Type: part, Where: $"{type}.{signature.Member}"))))
                .Where(found => IsForeign(found.Type))
                .Select(found => $"{found.Where}: {found.Type}")
                .Distinct();
            Expect.equal(string.Join("\n", leaks), "", "leaks");
        }),
        Spec.Test("the check sees an F# type where there is one", () =>
            Expect.isTrue(Parts(typeof(List<Microsoft.FSharp.Core.FSharpOption<int>[]>)).Any(IsForeign), "an option in an array in a list")));

    private static bool IsForeign(Type type) =>
        type.Namespace is { } name && (name.StartsWith("Microsoft.FSharp", StringComparison.Ordinal) || name.StartsWith("CuteDl.Core", StringComparison.Ordinal));

    // What a caller or a heir can see: the type's bases, and every member that is public or protected.
    private static IEnumerable<(string Member, Type Type)> Signatures(Type type)
    {
        foreach (var parent in type.GetInterfaces().Append(type.BaseType ?? typeof(object)))
        {
            yield return ("base", parent);
        }

        foreach (var method in type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared)))
        {
            if (!(method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly))
            {
                continue;
            }

            foreach (var parameter in method.GetParameters())
            {
                yield return (method.Name, parameter.ParameterType);
            }

            if (method is MethodInfo { ReturnType: var result })
            {
                yield return (method.Name, result);
            }
        }

        foreach (var field in type.GetFields(Declared).Where(field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly))
        {
            yield return (field.Name, field.FieldType);
        }
    }

    // A type, and all that it is made of.
    private static IEnumerable<Type> Parts(Type type)
    {
        if (type.HasElementType)
        {
            return Parts(type.GetElementType()!);
        }

        return type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Append(type.GetGenericTypeDefinition()) : [type];
    }
}
