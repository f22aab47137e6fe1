namespace CuteDl.Laws

open System
open System.Globalization
open System.Text.RegularExpressions
open CuteDl.Core.Optimizers

/// A case for a law.
[<NoComparison>]
type internal Case =
    {
        /// The tensors.
        Shapes: (string * int list) list
        /// The initial parameters.
        Start: float array
        /// The gradients g₁, g₂, ...: one per step, as long as the parameters.
        Gradients: float array array
        /// A number whose meaning each law defines, such as a factor or an angle.
        Factor: float
        /// A choice whose meaning each law defines.
        Choice: int
        /// The schedule of an argument, for laws about schedules.
        Schedule: Schedule option
    }

    member case.Length = case.Start.Length
    member case.Steps = case.Gradients.Length

[<RequireQualifiedAccess>]
module internal Case =

    let number (value: float) = if Double.IsNaN value then "NaN" else NumberText.ofFloat value

    let private longest = 8

    let vector (values: float array) : string =
        let shown = values |> Array.truncate longest |> Array.map number |> String.concat ", "
        let rest = if values.Length > longest then $", ... {values.Length - longest} more" else ""
        $"[{shown}{rest}]"

    /// Returns t as an index: g₁₂.
    let index (t: int) : string = string t |> String.map (fun digit -> char (int '₀' + int digit - int '0'))

    let private isPlain (shapes: (string * int list) list) =
        match shapes with
        | [ "", [ _ ] ] -> true
        | _ -> false

    let describe (case: Case) : string =
        let tensors =
            [ for name, shape in case.Shapes -> (if name = "" then "tensor" else name) + " " + String.Join("×", shape) ]
            |> String.concat ", "

        // Consecutive equal gradients are printed once.
        let stretches =
            ([], Array.indexed case.Gradients)
            ||> Array.fold (fun stretches (i, gradient) ->
                match stretches with
                | (from, _, same) :: before when same = gradient -> (from, i + 1, same) :: before
                | _ -> (i + 1, i + 1, gradient) :: stretches)
            |> List.rev

        let describeStretch (from, until, gradient) =
            if from = until then
                $"g{index from} = {vector gradient}"
            else
                $"g{index from} to g{index until} = {vector gradient}"

        let gradients =
            match stretches with
            | [ _, until, gradient ] when until > 1 -> [ $"g = {vector gradient} for {until} steps" ]
            | _ when stretches.Length > 6 ->
                let shown = List.truncate 4 stretches
                let _, until, _ = List.last shown
                List.map describeStretch shown @ [ $"... {case.Steps - until} more" ]
            | _ -> List.map describeStretch stretches

        [ if not (isPlain case.Shapes) then
              tensors
          if case.Start |> Array.exists ((<>) 0.0) then
              $"w₀ = {vector case.Start}"
          yield! gradients
          if case.Factor <> 1.0 then
              $"factor {number case.Factor}"
          match case.Schedule with
          | Some schedule -> $"schedule {schedule}"
          | None -> () ]
        |> String.concat ", "

    /// Returns the complexity of a number, which shrinking reduces.
    let private weight (value: float) =
        if value = 0.0 then 0
        elif value = 1.0 then 1
        elif value = -1.0 then 2
        else 2 + (number value).Length

    let private simpler (value: float) : float seq =
        seq {
            yield! [ 0.0; 1.0; -1.0; Math.Round value ]

            if value <> 0.0 && Double.IsFinite value then
                let unit = Math.Pow(10.0, Math.Floor(Math.Log10(abs value)))
                yield unit * Math.Round(value / unit)
        }
        |> Seq.filter (fun other -> Double.IsFinite other && weight other < weight value)
        |> Seq.distinct

    let private withElement (i: int) (value: float) (values: float array) = Array.updateAt i value values

    let private withoutElement (i: int) (case: Case) =
        { case with
            Shapes = [ "", [ case.Length - 1 ] ]
            Start = Array.removeAt i case.Start
            Gradients = case.Gradients |> Array.map (Array.removeAt i) }

    let private withoutLastTensor (case: Case) =
        let kept = List.take (case.Shapes.Length - 1) case.Shapes
        let length = kept |> List.sumBy (snd >> List.fold (*) 1)

        { case with
            Shapes = kept
            Start = Array.truncate length case.Start
            Gradients = case.Gradients |> Array.map (Array.truncate length) }

    let private withoutSteps (from: int) (count: int) (case: Case) = { case with Gradients = Array.removeManyAt from count case.Gradients }

    /// Returns the case with one vector instead of matrices, so that its elements can be removed.
    let private flattened (case: Case) = { case with Shapes = [ "", [ case.Length ] ] }

    /// Returns the schedule with rounded numbers, if these are valid.
    let private rounded (digits: int) (schedule: Schedule) : Schedule list =
        let round (found: Match) =
            Double.Parse(found.Value, CultureInfo.InvariantCulture).ToString($"G{digits}", CultureInfo.InvariantCulture)

        try
            let other = Schedule.parse (Regex.Replace(string schedule, @"\d+\.\d{2,}(e-?\d+)?", round))
            if other = schedule then [] else [ other ]
        with :? FormatException ->
            []

    /// Returns the parts of a schedule, a constant, and the schedule with rounded numbers.
    let private simplerSchedules (schedule: Schedule) : Schedule list =
        let parts =
            match schedule with
            | Schedule.Constant _ -> []
            | Schedule.Warmup(_, part, _) -> [ part ]
            | Schedule.Join(first, next) -> first :: List.map snd next
            | Schedule.Product(first, others) -> first :: others
            | _ -> [ Schedule.Constant 1.0 ]

        parts @ rounded 1 schedule

    /// Returns simpler cases, simplest first: fewer steps, fewer elements, rounder numbers. Tensors that the optimizer needs stay.
    let shrink (mayDrop: bool) (case: Case) : Case seq =
        seq {
            let steps = case.Steps

            for count in List.distinct [ steps / 2; steps / 4; 1 ] do
                if count > 0 && count < steps then
                    yield withoutSteps 0 count case
                    yield withoutSteps (steps - count) count case

            for t in 1 .. min 20 (steps - 2) do
                yield withoutSteps t 1 case

            if mayDrop then
                if case.Shapes.Length > 1 then
                    yield withoutLastTensor case

                if not (isPlain case.Shapes) then
                    yield flattened case

                if isPlain case.Shapes && case.Length > 1 then
                    for i in 0 .. case.Length - 1 do
                        yield withoutElement i case

            if case.Start |> Array.exists ((<>) 0.0) then
                yield { case with Start = Array.zeroCreate case.Length }

            for schedule in case.Schedule |> Option.map simplerSchedules |> Option.defaultValue [] do
                yield { case with Schedule = Some schedule }

            for choice in 0 .. min 4 case.Choice - 1 do
                yield { case with Choice = choice }

            // A power of two stays a power of two.
            for factor in [ 2.0; 0.5 ] do
                if case.Factor <> 1.0 && weight factor < weight case.Factor then
                    yield { case with Factor = factor }

            let isConstant = steps > 1 && case.Gradients |> Array.forall ((=) case.Gradients[0])

            // A constant gradient stays constant.
            if isConstant then
                for i in 0 .. case.Length - 1 do
                    let first = case.Gradients[0]

                    for value in simpler first[i] do
                        yield { case with Gradients = Array.replicate steps (withElement i value first) }

            for t in (if isConstant then [] else [ 0 .. min 20 steps - 1 ]) do
                let gradient = case.Gradients[t]

                for i in 0 .. case.Length - 1 do
                    for value in simpler gradient[i] do
                        yield { case with Gradients = Array.updateAt t (withElement i value gradient) case.Gradients }

            for i in 0 .. case.Length - 1 do
                for value in simpler case.Start[i] do
                    yield { case with Start = withElement i value case.Start }
        }
