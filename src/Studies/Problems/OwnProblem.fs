namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

/// A function of an own problem returned something that no problem may return.
[<Sealed>]
type internal BrokenProblemException(message: string) =
    inherit InvalidOperationException(message)

/// Calls the functions of an own problem, and checks what they return.
[<Sealed>]
type internal CheckedFunctions(name: string, layout: Layout, classes: int, seed: int, functions: OwnFunctions) =
    let fail (message: string) : 'any = raise (BrokenProblemException message)

    /// Throws if an array has another length than the layout.
    let counted (subject: unit -> string) (values: float array) : unit =
        // A program in C# can return null.
        match box values with
        | null -> fail $"The problem '{name}' returned no {subject ()}. Return {layout.Length} numbers, as many as the layout has."
        | _ when values.Length <> layout.Length ->
            fail
                $"The {subject ()} of the problem '{name}' has {values.Length} elements, but its layout has {layout.Length}. The numbers must be equal."
        | _ -> ()

    do counted (fun () -> $"initial array of seed {seed}") functions.Initial

    let place (index: int) : string =
        let tensor =
            layout.Parameters |> Seq.findBack (fun tensor -> tensor.Offset <= index && tensor.Length > 0)

        $"element {index - tensor.Offset} of {Quotation.quote tensor.Name}"

    let evaluate (step: int64) (point: float array) : struct (float * float array) =
        let struct (loss, gradient) = functions.Evaluate point { Seed = seed; Step = step }
        counted (fun () -> $"gradient of step {step}") gradient

        if Double.IsFinite loss then
            match gradient |> Array.tryFindIndex Double.IsNaN with
            | Some index ->
                fail
                    $"The problem '{name}' returned a gradient that is NaN in {place index} at step {step}, but the loss there is {Landscape.number loss}. Return a gradient without NaN, or a loss that is NaN."
            | None -> ()

        struct (loss, gradient)

    let scored (what: string) (struct (loss: float, accuracy: float)) : struct (float * float) =
        if classes = 0 then
            struct (loss, nan)
        elif Double.IsFinite loss && not (accuracy >= 0.0 && accuracy <= 1.0) then
            fail
                $"The problem '{name}' returned the {what} accuracy {Landscape.number accuracy}. It must be from 0 to 1, because the problem has classes."
        else
            struct (loss, accuracy)

    let validate: float array -> struct (float * float) =
        match functions.Validate with
        | Some validate -> fun point -> scored "validation" (validate point)
        | None ->
            fun point ->
                let struct (loss, _) = evaluate 0L point
                struct (loss, nan)

    let test = functions.Test |> Option.map (fun test -> fun point -> scored "test" (test point))

    member _.Initial = functions.Initial
    member _.Evaluate(step: int64, point: float array) : struct (float * float array) = evaluate step point
    member _.Validate(point: float array) : struct (float * float) = validate point
    member _.HasValidation = functions.Validate.IsSome
    member _.Test = test

    /// The functions as a landscape.
    member _.Landscape: Landscape =
        { Start = functions.Initial
          Evaluate =
            fun step point slope ->
                let struct (loss, gradient) = evaluate step point
                gradient.AsSpan().CopyTo(Span slope)
                loss
          Validate = validate
          Test = test }

/// <summary>
/// A problem of one's own: tensors, and functions of the parameters and the step. It is computed in double precision; in a task of single
/// precision, the parameters and gradients are rounded.
/// </summary>
[<Sealed>]
type OwnProblem private (name: string, layout: Layout, start: int -> OwnFunctions, classes: int, examplesAStep: int) =
    // Two points and two steps tell different functions apart. No study has a part in them.
    static let probedSeeds = [ 0; 1 ]
    static let probedSteps = [ 0L; 1L ]

    let functions (seed: int) = CheckedFunctions(name, layout, classes, seed, start seed)

    let refuse (message: string) : unit = raise (ArgumentException message)

    /// Calls a function. An exception of it fails the trials that meet it, and no others.
    let attempt (call: unit -> 'result) : Result<'result, exn> =
        try
            Ok(call ())
        with
        | :? BrokenProblemException as error -> raise (ArgumentException error.Message)
        | error when not (MachineFailure.isOf error) -> Error error

    let ofFailure (error: exn) : uint64 = error.GetType().Name |> Seq.map uint64 |> Seq.fold BitHash.add BitHash.start

    /// What a call returns, as a hash.
    let probe (call: unit -> float list) : uint64 =
        match attempt call with
        | Ok values -> List.fold BitHash.addFloat BitHash.start values
        | Error error -> ofFailure error

    let ofStep (functions: CheckedFunctions) (step: int64) : uint64 =
        probe (fun () ->
            let struct (loss, gradient) = functions.Evaluate(step, Array.copy functions.Initial)
            [ loss; yield! gradient ])

    let ofScore (functions: CheckedFunctions) (score: float array -> struct (float * float)) : uint64 =
        probe (fun () ->
            let struct (loss, accuracy) = score (Array.copy functions.Initial)
            [ loss; accuracy ])

    /// The hash of the bits at the initial parameters of a seed.
    let ofSeed (seed: int) : uint64 =
        match attempt (fun () -> functions seed) with
        | Error error -> ofFailure error
        | Ok first ->
            let steps = probedSteps |> List.map (ofStep first)
            // Another instance, and the other order: neither may change a bit.
            let again = functions seed
            let repeated = List.rev probedSteps |> List.map (ofStep again) |> List.rev

            if steps <> repeated || BitHash.ofAll first.Initial <> BitHash.ofAll again.Initial then
                refuse
                    $"The problem '{name}' gave two results for the same parameters and step (seed {seed}). Its functions must depend only on their arguments. Draw random numbers from ProblemStep.Random."

            if not first.HasValidation && List.distinct steps |> List.length > 1 then
                refuse
                    $"The problem '{name}' has another loss at each step, so this loss cannot be its validation. Give it a validation, which is the same function at every step."

            [ BitHash.ofAll first.Initial
              yield! steps
              ofScore first first.Validate
              yield! first.Test |> Option.map (ofScore first) |> Option.toList ]
            |> List.fold BitHash.add BitHash.start

    let hash () : string =
        let layout = string layout |> Seq.map uint64 |> Seq.fold BitHash.add BitHash.start
        (probedSeeds |> List.map ofSeed |> List.fold BitHash.add layout).ToString "x16"

    do
        OwnName.require name

        if layout.Length = 0 then
            raise (ArgumentException($"The layout of the problem '{name}' has no elements. Use at least one.", nameof layout))

        OwnName.requireClasses "problem" classes

        if examplesAStep < 1 then
            raise (
                ArgumentOutOfRangeException("examplesAStep", examplesAStep, $"A step cannot use {examplesAStep} examples. Use at least 1.")
            )

    /// <summary>Makes a problem of functions that all trials share, also at the same time.</summary>
    /// <param name="name">The name in study files: small letters, digits and underscores.</param>
    /// <param name="layout">The tensors that optimizers change.</param>
    /// <param name="initial">Returns the initial parameters for a seed.</param>
    /// <param name="evaluate">Returns the loss and its gradient at the parameters for a step.</param>
    /// <param name="validate">
    /// Returns the validation loss at the parameters. It is needed if the loss is another function at each step. Default: the loss.
    /// </param>
    /// <exception cref="T:System.ArgumentException">The name is not valid or belongs to a problem of the library, or the layout is
    /// empty.</exception>
    static member From
        (
            name: string,
            layout: Layout,
            initial: int -> float array,
            evaluate: float array -> ProblemStep -> struct (float * float array),
            ?validate: float array -> float
        ) : OwnProblem =
        let start (seed: int) : OwnFunctions =
            { Initial = initial seed
              Evaluate = evaluate
              Validate = validate |> Option.map (fun validate -> fun point -> struct (validate point, nan))
              Test = None }

        OwnProblem(name, layout, start, 0, 1)

    /// <summary>Makes a problem whose trials each have functions of their own, with data of their own.</summary>
    /// <param name="name">The name in study files: small letters, digits and underscores.</param>
    /// <param name="layout">The tensors that optimizers change.</param>
    /// <param name="start">Returns the functions of a trial for a seed.</param>
    /// <param name="classes">
    /// The number of classes, at least 2. Validations then have an accuracy, on examples that are not trained on. Default: 0, no classes.
    /// </param>
    /// <param name="examplesAStep">The number of examples per step. Default: 1.</param>
    /// <exception cref="T:System.ArgumentException">The name is not valid or belongs to a problem of the library, the layout is
    /// empty, or a number is out of its range.</exception>
    static member Of(name: string, layout: Layout, start: int -> OwnFunctions, ?classes: int, ?examplesAStep: int) : OwnProblem =
        OwnProblem(name, layout, start, defaultArg classes 0, defaultArg examplesAStep 1)

    /// <summary>The name in study files.</summary>
    member _.Name = name

    /// <summary>The tensors that optimizers change.</summary>
    member _.Layout = layout

    /// The problem, ready for trials.
    member internal _.Prepared(hash: string) : IPreparedProblem =
        Landscape.prepared layout $"own problem {name}({layout}): {hash}" hash (fun seed -> (functions seed).Landscape)

    /// <summary>
    /// Compares the gradient with central differences of the loss at the initial parameters, or at a given point. Call it before the first
    /// study of a problem. The tolerance follows from the rounding and truncation errors of the differences.
    /// </summary>
    /// <param name="seed">The seed of the problem. Default: 0.</param>
    /// <param name="step">The step whose loss is checked, from 0. Default: 0.</param>
    /// <param name="point">The parameters. Default: the initial ones.</param>
    /// <param name="precision">The precision in which the functions compute. Default: <c>Double</c>.</param>
    /// <exception cref="T:System.ArgumentException">The number of parameters differs from the layout's.</exception>
    member problem.CheckGradient(?seed: int, ?step: int64, ?point: float array, ?precision: TaskPrecision) : GradientCheck =
        GradientCheck.run (problem.Prepared "") (defaultArg precision TaskPrecision.Double) (defaultArg seed 0) (defaultArg step 0L) point

    /// <summary>Returns the name and the tensors: <c>bowl: x [10]</c>.</summary>
    override _.ToString() = $"{name}: {layout}"

    interface IProblem with
        member _.Kind = name
        member _.HasAccuracy = classes > 0
        member _.ComparesAccuracy = classes > 0
        member _.ValidatesOnTest = false
        // The functions are data: a study resumes only with functions of the same values.
        member _.HasData = true
        member _.ExamplesAStep = examplesAStep
        member _.StepsAnEpoch = None
        member _.Classes = classes
        member _.GuessedLoss = infinity
        member _.Findings _ = []
        member _.Layout() = Ok layout
        member problem.InFolder _ = problem
        member _.ForDocument _ = ValueNone
        member problem.Prepare(_, _) = problem.Prepared(hash ())
