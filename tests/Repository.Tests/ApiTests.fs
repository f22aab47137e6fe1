/// The public API of each package, in one file per package: a change of it is seen in review.
module CuteDl.Repository.Tests.ApiTests

open System
open System.Reflection
open System.Text.RegularExpressions
open Expecto
open PublicApiGenerator

let private assemblies =
    [ typeof<CuteDl.Core.Optimizers.Optimizer>.Assembly
      typeof<CuteDl.Studies.StudyDesign>.Assembly
      typeof<CuteDl.Laws.LawChecker>.Assembly
      typeof<CuteDl.Optimizer>.Assembly
      typeof<CuteDl.Reports.ComparisonSummary>.Assembly
      typeof<CuteDl.TorchSharp.TorchOptimizer>.Assembly
      typeof<CuteDl.Data.MnistFiles>.Assembly ]

let private options =
    ApiGeneratorOptions(
        IncludeAssemblyAttributes = false,
        ExcludeAttributes =
            [| "Microsoft.FSharp.Core.CompilationMappingAttribute"
               "Microsoft.FSharp.Core.CompilationArgumentCountsAttribute"
               "Microsoft.FSharp.Core.CompilationSourceNameAttribute"
               "System.Diagnostics.DebuggerDisplayAttribute"
               "System.Diagnostics.DebuggerBrowsableAttribute"
               "System.Diagnostics.DebuggerTypeProxyAttribute"
               "System.Diagnostics.CodeAnalysis.DynamicDependencyAttribute" |]
    )

/// Equality, order and hashing as the F# compiler writes them, and the members that read the case of a union.
let private isImplied (line: string) =
    line.EndsWith("[System.Serializable]", StringComparison.Ordinal)
    || Regex.IsMatch(line, @"\b(Equals|CompareTo|GetHashCode)\(.*(IEqualityComparer|IComparer|object obj|obj\b).*\)")
    || Regex.IsMatch(line, @"override (bool Equals|int GetHashCode)\(")
    || Regex.IsMatch(line, @"public (int Tag|bool Is\w+) \{ get; \}$")

let private api (assembly: Assembly) =
    let text = (assembly.GeneratePublicApi options).Replace("\r\n", "\n", StringComparison.Ordinal)

    let lines = text.Split '\n' |> Array.filter (isImplied >> not)
    String.concat "\n" lines

let tests =
    testList
        "api"
        [ for assembly in assemblies do
              let name = nonNull (assembly.GetName().Name)

              testCase name (fun () ->
                  Snapshot.expectFresh
                      $"tests/Repository.Tests/api/{name}.txt"
                      "Read the difference as a user of the package would, and mention it in the changelog."
                      (api assembly)) ]
