/// Laws of all optimizers about elements, tensors, chains and states.
module internal CuteDl.Laws.StructureLaws

open System
open System.Numerics
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Laws
open CuteDl.Laws.Generators
open CuteDl.Laws.Running

let private zerosInFront =
    { Law.general
          "P22"
          "leading zeros"
          "leading zero gradients change no later Δ, bit for bit (with weight decay: from w = 0)"
          "no dependence on the step number"
          (fun subject -> cases (shapes 8 subject) (freeOfDecay { subject with Seeks = false }) moderate (1, 12) one)
          (fun subject case ->
              let count = 1 + case.Choice % 3
              let zeros = Array.init count (fun _ -> Array.zeroCreate case.Length)
              let expected = deltas subject.Optimizer case
              let came = deltas subject.Optimizer { case with Gradients = Array.append zeros case.Gradients }
              same expected came[count..] |> Option.map (sprintf "after %d zero gradients: %s" count)) with
        Excuse = fun subject -> if (Subject.schedules subject).IsEmpty then None else Some "its schedule depends on the step number" }
    |> Law.characteristic

/// Returns a permutation within each tensor.
let private permutation (case: Case) : int array =
    let random = Random case.Choice

    case.Shapes
    |> List.mapFold
        (fun start (_, shape) ->
            let length = List.fold (*) 1 shape
            let places = Array.init length ((+) start)
            random.Shuffle places
            places, start + length)
        0
    |> fst
    |> Array.concat

let private part (from: int) (count: int) (case: Case) : Case =
    let take (values: float array) = Array.sub values from count

    { case with
        Shapes = [ "", [ count ] ]
        Start = take case.Start
        Gradients = Array.map take case.Gradients }

let private elementsAlone =
    Law.general
        "P23"
        "elements are independent"
        "permuting, splitting and joining parameters commutes with the step, bit for bit"
        "elementwise updates"
        (fun subject ->
            let elements =
                if subject.Seeks && Subject.has Rules.skipNonFinite.Kind subject then
                    Gen.frequency [ 1, Gen.constant infinity; 9, moderate ]
                else
                    moderate

            cases (shapes 40 subject) anywhere elements (1, 6) one)
        (fun subject case ->
            let expected = deltas subject.Optimizer case

            let permuted () =
                let places = permutation case
                let permute (values: float array) = places |> Array.map (fun i -> values[i])

                let other = { case with Start = permute case.Start; Gradients = Array.map permute case.Gradients }

                same (Array.map permute expected) (deltas subject.Optimizer other)
                |> Option.map (sprintf "permuted: %s")

            // Groups depend on the names of the tensors.
            if Subject.isGroups subject || not subject.Options.Shapes.IsEmpty then
                permuted ()
            else
                let border = case.Choice % (case.Length + 1)

                let asTwoTensors () =
                    let shapes = [ "left", [ border ]; "right", [ case.Length - border ] ]

                    same expected (deltas subject.Optimizer { case with Shapes = shapes })
                    |> Option.map (sprintf "as two tensors of %d and %d: %s" border (case.Length - border))

                let asTwoModels () =
                    let left = deltas subject.Optimizer (part 0 border case)
                    let right = deltas subject.Optimizer (part border (case.Length - border) case)

                    same expected (Array.map2 Array.append left right)
                    |> Option.map (sprintf "as two models of %d and %d: %s" border (case.Length - border))

                firstOf [ permuted; asTwoTensors; asTwoModels ])

/// A transformation that does nothing, but that a chain does not omit.
let private nothing = Optimizer.ofRule "nothing" (Identity())

let private scaleBy (factor: float) = Expression.parse "scale()" |> Optimizer.set "factor" factor

let private chains =
    { Law.general
          "P24"
          "chains"
          "identity is neutral, chaining is associative, and a chain equals its parts applied in order, bit for bit"
          "composition of functions"
          usual
          (fun subject case ->
              let optimizer = subject.Optimizer
              let expected = deltas optimizer case

              let neutral () = same expected (deltas (Optimizer.chain [ nothing; optimizer; nothing ]) case)

              let associative () =
                  let front = scaleBy 0.5
                  let behind = scaleBy 0.25
                  let left = Optimizer.chain [ Optimizer.chain [ front; optimizer ]; behind ]
                  let right = Optimizer.chain [ front; Optimizer.chain [ optimizer; behind ] ]
                  expect (left = right) (fun () -> $"expected {left}, got {right}")

              // At constant parameters, the states of the parts do not depend on later parts.
              let oneAfterAnother () =
                  let halved = { case with Gradients = case.Gradients |> Array.map (Array.map ((*) 0.5)) }
                  let chained = Optimizer.chain [ scaleBy 0.5; optimizer; scaleBy 0.25 ]

                  let byHand = deltasInPlaceOfStart optimizer halved |> Array.map (Array.map ((*) 0.25))

                  same byHand (deltasInPlaceOfStart chained case)
                  |> Option.map (sprintf "in scale(0.5) | optimizer | scale(0.25): %s")

              firstOf [ neutral; associative; oneAfterAnother ]) with
        MayBeExempt = false }

let private accumulation =
    { Law.general
          "P26"
          "accumulation"
          "the chain of accumulate(k) and an optimizer takes one step every k calls: the optimizer's step with the mean gradient"
          "mean of gradients"
          usual
          (fun subject case ->
              let k = [| 1; 2; 4 |][case.Choice % 3]
              let accumulated = Optimizer.chain [ Expression.parse $"accumulate({k})"; subject.Optimizer ]

              let means =
                  case.Gradients
                  |> Array.chunkBySize k
                  |> Array.filter (fun chunk -> chunk.Length = k)
                  |> Array.map (fun chunk ->
                      chunk
                      |> Array.fold (Array.map2 (+)) (Array.zeroCreate case.Length)
                      |> Array.map ((*) (1.0 / float k)))

              let onMeans = deltas subject.Optimizer { case with Gradients = means }

              let expected =
                  Array.init case.Steps (fun i -> if (i + 1) % k = 0 then onMeans[(i + 1) / k - 1] else Array.zeroCreate case.Length)

              same expected (deltas accumulated case) |> Option.map (sprintf "with k = %d: %s" k)) with
        MayBeExempt = false }

/// Returns the bits, for comparisons in which 0 differs from −0 and NaN equals NaN. Single-precision numbers are converted to double
/// exactly.
let private bits (values: 'T array) : int64 array when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    values |> Array.map (fun value -> BitConverter.DoubleToInt64Bits(Double.CreateTruncating value))

/// Returns the content of a state by name, as bits and as numbers.
let private content (state: State<'T>) : (string * int64 array * float array) list =
    [ "the count of steps", [| state.Step |], [| float state.Step |]
      for name in state.SlotNames do
          let values = state[name].ToArray()
          name, bits values, values |> Array.map Double.CreateTruncating
      for name, value in state.Numbers do
          name, bits [| value |], [| value |] ]

/// Returns the first difference between two states.
let private difference (expected: State<'T>) (came: State<'T>) : string option =
    List.zip (content expected) (content came)
    |> List.tryPick (fun ((name, bits, shown), (_, otherBits, otherShown)) ->
        if bits = otherBits then
            None
        else
            Some $"expected {name} = {Case.vector shown}, got {Case.vector otherShown}")

let private executions<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (precision: string) (optimizer: Optimizer) (case: Case) =
    let convert = Array.map (fun (value: float) -> 'T.CreateTruncating value)
    let show (values: 'T array) = values |> Array.map Double.CreateTruncating |> Case.vector
    let border = case.Choice % (case.Steps + 1)
    let _, state, parameters = pureSteps<'T> true optimizer case

    // The first steps are pure. Then a copy continues in place.
    let _, before, reached =
        pureSteps<'T> true optimizer { case with Gradients = Array.truncate border case.Gradients }

    let resumed = before.Copy()
    let inPlace = Array.copy reached
    let mutable touched = None

    for t in border + 1 .. case.Steps do
        let gradient = convert case.Gradients[t - 1]
        let given = Array.copy gradient
        Optimizer.stepInPlace optimizer resumed (Span inPlace) (ReadOnlySpan gradient)

        if touched.IsNone && bits given <> bits gradient then
            touched <- Some $"the in-place step overwrote g{Case.index t}"

    let untouched () =
        if border = case.Steps then
            None
        else
            let gradient = convert case.Gradients[border]
            let given = Array.copy gradient
            let at = Array.copy reached

            let step () = Optimizer.stepAt optimizer before reached gradient

            let _, first = step ()
            let _, second = step ()

            if bits first <> bits second then
                Some $"expected the same Δ from the same state, got {show first} and {show second}"
            elif bits given <> bits gradient || bits at <> bits reached then
                Some "the pure step overwrote its arguments"
            else
                None

    firstOf
        [ fun () -> touched
          untouched
          fun () ->
              expect (bits inPlace = bits parameters) (fun () ->
                  $"in place from step {border} on, expected w = {show parameters}, got {show inPlace} in {precision} precision")
          fun () ->
              difference state resumed
              |> Option.map (fun said -> $"in place from step {border} on, {said} in {precision} precision") ]

let private pureIsInPlace =
    { Law.general
          "P29"
          "pure and in place"
          "the pure and the in-place step agree bit for bit, change nothing else, and continue from a copied state with the same bits"
          "a step is a function"
          (fun subject -> cases (shapes 70 subject) anywhere moderate (1, 8) one)
          (fun subject case ->
              firstOf
                  [ fun () -> executions<float> "double" subject.Optimizer case
                    fun () -> executions<float32> "single" subject.Optimizer case ]) with
        MayBeExempt = false }

/// Compares a run with a second run that resumes from a file saved at one of its steps.
let private savedRun<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (precision: string) (optimizer: Optimizer) (case: Case) =
    let convert = Array.map (fun (value: float) -> 'T.CreateTruncating value)
    let show (values: 'T array) = values |> Array.map Double.CreateTruncating |> Case.vector
    let cut = case.Choice % (case.Steps + 1)

    // Losses are reported too, because a plateau observes them.
    let run (optimizer: Optimizer) (state: State<'T>) (parameters: 'T array) (from: int) (until: int) =
        for t in from..until do
            let gradient = case.Gradients[t - 1]
            Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan(convert gradient))
            Optimizer.observeInPlace optimizer state (Array.sumBy abs gradient)

    let state = Optimizer.initFor<'T> optimizer (Layout.OfShapes case.Shapes)
    let parameters = convert case.Start
    run optimizer state parameters 1 cut
    let bytes = saved optimizer state parameters
    // The first run continues before the second one starts. So values that a rule keeps outside its state are wrong in the second run.
    run optimizer state parameters (cut + 1) case.Steps

    let resumed = read<'T> optimizer bytes
    run resumed.Optimizer resumed.State resumed.Parameters (cut + 1) case.Steps

    firstOf
        [ fun () ->
              expect (resumed.Optimizer = optimizer) (fun () -> $"saved at step {cut}, expected {optimizer}, read {resumed.Optimizer}")
          fun () ->
              expect (bits resumed.Parameters = bits parameters) (fun () ->
                  $"saved at step {cut} and read, expected w = {show parameters}, got {show resumed.Parameters} in {precision} precision")
          fun () ->
              difference state resumed.State
              |> Option.map (fun said -> $"saved at step {cut} and read, {said} in {precision} precision") ]

let private savedAndResumed =
    { Law.general
          "P29"
          "saved and resumed"
          "a run that is saved at any step and read again takes the same steps as an uninterrupted run, bit for bit"
          "run(n+m) = resume(save(run n))"
          usual
          (fun subject case ->
              firstOf
                  [ fun () -> savedRun<float> "double" subject.Optimizer case
                    fun () -> savedRun<float32> "single" subject.Optimizer case ]) with
        MayBeExempt = false }

let all = [ zerosInFront; elementsAlone; chains; accumulation; pureIsInPlace; savedAndResumed ]
