/// The methods of <c>Optimizers</c>: one for each kind of rule, and one for its record of options.
module internal CuteDl.Generate.Makers

open System.Text
open CuteDl.Core.Optimizers
open CuteDl.Generate.CSharp

let private indent = "    "

let private maker (kind: RuleKind) : string =
    let text = StringBuilder()
    let name = kind.Record.Name

    let values =
        kind.Arguments |> List.map (fun argument -> camelCase argument.Property) |> String.concat ", "

    text
        .Append('\n')
        .Append(documentation indent kind "")
        .Append(documentedParameters indent kind)
        .Append($"{indent}public static Optimizer {name}({parameters kind}) =>\n")
        .Append($"{indent}    Make(new {core kind}({values}));\n")
    |> ignore

    if not kind.Arguments.IsEmpty then
        text
            .Append('\n')
            .Append(documentation indent kind "")
            .Append(element indent "param name=\"options\"" "param" "The hyper-parameters.")
            .Append(element indent "exception cref=\"ArgumentOutOfRangeException\"" "exception" "A value is out of range.")
            .Append($"{indent}public static Optimizer {name}({name}Options options) => Make(options);\n")
        |> ignore

    text.ToString()

let file () : string =
    header [ "CuteDl.Options" ] "CuteDl"
    + "\npublic static partial class Optimizers\n{"
    + (Rules.known |> List.map maker |> String.concat "")
    + "}\n"
