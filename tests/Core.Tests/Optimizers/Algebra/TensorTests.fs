/// Steps over tensors with their own memory, and tensors without a gradient.
module CuteDl.Core.Tests.AlgebraTensorTests

open System
open System.Buffers
open System.Runtime.InteropServices
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open Microsoft.FSharp.NativeInterop
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Precision
open CuteDl.Core.Tests.AlgebraSamples
open CuteDl.Core.Tests.AlgebraSteps

#nowarn "9"

/// Copies the values of each tensor into memory of its own.
let private apart (layout: Layout) (values: 'T array) : 'T array array =
    [| for tensor in layout.Parameters -> Array.sub values tensor.Offset tensor.Length |]

let private together (parts: 'T array array) : 'T array = Array.concat parts

/// The tensors of a step, in any order. Those without a gradient are given without one, or not at all.
let private tensorsOf (layout: Layout) (parameters: 'T array array) (gradient: 'T array) (isPresent: bool array) (random: Random) =
    let gradients = apart layout gradient
    let order = Array.init parameters.Length id
    random.Shuffle order

    [ for k in order do
          let name = layout.Parameters[k].Name

          if isPresent[k] then
              StepTensor.Of(name, parameters[k], gradients[k])
          elif random.Next 2 = 0 then
              { Name = name; Parameters = Memory parameters[k]; Gradient = ValueNone } ]

let private message (act: unit -> unit) : string option =
    try
        act ()
        None
    with
    | :? NonFiniteGradientException as error -> Some error.Message
    | :? ArgumentException as error -> Some error.Message

/// A run, and a seed for choices during it.
let private seeded (run: FsCheck.Gen<'run>) = Gen.zip run (Gen.choose (0, 1_000_000))

let private equalsFlat (precision: Precision<'T>) =
    property
        "separate memories give the bits of the flat step, in place and pure, also by turns"
        (seeded (runs any moderate true))
        (fun (run, seed) ->
            let random = Random seed
            let layout = run.Layout
            let start = precision.OfAll run.Parameters
            let all = Array.create layout.Parameters.Count true
            let flat, state = Optimizer.initFor<'T> run.Optimizer layout, Optimizer.initFor<'T> run.Optimizer layout
            let flatParameters, parameters = Array.copy start, apart layout start
            let pureState = ref (state.Copy())
            let pureParameters = apart layout start

            for loss, gradient in Seq.zip run.Losses (Array.map precision.OfAll run.Gradients) do
                let expected = inPlaceStep run.Optimizer flat flatParameters gradient
                let tensors memories = tensorsOf layout memories gradient all random

                let actual =
                    if random.Next 3 = 0 then
                        let joined = together parameters
                        let error = inPlaceStep run.Optimizer state joined gradient
                        apart layout joined |> Array.iteri (fun k values -> values.CopyTo(parameters[k], 0))
                        error
                    else
                        message (fun () -> Optimizer.stepTensorsInPlace run.Optimizer state (tensors parameters))

                Expect.equal actual expected "errors"

                let pureError =
                    message (fun () ->
                        let next, deltas = Optimizer.stepTensors run.Optimizer pureState.Value (tensors pureParameters)
                        pureState.Value <- next

                        for k in 0 .. layout.Parameters.Count - 1 do
                            (taken pureParameters[k] deltas[layout.Parameters[k].Name]).CopyTo(pureParameters[k], 0))

                Expect.equal pureError expected "errors of the pure step"

                for name, parameters, state in [ "in place", parameters, state; "pure", pureParameters, pureState.Value ] do
                    expectSameBits precision (together parameters) flatParameters $"parameters {name}"
                    expectSamePicture precision (picture state) (picture flat) name
                    Expect.equal state.Steps flat.Steps $"counts {name}"
                    Expect.isEmpty state.Absences $"absences {name}"

                Optimizer.observeInPlace run.Optimizer flat loss
                Optimizer.observeInPlace run.Optimizer state loss
                pureState.Value <- Optimizer.observe run.Optimizer pureState.Value loss)

/// Kinds that treat their tensors together and keep something for each tensor.
let private refusedKinds =
    [ "nadam"
      "schedule_free_sgd"
      "schedule_free_adamw"
      "schedule_free"
      "dog"
      "dowg"
      "dadapt_adam"
      "prodigy"
      "accumulate"
      "ema" ]

let private refuses =
    testList
        "a step without the gradient of one of two tensors"
        [ for kind in Rules.known do
              let isRefused = List.contains kind.Name refusedKinds

              testCase $"""is {if isRefused then "refused" else "taken"} by {kind.Name}""" (fun () ->
                  let layout = Layout.OfShapes [ "a", [ 2; 2 ]; "b", [ 3; 2 ] ]
                  let optimizer = Expression.parse kind.Name
                  let state = Optimizer.initFor<float> optimizer layout
                  let before = state.Copy()
                  let parameters = [| Array.create 4 0.5; Array.create 6 0.5 |]

                  let error =
                      message (fun () ->
                          Optimizer.stepTensorsInPlace optimizer state [ StepTensor.Of("b", parameters[1], Array.create 6 0.25) ])

                  if isRefused then
                      let error = Option.get error

                      Expect.stringContains
                          error
                          $"{kind.Name} treats its tensors together. In this step, 'a' has no gradient"
                          "the part and the tensor"

                      Expect.stringContains error $"or write {kind.Name} inside each group." "what to do"
                      Expect.equal state before "the state"
                      Expect.equal (together parameters) (Array.create 10 0.5) "the parameters"
                  else
                      Expect.isNone error "no error"
                      Expect.equal parameters[0] (Array.create 4 0.5) "the tensor without a gradient") ]

/// Each tensor depends on itself alone: no norm or gate over all tensors, and noise is not that of another position.
let private alone = any |> without ([ "skip_non_finite"; "freeze"; "noise" ] @ refusedKinds @ global')

let private presence (run: Run) =
    Gen.arrayOfLength run.Layout.Parameters.Count (Gen.frequency [ 2, Gen.constant true; 1, Gen.constant false ])
    |> Gen.arrayOfLength run.Gradients.Length

let private withPresence (choice: Choice) (mayFail: bool) =
    gen {
        let! run = runs choice moderate mayFail
        let! presence = presence run
        return run, presence
    }
    |> seeded

/// The slots and scalars of one tensor, if no part is in a group.
let private ofTensor (state: State<'T>) (k: int) : 'T array * float list =
    let tensor = state.Layout.Parameters[k]

    [| for name in state.SlotNames do
           yield! state[name].Slice(tensor.Offset, tensor.Length).ToArray() |],
    [ for name, value in state.Numbers do
          // The only scalars are those for each tensor.
          if name.EndsWith $".{k}" then
              value ]

let private ownRuns (precision: Precision<'T>) =
    property
        "a tensor gets the bits of a run of its own, over the steps in which it has a gradient"
        (withPresence { alone with Scheduled = false; Groups = false } false)
        (fun ((run, presence), seed) ->
            let random = Random seed
            let layout = run.Layout
            let parameters = apart layout (precision.OfAll run.Parameters)
            let expected = Array.map Array.copy parameters
            let state = Optimizer.initFor<'T> run.Optimizer layout

            let single =
                [| for tensor in layout.Parameters -> Optimizer.initFor<'T> run.Optimizer (Layout.OfShapes [ tensor.Name, tensor.Shape ]) |]

            for isPresent, gradient in Seq.zip presence (Array.map precision.OfAll run.Gradients) do
                let pureNext, deltas =
                    Optimizer.stepTensors run.Optimizer state (tensorsOf layout parameters gradient isPresent random)

                let pureParameters =
                    parameters
                    |> Array.mapi (fun k values ->
                        match deltas.TryFind layout.Parameters[k].Name with
                        | Some delta -> taken values delta
                        | None -> Array.copy values)

                if Array.contains false isPresent then
                    Optimizer.stepTensorsInPlace run.Optimizer state (tensorsOf layout parameters gradient isPresent random)
                else
                    // A flat step continues with the counts of each tensor.
                    let joined = together parameters
                    Optimizer.stepInPlace run.Optimizer state (Span joined) (ReadOnlySpan gradient)
                    apart layout joined |> Array.iteri (fun k values -> values.CopyTo(parameters[k], 0))

                expectSameBits precision (together pureParameters) (together parameters) "the pure step"
                expectSamePicture precision (picture pureNext) (picture state) "the pure step"
                Expect.equal pureNext.Absences state.Absences "absences of the pure step"

                let gradients = apart layout gradient

                for k in 0 .. layout.Parameters.Count - 1 do
                    if isPresent[k] then
                        Optimizer.stepInPlace run.Optimizer single[k] (Span expected[k]) (ReadOnlySpan gradients[k])

                    let what = layout.Parameters[k].Name
                    expectSameBits precision parameters[k] expected[k] $"parameters of {what}"
                    let slots, scalars = ofTensor state k
                    let expectedSlots, expectedScalars = ofTensor single[k] 0
                    expectSameBits precision slots expectedSlots $"slots of {what}"
                    expectSameBits Precision.double (Array.ofList scalars) (Array.ofList expectedScalars) $"scalars of {what}")

/// What the state keeps for each part and tensor: its slots, and the steps that it has taken. A frozen tensor belongs to no part, so
/// whether it has a gradient counts nowhere.
let private kept (state: State<'T>) =
    [| for k in 0 .. state.Layout.Parameters.Count - 1 ->
           [ for node in state.Plan.Separate.Nodes do
                 for i in 0 .. node.Tensors.Length - 1 do
                     if node.Tensors[i] = k then
                         let slots =
                             [| for slot in 0 .. node.SlotCount - 1 do
                                    let start = node.SlotBase + slot * node.Stride + node.Start i
                                    yield! Array.sub state.Block start state.Layout.Parameters[k].Length |]

                         let isActive =
                             state.Plan.Separate.PartsOf k |> Seq.exists (fun struct (active, _) -> active.Index = node.Index)

                         (if node.IsSeparate && isActive then state.Steps[node.Index] - state.AbsencesOf(node, k) else 0L), slots ] |]

let private leftAlone (precision: Precision<'T>) =
    property
        "a tensor without a gradient keeps its parameters, slots and counts; a refused step changes nothing"
        (withPresence any true)
        (fun ((run, presence), seed) ->
            let random = Random seed
            let layout = run.Layout
            let mutable read = Optimizer.initFor<'T> run.Optimizer layout
            let parameters = apart layout (precision.OfAll run.Parameters)

            for loss, isPresent, gradient in Seq.zip3 run.Losses presence (Array.map precision.OfAll run.Gradients) do
                let state = read
                let before = state.Copy()
                let parametersBefore = Array.map Array.copy parameters
                let keptBefore = kept state

                let error =
                    message (fun () ->
                        Optimizer.stepTensorsInPlace run.Optimizer state (tensorsOf layout parameters gradient isPresent random))

                if error.IsSome then
                    Expect.equal state before "the state after a refused step"
                    expectSameBits precision (together parameters) (together parametersBefore) "parameters after a refused step"
                else
                    Expect.equal state.Step (before.Step + 1L) "steps"

                    Array.iteri2
                        (fun k (was: (int64 * 'T array) list) now ->
                            if not isPresent[k] then
                                let what = layout.Parameters[k].Name
                                expectSameBits precision parameters[k] parametersBefore[k] $"parameters of {what}"
                                Expect.equal (List.map fst now) (List.map fst was) $"counts of {what}"

                                for (_, a), (_, b) in List.zip now was do
                                    expectSameBits precision a b $"slots of {what}")
                        keptBefore
                        (kept state)

                // Copies and files know the counts.
                Expect.equal (state.Copy()) state "a copy"

                let saved =
                    Checkpoint.toContent { Optimizer = run.Optimizer; State = state; Parameters = together parameters }

                read <- (Checkpoint.ofContentFor<'T> run.Optimizer "memory" saved).State
                Expect.equal read state "the state of a checkpoint"
                Expect.equal (string read) (string state) "its text"
                Optimizer.observeInPlace run.Optimizer read loss)

let private inPrecision (precision: Precision<'T>) =
    testList precision.Name [ equalsFlat precision; ownRuns precision; leftAlone precision ]

// Examples

let private layout = Layout.OfShapes [ "a", [ 2 ]; "b", [ 3 ] ]

let private step (text: string) (state: State<float>) (tensors: (string * float array * float array) list) =
    Optimizer.stepTensorsInPlace (Expression.parse text) state [ for name, w, g in tensors -> StepTensor.Of(name, w, g) ]

let private start (text: string) = Optimizer.initFor<float> (Expression.parse text) layout

let private counts =
    testList
        "counts"
        [ testCase "belong to tensors, and are printed" (fun () ->
              let text = "clip_norm(9) | momentum"
              let state = start text
              let a, b = [| 0.0; 0.0 |], [| 0.0; 0.0; 0.0 |]

              for _ in 1..2 do
                  step text state [ "b", b, [| 1.0; 1.0; 1.0 |] ]

              step text state [ "b", b, [| 1.0; 1.0; 1.0 |]; "a", a, [| 1.0; 1.0 |] ]
              Expect.equal state.Step 3L "steps"
              Expect.equal state.Absences [ "2.momentum", "a", 2L ] "clip_norm keeps nothing"
              Expect.stringContains (string state) "2.momentum without 'a' = 2" "text")
          testCase "tell states apart" (fun () ->
              // Gradients of 0 leave the slots at 0.
              let after (names: (string * int) list) =
                  let state = start "adam"
                  step "adam" state [ for name, length in names -> name, Array.zeroCreate length, Array.zeroCreate length ]
                  state

              Expect.equal (after [ "b", 3 ]) (after [ "b", 3 ]) "the same tensor"
              Expect.notEqual (after [ "b", 3 ]) (after [ "a", 2; "b", 3 ]) "one and both"
              Expect.notEqual (after [ "b", 3 ]) (after [ "a", 2 ]) "one and the other")
          testCase "of a part do not move if none of its tensors has a gradient" (fun () ->
              let text = "{ \"a\": prodigy, \"b\": fixed(lr=1) }"
              let state = start text
              let b = [| 0.0; 0.0; 0.0 |]
              step text state [ "b", b, [| 1.0; 1.0; 1.0 |] ]
              Expect.equal (List.ofArray state.Steps) [ 0L; 1L ] "parts"
              Expect.isEmpty state.Absences "absences"
              Expect.equal b [| -1.0; -1.0; -1.0 |] "the step"
              step text state []
              Expect.equal (state.Step, List.ofArray state.Steps) (2L, [ 0L; 1L ]) "a step without any gradient")
          testCase "of schedules are those of the part" (fun () ->
              let text = "fixed(lr=linear(1, steps=4))"
              let state = start text
              let a, b = [| 0.0; 0.0 |], [| 0.0; 0.0; 0.0 |]
              step text state [ "b", b, [| 1.0; 1.0; 1.0 |] ]
              step text state [ "a", a, [| 1.0; 1.0 |] ]
              Expect.equal a [| -0.75; -0.75 |] "the second rate"
              Expect.equal (Optimizer.current (Expression.parse text) state) [ "lr", 0.5 ] "the third rate")
          testCase "decide about averages" (fun () ->
              let text = "fixed(lr=1) | swa"
              let state = start text
              let a, b = [| 7.0; 7.0 |], [| 0.0; 0.0; 0.0 |]
              step text state [ "b", b, [| 1.0; 1.0; 1.0 |] ]
              step text state [ "b", b, [| 1.0; 1.0; 1.0 |] ]
              let averaged = Optimizer.averaged (Expression.parse text) state (ReadOnlySpan(Array.append a b))
              Expect.equal averaged [| 7.0; 7.0; -1.5; -1.5; -1.5 |] "a has no average") ]

let private wrong =
    let refused (name: string) (tensors: StepTensor<float> list) (parts: string list) =
        testCase name (fun () ->
            let state = start "momentum"
            let before = state.Copy()

            for act in
                [ fun () -> Optimizer.stepTensorsInPlace (Expression.parse "momentum") state tensors
                  fun () -> Optimizer.stepTensors (Expression.parse "momentum") state tensors |> ignore ] do
                let error = message act |> Option.defaultValue ""

                for part in parts do
                    Expect.stringContains error part "message"

            for tensor in tensors do
                Expect.equal (tensor.Parameters.ToArray() |> Array.exists ((<>) 0.0)) false "parameters"

            Expect.equal state before "the state")

    let zeros count : float array = Array.zeroCreate count
    let a = StepTensor.Of("a", zeros 2, [| 1.0; 1.0 |])

    testList
        "refused"
        [ refused "an unknown name" [ a; StepTensor.Of("c", zeros 3, zeros 3) ] [ "No tensor is named 'c'." ]
          refused "a name given twice" [ a; a ] [ "The tensor 'a' is given twice. Give each tensor once." ]
          refused
              "too few parameters"
              [ a; StepTensor.Of("b", zeros 2, zeros 3) ]
              [ "There are 2 elements in the parameters of 'b', but the tensor has 3." ]
          refused
              "too long a gradient"
              [ a; StepTensor.Of("b", zeros 3, zeros 4) ]
              [ "There are 4 elements in the gradient of 'b', but the tensor has 3." ] ]

/// The first tensors have taken their step when the gate of another one throws.
let private lateFailure =
    testCase "a step that fails late leaves all as it was" (fun () ->
        let optimizer =
            Expression.parse "{ \"a\": nadam | ema, \"b\": accumulate(1) | skip_non_finite(1) | adam, \"c\": momentum }"

        let layout = Layout.OfShapes [ "a", [ 5000 ]; "b", [ 2 ]; "c", [ 2 ] ]
        let state = Optimizer.initFor<float> optimizer layout
        let parameters = [| Array.create 5000 1.0; [| 1.0; 1.0 |]; [| 1.0; 1.0 |] |]
        let gradients = [ Array.create 5000 0.5; [| nan; 0.5 |] ]

        let take () =
            message (fun () ->
                Optimizer.stepTensorsInPlace
                    optimizer
                    state
                    [ for k, gradient in List.indexed gradients -> StepTensor.Of(layout.Parameters[k].Name, parameters[k], gradient) ])

        Expect.isNone (take ()) "the first step is skipped"
        Expect.isEmpty state.Absences "the part of c has not begun"
        let before, parametersBefore = state.Copy(), Array.map Array.copy parameters
        Expect.stringStarts (Option.defaultValue "" (take ())) "2 gradients in a row" "the second step"
        Expect.equal state before "the state"
        Expect.equal parameters parametersBefore "the parameters")

/// A tensor outside of managed memory, at any address.
type private NativeTensor(length: int, shift: int) =
    inherit MemoryManager<float32>()
    let start = NativeMemory.Alloc(unativeint (4 * length + shift))
    let first = NativePtr.add (NativePtr.ofVoidPtr<byte> start) shift |> NativePtr.toVoidPtr
    override _.GetSpan() = Span<float32>(first, length)

    override _.Pin(index) =
        new MemoryHandle(NativePtr.add (NativePtr.ofVoidPtr<byte> first) (4 * index) |> NativePtr.toVoidPtr)

    override _.Unpin() = ()
    override _.Dispose(_: bool) = NativeMemory.Free start

let private native =
    testCase "memory can be native, at any address" (fun () ->
        for text in [ "adam"; "lamb"; "clip_global_norm(1) | momentum | ema"; "skip_non_finite(1) | adafactor" ] do
            for shift in [ 0; 1; 4; 20 ] do
                let optimizer = Expression.parse text
                let layout = Layout.OfShapes [ "w", [ 7; 9 ]; "b", [ 9 ] ]

                let flat, state =
                    Optimizer.initFor<float32> optimizer layout, Optimizer.initFor<float32> optimizer layout

                let parameters = Array.init 72 (fun i -> sin (float32 i))
                let gradient = Array.init 72 (fun i -> cos (float32 i))
                let memories = [ for count in [ 63; 63; 9; 9 ] -> new NativeTensor(count, shift) ]
                Span(parameters, 0, 63).CopyTo(memories[0].GetSpan())
                Span(gradient, 0, 63).CopyTo(memories[1].GetSpan())
                Span(parameters, 63, 9).CopyTo(memories[2].GetSpan())
                Span(gradient, 63, 9).CopyTo(memories[3].GetSpan())

                for _ in 1..3 do
                    Optimizer.stepInPlace optimizer flat (Span parameters) (ReadOnlySpan gradient)

                    Optimizer.stepTensorsInPlace
                        optimizer
                        state
                        [ for name, w, g in [ "w", memories[0], memories[1]; "b", memories[2], memories[3] ] ->
                              { Name = name; Parameters = w.Memory; Gradient = ValueSome(Memory<float32>.op_Implicit g.Memory) } ]

                let actual = Array.append (memories[0].Memory.ToArray()) (memories[2].Memory.ToArray())
                expectSameBits single actual parameters text
                Expect.equal state flat text

                for memory in memories do
                    (memory :> IDisposable).Dispose())

let private allocation =
    testCase "nothing is copied: a step over 100 tensors of 100,000 elements allocates less than 4 kB" (fun () ->
        let layout = Layout.OfShapes [ for k in 1..100 -> $"w{k}", [ 100_000 ] ]
        let optimizer = Expression.parse "momentum"
        let state = Optimizer.initFor<float32> optimizer layout
        let gradient = Array.create 100_000 1.0f

        let tensors =
            [| for tensor in layout.Parameters -> StepTensor.Of(tensor.Name, Array.zeroCreate<float32> 100_000, gradient) |]

        let allocated () =
            let before = GC.GetAllocatedBytesForCurrentThread()
            Optimizer.stepTensorsInPlace optimizer state tensors
            GC.GetAllocatedBytesForCurrentThread() - before

        Expect.isLessThan (allocated ()) 400_000L "bytes of the first step, which makes the plan: less than one tensor"
        Expect.isLessThan (allocated ()) 4_000L "bytes of the second step")

let private nonFinite =
    testCase "the check for values that are not finite includes tensors without a gradient, if their parameters are finite" (fun () ->
        let afterSixteen () =
            let state = start "adam"
            let a, b = [| 0.0; 0.0 |], [| 0.0; 0.0; 0.0 |]
            step "adam" state [ "a", a, [| 1e200; 1.0 |]; "b", b, [| 1.0; 1.0; 1.0 |] ]

            for _ in 2..16 do
                step "adam" state [ "b", b, [| 1.0; 1.0; 1.0 |] ]

            state, b

        let takes (ofA: StepTensor<float> list) =
            let state, b = afterSixteen ()

            try
                Optimizer.stepTensorsInPlace (Expression.parse "adam") state (StepTensor.Of("b", b, [| 1.0; 1.0; 1.0 |]) :: ofA)
                None
            with :? NonFiniteStateException as error ->
                Some(error.SlotName, error.TensorName, error.Element)

        let withParameters values = [ { Name = "a"; Parameters = Memory values; Gradient = ValueNone } ]
        let expected = Some("square_average", "a", 0)
        Expect.equal (takes []) expected "unknown parameters"
        Expect.equal (takes (withParameters [| 1.0; 1.0 |])) expected "finite parameters"
        Expect.equal (takes (withParameters [| nan; 1.0 |])) None "parameters that are not finite")

// Rules of one's own

/// Divides by the norm of all tensors, or of each; the description does not say that tensors are separate.
type private OwnNorm() =
    interface IReducingRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = false
        member _.Scalars _ = []
        member _.Coefficients = 1
        member _.Sums = 1
        member _.Waits = true
        member _.Prepare(_, _) = true
        member _.Reduce(_, slice) = slice.Sums[0] <- slice.Sums[0] + 1.0

        member _.Decide(_, decision) =
            decision.DecideAll(0, decision.Total 0)
            true

        member _.Update(_, loop) =
            loop.Run
                { DocumentUpdates.MomentumUpdate.Rate = loop.Lift(loop.Coefficient 0)
                  DocumentUpdates.MomentumUpdate.Decay = loop.Lift 0.5 }

/// Counts the steps of each tensor in a scalar.
type private OwnCount() =
    interface IPreparingRule with
        member _.Slots = [ "velocity" ]
        member _.NeedsParameters = false
        member _.Scalars tensors = [ for k in 1..tensors -> $"count.{k}" ]
        member _.Coefficients = 1

        member _.Prepare(step, decision) =
            for k in 0 .. decision.Tensors - 1 do
                decision[k] <- decision[k] + 1.0
                decision.Decide(k, 0, float step)

            true

        member _.Update(_, loop) =
            loop.Run
                { DocumentUpdates.MomentumUpdate.Rate = loop.Lift(loop.Coefficient 0)
                  DocumentUpdates.MomentumUpdate.Decay = loop.Lift 0.0 }

let private own =
    testList
        "a rule of one's own"
        [ testCase "that reduces tensors is refused unless it says that they are separate" (fun () ->
              let optimizer = Optimizer.ofRule "own_norm" (OwnNorm())
              let state = Optimizer.initFor<float> optimizer layout

              let error =
                  message (fun () -> Optimizer.stepTensorsInPlace optimizer state [ StepTensor.Of("a", [| 0.0; 0.0 |], [| 1.0; 1.0 |]) ])

              Expect.stringContains
                  (Option.defaultValue "" error)
                  "own_norm treats its tensors together. In this step, 'b' has no gradient"
                  "message")
          testCase "can keep a scalar for each tensor" (fun () ->
              let optimizer = Optimizer.ofRule "own_count" (OwnCount())
              let state = Optimizer.initFor<float> optimizer layout
              let b = [| 0.0; 0.0; 0.0 |]
              Optimizer.stepTensorsInPlace optimizer state [ StepTensor.Of("b", b, [| 1.0; 1.0; 1.0 |]) ]
              let all = Array.zeroCreate 5
              Optimizer.stepInPlace optimizer state (Span all) (ReadOnlySpan [| 1.0; 1.0; 1.0; 1.0; 1.0 |])
              Expect.equal state.Numbers [ "count.1", 1.0; "count.2", 2.0 ] "counts"
              Expect.equal all [| -1.0; -1.0; -2.0; -2.0; -2.0 |] "the step of each tensor") ]

let tests =
    testList
        "steps over tensors"
        [ inPrecision single
          inPrecision Precision.double
          refuses
          counts
          wrong
          lateFailure
          native
          allocation
          nonFinite
          own ]
