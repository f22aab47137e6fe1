/// The page of all layers, activations and losses: docs/layers.md.
module internal CuteDl.Generate.LayerPage

open System
open System.IO
open System.Xml.Linq
open Microsoft.FSharp.Reflection
open CuteDl.Core.Networks
open CuteDl.Generate.Markdown

let private introduction =
    """# Layers

This page lists every layer, activation and loss. It is generated from the code: `dotnet run --project tools/Generate`. An
[experiment](guide.md#from-c) has a method for each layer, `--layers` of the tool takes their text form, and
[study files](study-file.md) have the same names as keys.

A shape is c × h × w, the channels, height and width of an image, or a vector. In memory, the channels of a position are neighbours. In text
forms, only the first argument can be without its name.

## Layers
"""

let private activations =
    """
## Activations

A dense layer and a convolution apply an activation to their sums z. The layer `activate` applies one to its input.
"""

let private losses =
    """
## Losses

The loss of a batch is the mean over its examples of a sum over the outputs z and the targets y. `Losses.Of` makes a loss of one's own.
"""

/// The documentation of the public types, which is beside the assembly.
let private documentation =
    lazy
        (let path = Path.Combine(AppContext.BaseDirectory, "CuteDl.Core.xml")

         Map
             [ for found in (XDocument.Load path).Descendants "member" do
                   match found.Attribute "name", found.Element "summary" with
                   | null, _
                   | _, null -> ()
                   | name, summary ->
                       name.Value, String.Join(" ", summary.Value.Split([| ' '; '\n' |], StringSplitOptions.RemoveEmptyEntries)) ])

/// The summary of a case of a union.
let private summaryOf (value: 'union) : string =
    let case, _ = FSharpValue.GetUnionFields(value, typeof<'union>)
    documentation.Value[$"T:{typeof<'union>.FullName}.{case.Name}"]

let private argument (argument: LayerArgument) : string =
    let otherwise =
        match argument.Default with
        | LayerDefault.Required -> ""
        | LayerDefault.Constant value -> $"; default {value}"
        | LayerDefault.AsFirst -> "; default: the first argument"

    let allowed =
        match argument.Form with
        | LayerForm.Activation -> ""
        | LayerForm.Whole _
        | LayerForm.Number _
        | LayerForm.Layers -> $", {argument.Allowed}"

    $"{code argument.Name}: {argument.Summary}{allowed}{otherwise}"

let private layerRow (kind: LayerKind) =
    [ code kind.Name
      kind.Summary
      kind.Formula
      kind.Shapes
      kind.Arguments |> List.map argument |> String.concat "<br>"
      kind.Source ]

let file () : string =
    introduction
    + table [ "layer"; "description"; "formula"; "shapes"; "arguments"; "source" ] (List.map layerRow LayerKinds.all)
    + activations
    + table [ "activation"; "formula" ] [ for activation in Activation.all -> [ code (string activation); summaryOf activation ] ]
    + losses
    + table [ "loss"; "formula" ] [ for loss in Loss.all -> [ code (string loss); summaryOf loss ] ]
