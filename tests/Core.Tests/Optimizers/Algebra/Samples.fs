/// Random optimizers of every form, with tensors, parameters and gradients for them.
module CuteDl.Core.Tests.AlgebraSamples

open System
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators

/// An optimizer on the way over tensors.
type Run =
    {
        Optimizer: Optimizer
        Layout: Layout
        Parameters: float array
        /// One for each step.
        Gradients: float array array
        /// The validation loss after each step.
        Losses: float array
    }

    override run.ToString() =
        let shapes = [ for p in run.Layout.Parameters -> $"{p.Name}{p.Shape}" ]
        let list = String.Join(", ", shapes)
        $"{run.Optimizer} over {list}, {run.Gradients.Length} steps"

// Tensors

/// Some of the names that models have.
let private names =
    [ for layer in 0..2 do
          $"layers.{layer}.weight"
          $"layers.{layer}.bias"
      "embedding"
      "temperature" ]

/// No tensor, or some of 0 to 3 dimensions: empty ones, single elements, tails of vectors.
let private smallShape =
    Gen.frequency
        [ 1, Gen.constant []
          1, Gen.constant [ 1 ]
          1, Gen.constant [ 0 ]
          4, Gen.choose (0, 40) |> Gen.map List.singleton
          5, Gen.two (Gen.choose (1, 6)) |> Gen.map (fun (a, b) -> [ a; b ])
          1, Gen.elements [ [ 1; 9 ]; [ 9; 1 ]; [ 0; 3 ]; [ 3; 0 ]; [ 1; 1 ] ]
          1, Gen.three (Gen.choose (1, 3)) |> Gen.map (fun (a, b, c) -> [ a; b; c ]) ]

/// At and beyond the borders of the blocks in which the engine walks.
let private largeShape = Gen.elements [ [ 4095 ]; [ 4096 ]; [ 4097 ]; [ 8200 ]; [ 70; 60 ] ]

let shapes: Gen<(string * int list) list> =
    gen {
        let! count = Gen.frequency [ 2, Gen.constant 1; 8, Gen.choose (2, 5) ]
        let! names = Gen.shuffle names |> Gen.map (Array.truncate count >> Array.toList)
        let! shapes = Gen.listOfLength count smallShape
        let! large = largeShape
        let! hasLarge = Gen.frequency [ 9, Gen.constant false; 1, Gen.constant true ]
        let shapes = if hasLarge then large :: shapes.Tail else shapes
        return List.zip names shapes
    }

// Single parts

let private numbers (argument: Argument) : Gen<float> =
    let range = argument.Range

    let usual =
        match argument.IsTechnical, Double.IsInfinity range.Upper with
        | true, true -> logUniform (max 1e-6 (range.Lower + 1e-6)) (range.Lower + 1.0)
        | false, true -> logUniform (range.Lower + 1e-4) (range.Lower + 1.0)
        | _ -> uniform (range.Lower + (range.Upper - range.Lower) / 100.0) (range.Upper - (range.Upper - range.Lower) / 100.0)

    let ends =
        [ if range.LowerIncluded then
              range.Lower
          if range.UpperIncluded then
              range.Upper ]

    Gen.frequency
        [ 3, Gen.constant argument.Default
          5, usual
          if not ends.IsEmpty then
              1, Gen.elements ends ]

let private valuesOf (argument: Argument) : Gen<float> =
    match argument.Form with
    | ValueForm.Flag -> Gen.elements [ 0.0; 1.0 ]
    | ValueForm.Whole ->
        Gen.frequency
            [ 2, Gen.constant argument.Default
              5, Gen.choose (0, 4) |> Gen.map (fun more -> argument.Range.Lower + float more) ]
    // Left out: it cannot be written down.
    | ValueForm.Number when Double.IsNaN argument.Default -> Gen.constant nan
    | ValueForm.Number -> numbers argument

/// A schedule between two values in the argument's range, or a plateau that soon loses its patience and ends at one of them.
let private settings (argument: Argument) : Gen<Setting> =
    gen {
        let! first = numbers argument
        let! last = numbers argument
        let! steps = Gen.choose (1, 8)
        let! patience = Gen.choose (0, 1)
        let! cooldown = Gen.choose (0, 2)
        let! factor = uniform 0.1 0.9
        let! threshold = Gen.elements [ 0.0; 0.1 ]
        let! mode = Gen.elements [ ThresholdMode.Relative; ThresholdMode.Absolute ]

        let plateau =
            { Value = max first last
              Factor = factor
              Patience = int64 patience
              Threshold = threshold
              ThresholdMode = mode
              Cooldown = int64 cooldown
              Minimum = min first last }

        return!
            Gen.frequency
                [ 1, Gen.constant (Setting.Schedule(Schedule.Linear(first, Steps(int64 steps), last)))
                  1, Gen.constant (Setting.Schedule(Schedule.Cosine(first, Steps(int64 steps), last)))
                  1, Gen.constant (Setting.Schedule(Schedule.Piecewise(first, [ Steps 2L, last ], Interpolation.Constant)))
                  2, Gen.constant (Setting.Plateau plateau) ]
    }

/// With any hyper-parameters in range.
let ofKind (scheduled: bool) (kind: RuleKind) : Gen<Optimizer> =
    gen {
        let! values = kind.Arguments |> List.map valuesOf |> Gen.sequenceToList

        let withValues =
            List.zip kind.Arguments values
            |> List.filter (snd >> Double.IsNaN >> not)
            |> List.map (fun (argument, value) -> $"{argument.Name}={argument.Write value}")
            |> String.concat ", "

        let free =
            kind.Arguments
            |> List.filter (fun argument -> argument.Form = ValueForm.Number && not (Double.IsNaN argument.Default))

        // Now and then two of them.
        let! followers =
            if not scheduled || free.IsEmpty then
                Gen.constant []
            else
                Gen.frequency
                    [ 4, Gen.constant []
                      3, Gen.elements free |> Gen.map List.singleton
                      1, Gen.shuffle free |> Gen.map (Array.truncate 2 >> Array.toList) ]

        let! settings = followers |> List.map settings |> Gen.sequenceToList

        // A few values do not go together.
        return
            try
                let optimizer =
                    (Expression.parse $"{kind.Name}({withValues})", List.zip followers settings)
                    ||> List.fold (fun optimizer (argument, setting) -> Optimizer.follow argument.Name setting optimizer)

                // Two plateaus reduce at different times.
                let fits (time: int64) (reductions: int64, reductionsOfSecond: int64) =
                    match optimizer.Tree with
                    | OptimizerTree.Single(_, part, scheduled) when (part :? ICheckedPart) ->
                        let now =
                            List.indexed scheduled
                            |> List.fold
                                (fun part (i, (argument, setting)) ->
                                    let value =
                                        match setting with
                                        | Setting.Schedule schedule -> Schedule.at schedule time
                                        | Setting.Plateau plateau ->
                                            let reductions = if i = 0 then reductions else reductionsOfSecond
                                            Plateau.value plateau { Plateau.initial with Reductions = reductions }

                                    argument.Set(part, value))
                                part

                        match now with
                        | :? ICheckedPart as part -> part.Problem = ""
                        | _ -> true
                    | _ -> true

                if
                    [ 0L .. 12L ]
                    |> List.forall (fun time -> Seq.forall (fits time) (Seq.allPairs [ 0L .. 12L ] [ 0L .. 12L ]))
                then
                    Some optimizer
                else
                    None
            with
            | :? ExpressionException
            | :? ArgumentException -> None
    }
    |> Gen.filter Option.isSome
    |> Gen.map Option.get

/// Kinds whose step goes over all tensors together, in the order in which they lie.
let global' = [ "clip_global_norm"; "dog"; "dowg"; "dadapt_adam"; "prodigy"; "normalize" ]

/// Kinds for which it matters where tensors begin and end.
let byTensor =
    [ "clip_norm"
      "clip_update_rms"
      "trust_ratio"
      "cautious"
      "stable_adamw"
      "clip_adaptive"
      "centralize"
      "noise"
      "lars"
      "lamb"
      "novograd"
      "muon"
      "adafactor" ]
    @ global'

let gates = [ "accumulate"; "freeze"; "skip_non_finite" ]

/// What an optimizer may be made of.
type Choice = { Kinds: RuleKind list; Scheduled: bool; Groups: bool }

let any = { Kinds = Rules.known; Scheduled = true; Groups = true }

let without (names: string list) (choice: Choice) =
    { choice with
        Kinds = choice.Kinds |> List.filter (fun kind -> not (List.contains kind.Name names)) }

// Chains and groups

/// Muon is for matrices, and the norm over all tensors stays outside of groups.
let private kindsFor (choice: Choice) (isInGroups: bool) (tensors: (string * int list) list) =
    choice.Kinds
    |> List.filter (fun kind ->
        (kind.Name <> "muon" || tensors |> List.forall (fun (_, shape) -> shape.Length = 2))
        && (kind.Name <> "clip_global_norm" || not isInGroups))

let one (choice: Choice) (tensors: (string * int list) list) : Gen<Optimizer> =
    Gen.elements (kindsFor choice false tensors) |> Gen.bind (ofKind choice.Scheduled)

/// A pattern that some tensors match and some do not, if there is one.
let pattern (tensors: (string * int list) list) : Gen<string option> =
    let matches (pattern: string) (name: string) = IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, name, false)

    [ for name, _ in tensors do
          name
      "*.bias"
      "*.weight"
      "layers.0.*"
      "layers.?.*"
      "e*" ]
    |> List.filter (fun pattern ->
        let count = tensors |> List.filter (fst >> matches pattern) |> List.length
        count > 0 && count < tensors.Length)
    |> function
        | [] -> Gen.constant None
        | patterns -> Gen.elements patterns |> Gen.map Some

let rec private optimizer (choice: Choice) (isInGroups: bool) (depth: int) (tensors: (string * int list) list) : Gen<Optimizer> =
    let single = Gen.elements (kindsFor choice isInGroups tensors) |> Gen.bind (ofKind choice.Scheduled)

    let groups =
        gen {
            match! pattern tensors with
            | None ->
                let! all = optimizer choice true (depth - 1) tensors
                return Optimizer.groups [ "*", all ]
            | Some pattern ->
                let isFirst (name: string) = IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, name, false)
                let first, others = tensors |> List.partition (fst >> isFirst)
                let! ofFirst = optimizer choice true (depth - 1) first
                let! ofOthers = optimizer choice true (depth - 1) others
                return Optimizer.groups [ pattern, ofFirst; "*", ofOthers ]
        }

    let part =
        if choice.Groups && depth > 0 && not tensors.IsEmpty then
            Gen.frequency [ 5, single; 1, groups ]
        else
            single

    gen {
        let! count = Gen.frequency [ 2, Gen.constant 1; 5, Gen.choose (2, 4) ]
        let! parts = Gen.listOfLength count part

        // Behind groups with gates some parts are refused.
        return
            try
                let chain = Optimizer.chain parts
                Optimizer.check chain (Layout.OfShapes tensors)
                Some chain
            with :? ArgumentException ->
                None
    }
    |> Gen.filter Option.isSome
    |> Gen.map Option.get

let optimizers (choice: Choice) (tensors: (string * int list) list) : Gen<Optimizer> = optimizer choice false 2 tensors

// Runs

let lengthOf (tensors: (string * int list) list) = tensors |> List.sumBy (fun (_, shape) -> List.fold (*) 1 shape)

/// Elements as they are met, and one step in a few with one that is no number.
let gradientsFor (steps: int) (length: int) (elements: Gen<float>) (mayFail: bool) : Gen<float array array> =
    let step =
        gen {
            // Long ones repeat themselves.
            let! some = Gen.arrayOfLength (min length 97) elements
            let gradient = Array.init length (fun i -> some[i % some.Length])
            let! isBad = Gen.frequency [ 5, Gen.constant false; 1, Gen.constant mayFail ]

            if isBad && length > 0 then
                let! at = Gen.choose (0, length - 1)
                let! bad = Gen.elements [ nan; infinity; -infinity ]
                gradient[at] <- bad

            return gradient
        }

    Gen.arrayOfLength steps step

let runOf (tensors: (string * int list) list) (optimizer: Optimizer) (elements: Gen<float>) (mayFail: bool) : Gen<Run> =
    gen {
        let length = lengthOf tensors
        let! steps = Gen.choose (1, 7)
        let! gradients = gradientsFor steps length elements mayFail
        // Few of them, so that many are no improvement.
        let! losses =
            Gen.arrayOfLength steps (Gen.frequency [ 1, Gen.constant nan; 12, Gen.choose (1, 5) |> Gen.map float ])

        let! some = Gen.arrayOfLength 61 (Gen.frequency [ 1, Gen.constant 0.0; 9, uniform -1.0 1.0 ])

        return
            { Optimizer = optimizer
              Layout = Layout.OfShapes tensors
              Parameters = Array.init length (fun i -> some[i % some.Length])
              Gradients = gradients
              Losses = losses }
    }

/// Any optimizer over any tensors.
let runs (choice: Choice) (elements: Gen<float>) (mayFail: bool) : Gen<Run> =
    gen {
        let! tensors = shapes
        let! optimizer = optimizers choice tensors
        return! runOf tensors optimizer elements mayFail
    }
