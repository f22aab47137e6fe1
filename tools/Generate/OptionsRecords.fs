/// The records of options: the hyper-parameters of each kind as a C# record.
module internal CuteDl.Generate.OptionsRecords

open System.Text
open CuteDl.Core.Optimizers
open CuteDl.Generate.CSharp

let private record (kind: RuleKind) : string =
    let name = kind.Record.Name
    let properties = kind.Arguments |> List.map _.Property

    let joined (prefix: string) =
        properties |> List.map (fun property -> prefix + property) |> String.concat ", "

    let ofCore = joined "h."
    let ofOptions = joined "o."
    let text = StringBuilder()

    text.Append('\n').Append(summary "" (sentence ("the hyper-parameters of " + kind.Name + ": " + kind.Summary)))
    |> ignore

    for argument in kind.Arguments do
        text.Append(element "" $"param name=\"{argument.Property}\"" "param" (describe argument)) |> ignore

    let declared =
        kind.Arguments
        |> List.map (fun argument -> $"    {typeOf argument} {argument.Property} = {defaultOf argument}")
        |> String.concat ",\n"

    text
        .Append($"public sealed record {name}Options(\n{declared}) : IRuleOptions<{name}Options>\n{{\n")
        .Append($"    CoreOptimizer IRuleOptions<{name}Options>.ToCore() => OptimizerModule.create(Write(this));\n\n")
        .Append(
            $"    static CoreOptimizer IRuleOptions<{name}Options>.Change(CoreOptimizer optimizer, Func<{name}Options, {name}Options> change) =>\n"
        )
        .Append("        RuleOptions.Change(optimizer, change, Read, Write);\n\n")
        .Append($"    private static {name}Options Read({core kind} h) => new({ofCore});\n\n")
        .Append($"    private static {core kind} Write({name}Options o) => new({ofOptions});\n}}\n")
        .ToString()

let file () : string =
    header [ "CuteDl.Core.Optimizers"; "CoreOptimizer = CuteDl.Core.Optimizers.Optimizer" ] "CuteDl.Options"
    + (Rules.known
       |> List.filter (fun kind -> not kind.Arguments.IsEmpty)
       |> List.map record
       |> String.concat "")
