/// Plateaus: reductions when losses stop falling.
module CuteDl.Core.Tests.PlateauTests

open System
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators

let private plateaus: Gen<Plateau> =
    gen {
        let! value = logUniform 1e-4 10.0
        let! factor = uniform 0.1 0.9
        let! patience = Gen.choose (0, 5)
        let! threshold = Gen.elements [ 0.0; 1e-4; 0.1 ]
        let! mode = Gen.elements [ ThresholdMode.Relative; ThresholdMode.Absolute ]
        let! cooldown = Gen.choose (0, 3)
        let! minimum = Gen.oneof [ Gen.constant 0.0; logUniform 1e-3 20.0 ]

        return
            { Value = value
              Factor = factor
              Patience = int64 patience
              Threshold = threshold
              ThresholdMode = mode
              Cooldown = int64 cooldown
              Minimum = minimum }
    }

let private losses: Gen<float list> =
    Gen.frequency [ 1, Gen.elements [ nan; infinity ]; 12, Gen.choose (0, 40) |> Gen.map (fun n -> float n / 10.0) ]
    |> Gen.listOf

let private states (plateau: Plateau) (losses: float list) = List.scan (Plateau.observe plateau) Plateau.initial losses

let private values (plateau: Plateau) (losses: float list) = states plateau losses |> List.map (Plateau.value plateau)

/// PyTorch's ReduceLROnPlateau, counter by counter, without its eps.
let private pyTorch (plateau: Plateau) (losses: float list) : float list =
    let mutable rate = plateau.Value
    let mutable best = infinity
    let mutable bad = 0L
    let mutable cooldown = 0L

    [ rate
      for loss in losses do
          let isBetter =
              match plateau.ThresholdMode with
              | ThresholdMode.Relative -> loss < best * (1.0 - plateau.Threshold)
              | ThresholdMode.Absolute -> loss < best - plateau.Threshold

          if isBetter then
              best <- loss
              bad <- 0L
          else
              bad <- bad + 1L

          if cooldown > 0L then
              cooldown <- cooldown - 1L
              bad <- 0L

          if bad > plateau.Patience then
              let reduced = max (rate * plateau.Factor) plateau.Minimum

              if reduced < rate then
                  rate <- reduced

              cooldown <- plateau.Cooldown
              bad <- 0L

          rate ]

let private behaviour =
    let plateau = Plateau.parse "plateau(1, factor=0.5, patience=2, threshold=0)"

    let gives name (plateau: Plateau) losses expected =
        testCase name (fun () -> Expect.equal (values plateau losses) expected "the value before the first loss and after each")

    testList
        "behaviour"
        [ gives "patience losses without improvement are let pass" plateau [ 1; 1; 1; 1; 1; 1; 1 ] [ 1; 1; 1; 1; 0.5; 0.5; 0.5; 0.25 ]
          gives "an improvement starts the count again" plateau [ 3; 3; 3; 2; 2; 2; 2 ] [ 1; 1; 1; 1; 1; 1; 1; 0.5 ]
          gives "with patience 0 each counts" { plateau with Patience = 0L } [ 1; 1; 1 ] [ 1; 1; 0.5; 0.25 ]
          gives
              "losses in cooldown do not count"
              { plateau with Patience = 0L; Cooldown = 2L }
              [ 1; 1; 1; 1; 1 ]
              [ 1; 1; 0.5; 0.5; 0.5; 0.25 ]
          gives "not below the minimum" { plateau with Patience = 0L; Minimum = 0.3 } [ 1; 1; 1; 1 ] [ 1; 1; 0.5; 0.3; 0.3 ]
          gives "a minimum above the value raises nothing" { plateau with Patience = 0L; Minimum = 3.0 } [ 1; 1 ] [ 1; 1; 1 ]
          gives
              "a relative threshold is a share of the best"
              { plateau with Patience = 0L; Threshold = 0.5 }
              [ 4; 2; 1.9 ]
              [ 1; 1; 0.5; 0.5 ]
          gives
              "an absolute threshold is a difference"
              { plateau with Patience = 0L; Threshold = 1.0; ThresholdMode = ThresholdMode.Absolute }
              [ 4; 3; 2.9 ]
              [ 1; 1; 0.5; 0.5 ]
          gives
              "of a negative best too, it is a share of the magnitude"
              { plateau with Patience = 0L; Threshold = 0.5 }
              [ -4; -5.9; -6.1; -9.1; -9.2 ]
              [ 1; 1; 0.5; 0.5; 0.25; 0.25 ]
          gives
              "a negative loss that stands still is no improvement"
              (Plateau.parse "plateau(1, factor=0.5, patience=2)")
              [ -1; -1; -1; -1 ]
              [ 1; 1; 1; 1; 0.5 ]
          gives "nor one that rises" (Plateau.parse "plateau(1, factor=0.5, patience=2)") [ -1; -0.95; -0.9; -0.85 ] [ 1; 1; 1; 1; 0.5 ]
          gives
              "nothing below 0 improves by a share of 0"
              { plateau with Patience = 0L; Threshold = 0.5 }
              [ 1; 0; -0.0; -1e-9 ]
              [ 1; 1; 1; 0.5; 0.5 ]
          gives "NaN is no improvement" { plateau with Patience = 0L } [ nan; 2; nan; 1 ] [ 1; 0.5; 0.5; 0.25; 0.25 ]
          gives
              "the first finite loss is one, whatever the threshold"
              { plateau with Patience = 0L; Threshold = 1.0 }
              [ 2; 2 ]
              [ 1; 1; 0.5 ] ]

let private properties =
    testList
        "properties"
        [ property "counter by counter as PyTorch" (Gen.zip plateaus losses) (fun (plateau, losses) ->
              List.iter2
                  (fun ours theirs -> Close.relative 1e-12 ours theirs (string plateau))
                  (values plateau losses)
                  (pyTorch plateau losses))
          property "never rises, never falls below the minimum" (Gen.zip plateaus losses) (fun (plateau, losses) ->
              for before, after in List.pairwise (values plateau losses) do
                  Expect.isTrue (after <= before && after >= min plateau.Value plateau.Minimum) (string plateau))
          property "losses that fall reduce nothing" plateaus (fun plateau ->
              let plateau = { plateau with Threshold = 0.0 }
              let falling = [ for k in 1..40 -> 1.0 / float k ]
              Expect.all (values plateau falling) ((=) plateau.Value) (string plateau))
          property "resumed from a state it goes on the same" (Gen.zip3 plateaus losses losses) (fun (plateau, before, after) ->
              let state = List.last (states plateau before)
              Expect.equal (List.fold (Plateau.observe plateau) state after) (List.last (states plateau (before @ after))) (string plateau)) ]

let private refused (text: string) (position: int) (part: string) =
    testCase $"'{text}' is refused at character {position + 1}" (fun () ->
        try
            failtest $"it was read as {Plateau.parse text}"
        with :? ExpressionException as error ->
            Expect.equal error.Position position error.Message
            Expect.stringContains error.Problem part "what is wrong, and what is allowed")

let private texts =
    testList
        "texts"
        [ property "parse (print plateau) = plateau" plateaus (fun plateau ->
              Expect.equal (Plateau.parse (string plateau)) plateau (string plateau)
              Expect.equal (Plateau.validated plateau) plateau "valid")
          testCase "what has its default is left out" (fun () ->
              let plateau = Plateau.parse "plateau(0.1, patience=3, factor=0.5, minimum=0, threshold_mode=relative)"
              Expect.equal (string plateau) "plateau(0.1, factor=0.5, patience=3)" "the text form")
          testCase "defaults are PyTorch's" (fun () ->
              Expect.equal
                  (Plateau.parse "plateau(0.1)")
                  { Value = 0.1
                    Factor = 0.1
                    Patience = 10L
                    Threshold = 1e-4
                    ThresholdMode = ThresholdMode.Relative
                    Cooldown = 0L
                    Minimum = 0.0 }
                  "the options")
          refused "plateau" 0 "value of plateau is missing"
          refused "cosine(0.1, steps=5)" 0 "'cosine(...)' is not a plateau. Write plateau(value, "
          refused "0.1" 0 "0.1 is not a plateau. Write plateau(value, "
          refused "plateau(0.1, factor=1)" 20 "(0, 1)"
          refused "plateau(0.1, patience=-1)" 22 "at least 0"
          refused "plateau(0.1, threshold_mode=relativ)" 28 "Did you mean relative?"
          refused "plateau(0.1, patient=3)" 13 "Did you mean patience?"
          testCase "options made in code are checked" (fun () ->
              let plateau = { Plateau.parse "plateau(0.1)" with Factor = 2.0 }

              try
                  Plateau.validated plateau |> ignore
                  failtest "nothing was thrown"
              with :? ArgumentOutOfRangeException as error ->
                  Expect.stringContains error.Message "factor of plateau must be in (0, 1), not 2." "the message") ]

let tests = testList "plateaus" [ behaviour; properties; texts ]
