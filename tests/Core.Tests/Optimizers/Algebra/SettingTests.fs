/// Hyper-parameters that follow schedules and plateaus: the same as setting them at each step, and steps that allocate nothing.
module CuteDl.Core.Tests.AlgebraSettingTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Precision
open CuteDl.Core.Tests.AlgebraSamples
open CuteDl.Core.Tests.AlgebraSteps

/// The hyper-parameters that can follow something, and can be written down.
let private free (kind: RuleKind) =
    kind.Arguments
    |> List.filter (fun argument -> argument.Form = ValueForm.Number && not (Double.IsNaN argument.Default))

/// A little below what is usual, so that values which must be in an order are.
let private falling (argument: Argument) : float * float =
    let first = if argument.Default > 0.0 then argument.Default else Scheduled.middle argument.Range
    first, (first + argument.Range.Lower) / 2.0

let private stepwise =
    property
        "a schedule is the same as setting each step's value"
        (runs { any with Scheduled = false; Groups = false } moderate false)
        (fun run ->
            let rates = Schedule.Piecewise(0.1, [ Steps 1L, 0.02; Steps 3L, 0.5 ], Interpolation.Constant)

            let rate =
                Seq.tryFind (fun (name: string) -> name = "lr" || name.EndsWith(".lr", StringComparison.Ordinal))

            match rate (ArgumentNames.list run.Optimizer) with
            | None -> ()
            | Some name ->
                // A part behind a gate counts its own steps.
                if not (run.Optimizer.Parts |> Seq.exists (fun part -> List.contains part.Kind.Name gates)) then
                    let scheduled = Optimizer.schedule name rates run.Optimizer
                    let expected, expectedState = trajectory single { run with Optimizer = scheduled }
                    let state = Optimizer.initFor<float32> run.Optimizer run.Layout
                    let parameters = single.OfAll run.Parameters

                    for t in 0 .. run.Gradients.Length - 1 do
                        let now = Optimizer.set name (Schedule.at rates (int64 t)) scheduled
                        inPlaceStep now state parameters (single.OfAll run.Gradients[t]) |> ignore
                        expectSameBits single parameters expected[t] $"step {t + 1}"

                    expectSamePicture single (picture state) (picture expectedState) "state")

let private plateaus =
    let kinds =
        Rules.known
        |> List.filter (fun kind -> not (List.contains kind.Name [ "muon"; "rprop" ]) && not (free kind).IsEmpty)

    property
        "a plateau is the same as setting each step's value, each plateau on its own"
        (gen {
            let! tensors = shapes
            let! kind = Gen.elements kinds
            let! followers = Gen.shuffle (free kind) |> Gen.map (Array.truncate 2 >> Array.toList)
            let! run = runOf tensors (Expression.parse $"{kind.Name}()") moderate false
            let! patience = Gen.listOfLength 2 (Gen.choose (0, 1))
            let! cooldown = Gen.listOfLength 2 (Gen.choose (0, 2))

            let plateaus =
                [ for argument, patience, cooldown in Seq.zip3 followers patience cooldown do
                      let first, last = falling argument

                      argument.Name,
                      { Plateau.parse "plateau(1, factor=0.8)" with
                          Value = first
                          Minimum = last
                          Patience = int64 patience
                          Cooldown = int64 cooldown } ]

            return run, plateaus
        })
        (fun (run, plateaus) ->
            let following =
                (run.Optimizer, plateaus)
                ||> List.fold (fun optimizer (name, plateau) -> Optimizer.follow name (Setting.Plateau plateau) optimizer)

            let expected, expectedState = trajectory single { run with Optimizer = following }
            let mutable observed = plateaus |> List.map (fun _ -> Plateau.initial)

            let now () =
                List.fold2
                    (fun optimizer (name, plateau) state -> Optimizer.set name (Plateau.value plateau state) optimizer)
                    following
                    plateaus
                    observed

            let state = Optimizer.initFor<float32> (now ()) run.Layout
            let parameters = single.OfAll run.Parameters

            for t in 0 .. run.Gradients.Length - 1 do
                inPlaceStep (now ()) state parameters (single.OfAll run.Gradients[t]) |> ignore
                expectSameBits single parameters expected[t] $"step {t + 1} of {following}"
                observed <- List.map2 (fun (_, plateau) state -> Plateau.observe plateau state run.Losses[t]) plateaus observed

            // Each is there once, also of a rule that is made of several.
            let numbers = List.map fst expectedState.Numbers
            Expect.equal numbers (List.distinct numbers) "numbers"
            Expect.equal (picture expectedState).Slots (picture state).Slots "slots")

// Allocation

let private allocatedBy (optimizer: Optimizer) : int64 =
    let layout = Layout.OfShapes [ "a", [ 70; 61 ]; "b", [ 3; 4 ]; "c", [ 1; 7 ] ]
    let state = Optimizer.initFor<float32> optimizer layout
    let parameters = Array.init layout.Length (fun i -> 0.1f * float32 (i % 7))
    let gradient = Array.init layout.Length (fun i -> 0.1f * float32 (i % 5) - 0.2f)

    let steps () =
        for _ in 1..40 do
            Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan gradient)

    let allocated () =
        let before = GC.GetAllocatedBytesForCurrentThread()
        steps ()
        GC.GetAllocatedBytesForCurrentThread() - before

    steps ()
    // Rules of matrices rent their space from a pool, and a collection in between, of the tests beside this one, may empty it.
    Seq.init 5 (fun _ -> allocated ()) |> Seq.min

/// The kind with one hyper-parameter after the other on its way from one value to another, and all of them at once.
let private scheduled (kind: RuleKind) (setting: Argument -> Setting) : Optimizer list =
    let free = free kind

    let following =
        List.fold (fun optimizer (argument: Argument) -> Optimizer.follow argument.Name (setting argument) optimizer)

    [ for arguments in free :: List.map List.singleton free do
          if not arguments.IsEmpty then
              following (Expression.parse $"{kind.Name}()") arguments ]

let private allocation =
    testList
        "allocation"
        [ for text in
              [ for kind in Rules.known do
                    $"{kind.Name}()"
                    $"clip_global_norm(1) | {{ \"a\": {kind.Name}() | scale(0.5), \"*\": sgd }} | clip_norm(1)" ]
              |> List.filter (fun text -> not (text.Contains "\"a\": clip_global_norm")) do
              testCase text (fun () -> Expect.equal (allocatedBy (Expression.parse text)) 0L "bytes in 40 steps")
          for kind in Rules.known do
              testCase $"{kind.Name}, scheduled" (fun () ->
                  let schedule argument =
                      let first, last = falling argument
                      Setting.Schedule(Schedule.Cosine(first, Steps 60L, last))

                  let plateau argument =
                      let first, last = falling argument
                      Setting.Plateau { Plateau.parse "plateau(1, patience=0)" with Value = first; Minimum = last }

                  for optimizer in scheduled kind schedule @ scheduled kind plateau do
                      Expect.equal (allocatedBy optimizer) 0L $"bytes in 40 steps of {optimizer}") ]

let tests = testList "settings" [ stepwise; plateaus; allocation ]
