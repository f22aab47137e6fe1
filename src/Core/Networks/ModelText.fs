namespace CuteDl.Core.Networks

open System
open System.Globalization
open CuteDl.Core.Data
open CuteDl.Core.Optimizers

/// <summary>Reads the text form of models: the shape of an example, the layers and the loss.</summary>
/// <remarks>
/// Examples are <c>784-128(relu)-dropout(0.25)-10(linear) softmax-cross-entropy</c> and <c>1x28x28-flatten-10(relu)
/// mean-squared-error</c>. A dense layer begins with its units; every other layer has the form <c>kind(value, argument=value)</c>.
/// </remarks>
[<RequireQualifiedAccess>]
module ModelText =
    /// A part of the text, with its position.
    type private Piece = { At: int; Text: string }

    let private fail (text: string) (at: int) (problem: string) : 'any = raise (ExpressionException(text, at, problem))

    /// Returns the parts between hyphens outside of brackets, and the part after the first blank outside of brackets.
    let private split (text: string) : Piece list * Piece =
        let mutable depth = 0
        let mutable start = 0
        let mutable last = text.Length

        let pieces =
            [ for i in 0 .. text.Length - 1 do
                  if i < last then
                      match text[i] with
                      | '(' -> depth <- depth + 1
                      | ')' -> depth <- depth - 1
                      | '-' when depth = 0 ->
                          { At = start; Text = text.Substring(start, i - start) }
                          start <- i + 1
                      | ' ' when depth = 0 -> last <- i
                      | _ -> ()

              { At = start; Text = text.Substring(start, last - start) } ]

        pieces, { At = min text.Length (last + 1); Text = text.Substring(min text.Length (last + 1)) }

    let private whole (text: string) : int option =
        match Int32.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
        | true, value -> Some value
        | false, _ -> None

    let private shape (text: string) (piece: Piece) : TensorShape =
        match piece.Text.Split 'x' |> Array.map whole with
        | [| Some length |] -> TensorShape.Flat length
        | [| Some channels; Some height; Some width |] -> TensorShape.Planes(channels, height, width)
        | _ -> fail text piece.At $"{Quotation.quote piece.Text} is not the shape of an example. Write 784 or 1x28x28."

    /// Finds a value by the text form of its values.
    let private named (text: string) (at: int) (what: string) (known: 'value list) (name: string) : 'value =
        match known |> List.tryFind (fun value -> string value = name) with
        | Some value -> value
        | None -> fail text at $"No {what} is named {Quotation.quote name}. {Suggestion.describe (List.map string known) name}"

    /// Reads layers in the form that all kinds have.
    let rec private layer (kinds: LayerKind list) (text: string) (start: int) (node: Node) : Layer =
        let at = start + node.At

        match node.Term with
        | Term.Call(name, entries) ->
            match kinds |> List.tryFind (fun kind -> kind.Name = name) with
            | None ->
                let known = kinds |> List.map _.Name
                fail text at $"No layer is named {Quotation.quote name}. {Suggestion.describe known name}"
            | Some kind -> made kinds text start at kind entries
        | _ -> fail text at $"{Syntax.describe node} is not a layer. Write dropout(0.5) or 128(relu)."

    and private made kinds text start at kind entries =
        let argumentOf (index: int) (entry: Entry) =
            match entry.Name with
            | ValueNone when index = 0 && not kind.Arguments.IsEmpty -> kind.Arguments.Head
            | ValueNone -> fail text (start + entry.At) $"An argument of {kind.Name} needs its name. Only the first can be without one."
            | ValueSome name ->
                match kind.Arguments |> List.tryFind (fun argument -> argument.Name = name) with
                | Some argument -> argument
                | None ->
                    let known = kind.Arguments |> List.map _.Name
                    fail text (start + entry.At) $"{kind.Name} has no argument {Quotation.quote name}. {Suggestion.describe known name}"

        let given = entries |> List.mapi (fun i entry -> argumentOf i entry, entry.Value)

        /// The values before it are in reverse order.
        let value (before: LayerValue list) (argument: LayerArgument) : LayerValue list =
            let found =
                match given |> List.filter (fun (other, _) -> other.Name = argument.Name), argument.Default with
                | [ _, node ], _ -> valueOf kinds text start kind argument node
                | [], LayerDefault.Constant otherwise -> otherwise
                | [], LayerDefault.AsFirst -> List.last before
                | [], LayerDefault.Required ->
                    fail text at $"{kind.Name} needs {argument.Name}, {argument.Summary}. It must be {argument.Allowed}."
                | _ -> fail text at $"{argument.Name} is given twice. Give it once."

            found :: before

        kind.Make(kind.Arguments |> List.fold value [] |> List.rev)

    and private valueOf kinds text start kind (argument: LayerArgument) (node: Node) : LayerValue =
        let at = start + node.At

        let refuse () : 'any =
            fail text at $"{argument.Name} of {kind.Name} must be {argument.Allowed}, not {Syntax.describe node}."

        let read =
            match argument.Form, node.Term with
            | LayerForm.Whole _, Term.Number value when Math.Floor value = value && abs value <= float Int32.MaxValue ->
                LayerValue.Whole(int value)
            | LayerForm.Number _, Term.Number value -> LayerValue.Number value
            | LayerForm.Activation, Term.Call(name, []) -> LayerValue.Activation(named text at "activation" Activation.all name)
            | LayerForm.Layers, Term.Chain nodes -> LayerValue.Layers(nodes |> List.map (layer kinds text start))
            | LayerForm.Layers, Term.Call _ -> LayerValue.Layers [ layer kinds text start node ]
            | (LayerForm.Whole _ | LayerForm.Number _ | LayerForm.Activation | LayerForm.Layers), _ -> refuse ()

        if argument.Allows read then read else refuse ()

    /// <summary>Parses layers in order: <c>conv(32, size=5) | max_pool(2) | flatten | dense(10)</c>.</summary>
    /// <param name="kinds">The kinds of layers that the text can name.</param>
    /// <param name="text">The text form of each layer, with <c>|</c> between them.</param>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">
    /// The text is not a chain of layers, a name is unknown, or a value is not allowed.
    /// </exception>
    let parseLayers (kinds: LayerKind list) (text: string) : Layer list =
        let node = Syntax.parse text

        match node.Term with
        | Term.Chain parts -> parts |> List.map (layer kinds text 0)
        | _ -> [ layer kinds text 0 node ]

    /// A dense layer in its short form, or a layer of any kind.
    let private segment (kinds: LayerKind list) (text: string) (piece: Piece) : Layer =
        if piece.Text <> "" && Char.IsAsciiDigit piece.Text[0] then
            match piece.Text.Split('(', 2) with
            | [| units; activation |] when activation.EndsWith ')' ->
                match whole units with
                | Some units when units > 0 ->
                    let at = piece.At + piece.Text.Length - activation.Length
                    Dense(units, named text at "activation" Activation.all (activation.TrimEnd ')'))
                | _ -> fail text piece.At $"{Quotation.quote units} is not a number of units. It must be a whole number of at least 1."
            | _ -> fail text piece.At $"{Quotation.quote piece.Text} is not a dense layer. Write 128(relu)."
        else
            let node =
                try
                    Syntax.parse piece.Text
                with :? ExpressionException as error ->
                    fail text (piece.At + error.Position) error.Problem

            layer kinds text piece.At node

    /// <summary>Parses the text form of a model that may have layers and a loss of one's own.</summary>
    /// <param name="kinds">The kinds of layers that the text can name.</param>
    /// <param name="losses">The losses of one's own that the text can name.</param>
    /// <param name="text">The text form.</param>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">As for <c>parse</c>.</exception>
    let parseWith (kinds: LayerKind list) (losses: OwnLoss list) (text: string) : Model =
        let pieces, loss = split text

        let input = shape text pieces.Head
        let layers = pieces.Tail |> List.map (segment kinds text)

        let loss =
            match Loss.tryParse losses loss.Text with
            | Some found -> found
            | None -> named text loss.At "loss" (Loss.all @ List.map Own losses) loss.Text

        try
            Model.ofShape input layers loss
        with :? ArgumentException as error ->
            fail text 0 (Refusal.sentence error)

    /// <summary>Parses the text form of a model: <c>parse (string model) = model</c>.</summary>
    /// <exception cref="T:CuteDl.Core.Optimizers.ExpressionException">
    /// The text does not have the form of a model, a name is unknown, a value is not allowed, or a layer does not take its input.
    /// </exception>
    let parse (text: string) : Model = parseWith LayerKinds.all [] text
