/// The methods of <c>Experiment</c> that add a layer.
module internal CuteDl.Generate.LayerMethods

open System
open Microsoft.FSharp.Reflection
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers
open CuteDl.Generate.CSharp

let private indent = "    "

let private typeOf (argument: LayerArgument) =
    match argument.Form with
    | LayerForm.Whole _ -> "int"
    | LayerForm.Number _ -> "double"
    | LayerForm.Activation -> "Activation"
    | LayerForm.Layers -> "Func<Experiment, Experiment>"

let private write (value: LayerValue) : string =
    match value with
    | LayerValue.Whole value -> string value
    | LayerValue.Number value -> NumberText.ofFloat value
    | LayerValue.Activation activation ->
        let case, _ = FSharpValue.GetUnionFields(activation, typeof<Activation>)
        $"Activation.{case.Name}"
    | LayerValue.Layers _ -> invalidOp "Layers have no default."

let private parameter (argument: LayerArgument) : string =
    match argument.Default with
    | LayerDefault.Required -> $"{typeOf argument} {argument.Name}"
    | LayerDefault.Constant value -> $"{typeOf argument} {argument.Name} = {write value}"
    | LayerDefault.AsFirst -> $"{typeOf argument}? {argument.Name} = null"

/// The value as the core takes it.
let private converted (kind: LayerKind) (argument: LayerArgument) : string =
    match argument.Form with
    | LayerForm.Whole _
    | LayerForm.Number _ when argument.Default = LayerDefault.AsFirst -> $"{argument.Name} ?? {kind.Arguments.Head.Name}"
    | LayerForm.Whole _
    | LayerForm.Number _ -> argument.Name
    | LayerForm.Activation -> $"Translate.Activation({argument.Name})"
    | LayerForm.Layers -> $"Added({argument.Name})"

let private describe (kind: LayerKind) (argument: LayerArgument) : string =
    match argument.Form with
    | LayerForm.Whole _
    | LayerForm.Number _ ->
        sentence $"{argument.Summary}, {argument.Allowed}"
        + (if argument.Default = LayerDefault.AsFirst then
               $" Default: <paramref name=\"{kind.Arguments.Head.Name}\"/>."
           else
               "")
    | LayerForm.Activation -> sentence argument.Summary
    | LayerForm.Layers -> sentence $"{argument.Summary}: a function that adds them to an experiment without layers"

let private remarks (kind: LayerKind) : string =
    let formula = if kind.Formula = "" then "" else $"{kind.Formula}. "
    $"{formula}Shapes: {kind.Shapes}."

let private method (kind: LayerKind) : string =
    let parameters = kind.Arguments |> List.map parameter |> String.concat ", "
    let values = kind.Arguments |> List.map (converted kind) |> String.concat ", "
    let name = kind.Class.Name

    let documented =
        String.Join(
            "",
            kind.Arguments
            |> List.map (fun argument -> element indent $"param name=\"{argument.Name}\"" "param" (describe kind argument))
        )
        + (if kind.Arguments.IsEmpty then
               ""
           else
               element indent "exception cref=\"ArgumentOutOfRangeException\"" "exception" "A value is not allowed.")

    let source = if kind.Source = "" then "" else $" Source: {kind.Source}."

    "\n"
    + summary indent (sentence $"adds {kind.Summary}" + source)
    + element indent "remarks" "remarks" (remarks kind)
    + documented
    + $"{indent}public Experiment {name}({parameters}) => With(new Core.Networks.{name}({values}));\n"

let file () : string =
    headerOf "the table of layers" [] "CuteDl"
    + "\npublic sealed partial class Experiment\n{"
    + (LayerKinds.all |> List.map method |> String.concat "")
    + "}\n"
