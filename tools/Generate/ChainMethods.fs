/// The methods of <c>Optimizer</c> that add a transformation to a chain.
module internal CuteDl.Generate.ChainMethods

open CuteDl.Core.Optimizers
open CuteDl.Generate.CSharp

let private indent = "    "

let private method (kind: RuleKind) (opening: string) (body: string -> string) : string =
    let name = kind.Record.Name

    let values =
        kind.Arguments |> List.map (fun argument -> camelCase argument.Property) |> String.concat ", "

    let made = $"Optimizers.{name}({values})"

    "\n"
    + documentation indent kind opening
    + documentedParameters indent kind
    + $"{indent}public Optimizer {name}({parameters kind}) => {body made};\n"

let private methodOf (kind: RuleKind) : string =
    match kind.Role with
    | Role.Rule _
    | Role.OwnRule
    | Role.Transformation ChainPlace.Anywhere -> ""
    | Role.Transformation ChainPlace.First -> method kind "at the start of the chain: " (fun made -> $"{made}.Then(this)")
    | Role.Transformation ChainPlace.BeforeRule -> method kind "before the rule: " (fun made -> $"InFront({made})")
    | Role.Transformation ChainPlace.AfterRule -> method kind "after the rule: " (fun made -> $"Behind({made})")

let file () : string =
    header [] "CuteDl"
    + "\npublic sealed partial class Optimizer\n{"
    + (Rules.transformations |> List.map methodOf |> String.concat "")
    + "}\n"
