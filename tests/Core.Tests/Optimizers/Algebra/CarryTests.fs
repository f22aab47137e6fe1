/// States that are carried to another layout.
module CuteDl.Core.Tests.AlgebraCarryTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Precision
open CuteDl.Core.Tests.AlgebraSamples
open CuteDl.Core.Tests.AlgebraSteps

let private shapesOf (layout: Layout) = [ for tensor in layout.Parameters -> tensor.Name, tensor.Shape ]

let private shuffled (layout: Layout) = Gen.shuffle (shapesOf layout) |> Gen.map Layout.OfShapes

/// Returns the elements of kept tensors, in the order of the report.
let private elementsOf (tensors: Parameter list) (values: float array) =
    [| for tensor in tensors do
           yield! Array.sub values tensor.Offset tensor.Length |]

let private before (report: CarryReport) = report.Kept |> List.map _.Before
let private after (report: CarryReport) = report.Kept |> List.map _.After

/// Copies the values of kept tensors to their places in the new layout.
let private moved (layout: Layout) (report: CarryReport) (values: float array) =
    let result = Array.zeroCreate<float> layout.Length

    for tensor in report.Kept do
        Array.blit values tensor.Before.Offset result tensor.After.Offset tensor.After.Length

    result

let private step (optimizer: Optimizer) (state: State<float>) (parameters: float array) (gradient: float array) =
    Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan gradient)

// Any optimizer

let private same =
    property "to the same layout, the state is the same" (runs any moderate true) (fun run ->
        let _, state = trajectory Precision.double run
        let carried, report = State.carry run.Layout id state
        Expect.equal carried state "the state"

        Expect.equal
            report
            { Kept = [ for tensor in run.Layout.Parameters -> { Before = tensor; After = tensor } ]
              Dropped = []
              Added = []
              Restarted = [] }
            "the report")

let private roundTrips =
    let cases =
        gen {
            let! run = runs any moderate true
            let! layout = shuffled run.Layout
            return run, layout
        }

    property "to another order and back, the state is the same" cases (fun (run, layout) ->
        let _, state = trajectory Precision.double run
        let carried, report = State.carry layout id state
        Expect.equal (Set [ for tensor in after report -> tensor.Name ]) (Set(List.map fst (shapesOf layout))) "kept"
        Expect.equal report.Restarted [] "nothing starts anew"
        Expect.equal carried.Step state.Step "the step"
        Expect.equal (fst (State.carry run.Layout id carried)) state "back")

let private namesBack =
    property "to other names and back, the state is the same" (runs { any with Groups = false } moderate true) (fun run ->
        let _, state = trajectory Precision.double run
        let layout = Layout.OfShapes [ for name, shape in shapesOf run.Layout -> $"model.{name}", shape ]
        let carried, _ = State.carry layout (fun name -> $"model.{name}") state
        Expect.equal carried.Layout layout "the layout"
        Expect.equal (fst (State.carry run.Layout _.Substring("model.".Length) carried)) state "back")

/// Kinds whose step of a tensor depends on the others, or on the position of the tensor.
let private notByTensor = "noise" :: "skip_non_finite" :: global'

/// A run, and a layout to carry its state to: in another order; without groups also with other names and fewer tensors.
let private changed =
    gen {
        let! run = runs (any |> without notByTensor) moderate false
        let! layout = shuffled run.Layout

        if (string run.Optimizer).Contains '{' then
            return run, layout, id
        else
            let! count = Gen.choose (1, layout.Parameters.Count)
            let kept = shapesOf layout |> List.truncate count
            return run, Layout.OfShapes [ for name, shape in kept -> "x." + name, shape ], (fun (name: string) -> "x." + name)
    }

let private continues =
    property "steps of kept tensors equal those without carrying, bit for bit" changed (fun (run, layout, rename) ->
        let state = Optimizer.initFor<float> run.Optimizer run.Layout
        let parameters = Array.copy run.Parameters
        let half = run.Gradients.Length / 2

        for i in 0 .. half - 1 do
            step run.Optimizer state parameters run.Gradients[i]
            Optimizer.observeInPlace run.Optimizer state run.Losses[i]

        let carried, report = State.carry layout rename state
        let carriedParameters = moved layout report parameters

        for i in half .. run.Gradients.Length - 1 do
            step run.Optimizer state parameters run.Gradients[i]
            step run.Optimizer carried carriedParameters (moved layout report run.Gradients[i])

            for state in [ state; carried ] do
                Optimizer.observeInPlace run.Optimizer state run.Losses[i]

            expectSameBits
                Precision.double
                (elementsOf (after report) carriedParameters)
                (elementsOf (before report) parameters)
                $"parameters after step {i + 1}"

        expectSameBits
            Precision.double
            (elementsOf (after report) (Optimizer.averaged run.Optimizer carried (ReadOnlySpan carriedParameters)))
            (elementsOf (before report) (Optimizer.averaged run.Optimizer state (ReadOnlySpan parameters)))
            "averages")

/// An optimizer without schedules, tensors, and the number of those that are new.
let private grown =
    let together =
        [ "accumulate"; "ema"; "nadam"; "schedule_free"; "schedule_free_sgd"; "schedule_free_adamw" ]

    gen {
        let choice = any |> without (notByTensor @ together)
        let! run = runs { choice with Scheduled = false; Groups = false } moderate false
        let! layout = shuffled run.Layout
        let! count = Gen.choose (0, layout.Parameters.Count)
        return run, layout, count
    }

let private joins =
    property "new tensors start like tensors of a new state, and the others continue, bit for bit" grown (fun (run, whole, count) ->
        let optimizer = run.Optimizer
        let names = shapesOf whole
        let old = Layout.OfShapes(List.skip count names)
        let added = Layout.OfShapes(List.truncate count names)
        let half = run.Gradients.Length / 2

        let inWhole (layout: Layout) =
            [ for tensor in layout.Parameters -> whole.Parameters |> Seq.find (fun other -> other.Name = tensor.Name) ]

        let valuesFor (layout: Layout) (values: float array) = elementsOf (inWhole layout) values
        let state = Optimizer.initFor<float> optimizer old
        let parameters = valuesFor old run.Parameters

        for gradient in run.Gradients[.. half - 1] do
            step optimizer state parameters (valuesFor old gradient)

        let carried, report = State.carry whole id state
        Expect.equal report.Restarted [] "nothing starts anew"
        let fresh = Optimizer.initFor<float> optimizer added
        let freshParameters = valuesFor added run.Parameters
        let carriedParameters = moved whole report parameters

        for tensor in inWhole added do
            Array.blit run.Parameters tensor.Offset carriedParameters tensor.Offset tensor.Length

        for gradient in run.Gradients[half..] do
            step optimizer state parameters (valuesFor old gradient)
            step optimizer fresh freshParameters (valuesFor added gradient)
            step optimizer carried carriedParameters gradient

        expectSameBits Precision.double (valuesFor old carriedParameters) parameters "the others"
        expectSameBits Precision.double (valuesFor added carriedParameters) freshParameters "the new tensors"

        // Without tensors, no part begins.
        if count < whole.Parameters.Count then
            Expect.equal (fst (State.carry old id carried)) state "without the new tensors again"

        Expect.equal (report.Kept.Length + report.Added.Length) whole.Parameters.Count "tensors")

// The report

let private partition =
    let cases =
        gen {
            let! first = shapes
            let! second = shapes
            let! names = Gen.shuffle (List.map fst first)
            // Some tensors of the second layout get the shape that the first one has.
            let byName = Map first
            let! fits = Gen.listOfLength second.Length (Gen.elements [ true; false ])

            let second =
                [ for (name, shape), fits in List.zip second fits ->
                      name, (if fits then byName.TryFind name |> Option.defaultValue shape else shape) ]

            return Layout.OfShapes first, Layout.OfShapes second, Map(Seq.zip (List.map fst first) names)
        }

    property "the report puts each tensor into one list, with the right reason" cases (fun (first, second, names) ->
        let rename name = names[name]
        let state = Optimizer.initFor<float> (Expression.parse "momentum") first
        let carried, report = State.carry second rename state
        let key (tensor: Parameter) = tensor.Name
        let dropped, added = report.Dropped |> List.map _.Tensor, report.Added |> List.map _.Tensor
        let byName = List.sortBy key
        Expect.equal (byName (before report @ dropped)) (byName (List.ofSeq first.Parameters)) "the old tensors"
        Expect.equal (byName (after report @ added)) (byName (List.ofSeq second.Parameters)) "the new tensors"
        Expect.equal carried.Layout second "the layout"

        for tensor in report.Kept do
            Expect.equal (rename tensor.Before.Name, tensor.Before.Shape) (tensor.After.Name, tensor.After.Shape) "kept"

        let expected (tensor: Parameter) (other: Parameter option) =
            match other with
            | Some other ->
                Expect.notEqual other.Shape tensor.Shape "a tensor of the same shape is kept"
                CarryMismatch.OtherShape other.Shape
            | None -> CarryMismatch.NoSuchName

        for tensor in report.Dropped do
            let other = second.Parameters |> Seq.tryFind (fun other -> other.Name = rename tensor.Tensor.Name)
            Expect.equal tensor.Reason (expected tensor.Tensor other) "dropped"

        for tensor in report.Added do
            let other = first.Parameters |> Seq.tryFind (fun other -> rename other.Name = tensor.Tensor.Name)
            Expect.equal tensor.Reason (expected tensor.Tensor other) "added")

// Examples

/// A state after three steps, with its parameters.
let private after3 (text: string) (shapes: (string * int list) list) =
    let optimizer = Expression.parse text
    let layout = Layout.OfShapes shapes
    let state = Optimizer.initFor<float> optimizer layout
    let parameters = Array.init layout.Length (fun i -> sin (float (i + 1)))

    for t in 1..3 do
        step optimizer state parameters (Array.init layout.Length (fun i -> cos (float (i * t))))

    optimizer, state, parameters

let private backbone = [ "backbone.0", [ 3; 2 ]; "backbone.1", [ 2 ] ]
let private old = backbone @ [ "head", [ 2; 4 ] ]
let private fresh = backbone @ [ "head", [ 2; 7 ] ]

let private examples =
    testList
        "examples"
        [ testCase "a new head: the others continue, the head starts, and the schedule continues" (fun () ->
              let text = "clip_norm(1) | adam(lr=linear(0.1, steps=10, end=0))"
              let optimizer, state, parameters = after3 text old
              let carried, report = State.carry (Layout.OfShapes fresh) id state
              Expect.equal (before report |> List.map _.Name) [ "backbone.0"; "backbone.1" ] "kept"

              Expect.equal
                  [ for tensor in report.Dropped @ report.Added -> tensor.Tensor.Name, tensor.Tensor.Shape, tensor.Reason ]
                  [ "head", [ 2; 4 ], CarryMismatch.OtherShape [ 2; 7 ]
                    "head", [ 2; 7 ], CarryMismatch.OtherShape [ 2; 4 ] ]
                  "both shapes"

              Expect.equal report.Restarted [] "nothing starts anew"
              Expect.equal carried.Absences [ "2.adam", "head", 3L ] "the head has missed all steps"
              let gradient = Array.init 22 (fun i -> cos (float i))
              let _, delta = Optimizer.step optimizer carried gradient
              let _, ofOld = Optimizer.step optimizer state gradient[..15]
              let constant = Expression.parse "clip_norm(1) | adam(lr=0.07)"
              let _, ofFresh = Optimizer.step constant (Optimizer.initFor constant (Layout.OfShapes fresh)) gradient
              expectSameBits Precision.double delta[..7] ofOld[..7] "the others"
              Array.iter2 (fun a b -> Close.relative 1e-14 a b "the head") delta[8..] ofFresh[8..]
              Expect.equal parameters.Length 16 "the old parameters")
          testCase "a part that treats its tensors together starts anew with a new tensor, with its schedule" (fun () ->
              for text in [ "nadam(lr=cosine(0.1, steps=9))"; "dog"; "prodigy"; "schedule_free_sgd"; "ema" ] do
                  let optimizer, state, _ = after3 text old
                  let carried, report = State.carry (Layout.OfShapes fresh) id state

                  Expect.equal
                      report.Restarted
                      [ { Part = ""
                          Kind = optimizer.Kind.Name
                          Tensors = [ "backbone.0"; "backbone.1" ]
                          Reason = RestartReason.NewTensors [ "head" ] } ]
                      text

                  Expect.equal (carried.With(0L, Array.Empty())) (Optimizer.initFor optimizer (Layout.OfShapes fresh)) text
                  Expect.equal carried.Step 3L "the step")
          testCase "parts without slots keep their counts and numbers when tensors are new" (fun () ->
              let optimizer, state, _ =
                  after3 "clip_global_norm(1) | scale(linear(1, steps=8, end=0.5)) | fixed(lr=0.1)" old

              let carried, report = State.carry (Layout.OfShapes fresh) id state
              Expect.equal report.Restarted [] "nothing starts anew"
              Expect.equal carried.Numbers state.Numbers "numbers"
              Expect.equal (Optimizer.current optimizer carried) (Optimizer.current optimizer state) "hyper-parameters")
          testCase "before the first step, nothing starts anew" (fun () ->
              let state = Optimizer.initFor<float> (Expression.parse "adam | ema") (Layout.OfShapes old)
              let carried, report = State.carry (Layout.OfShapes fresh) id state
              Expect.equal report.Restarted [] "report"
              Expect.equal carried (Optimizer.initFor (Expression.parse "adam | ema") (Layout.OfShapes fresh)) "the initial state")
          testCase "numbers for all tensors stay if tensors are dropped" (fun () ->
              for text in [ "dog"; "prodigy"; "nadam"; "adam | ema" ] do
                  let _, state, _ = after3 text old
                  let carried, report = State.carry (Layout.OfShapes backbone) id state
                  Expect.equal report.Restarted [] text
                  Expect.equal carried.Numbers state.Numbers text)
          testCase "plateaus keep their numbers" (fun () ->
              let optimizer, state, _ = after3 "novograd(lr=plateau(0.1, patience=1))" old

              for loss in [ 3.0; 2.0; 4.0; 5.0 ] do
                  Optimizer.observeInPlace optimizer state loss

              let carried, _ = State.carry (Layout.OfShapes [ "head", [ 2; 4 ] ]) id state
              Expect.equal (Optimizer.current optimizer carried) (Optimizer.current optimizer state) "hyper-parameters"
              Expect.equal carried.Numbers[1..] state.Numbers[3..] "numbers of the plateau"
              Expect.equal (snd carried.Numbers[0]) (snd state.Numbers[2]) "the number of the head")
          testCase "a tensor that changes its group starts anew there" (fun () ->
              let rename (name: string) = if name = "head" then "backbone.2" else name
              let layout = Layout.OfShapes(backbone @ [ "backbone.2", [ 2; 4 ] ])
              let _, state, _ = after3 "{ \"backbone.*\": adam, \"*\": adam }" old
              let _, report = State.carry layout rename state

              Expect.equal
                  report.Restarted
                  [ { Part = "backbone.*"; Kind = "adam"; Tensors = [ "backbone.2" ]; Reason = RestartReason.OtherPart } ]
                  "a group that had tensors"

              let _, state, _ = after3 "{ \"*.2\"?: adam, \"*\": sgd } | sgd(momentum=0.9)" old
              let carried, report = State.carry layout rename state

              Expect.equal
                  report.Restarted
                  [ { Part = "1.*.2"; Kind = "adam"; Tensors = [ "backbone.2" ]; Reason = RestartReason.OtherPart } ]
                  "a group that had none"

              Expect.equal (carried["2.sgd.velocity"].ToArray()) (state["2.sgd.velocity"].ToArray()) "the part for all tensors")
          testCase "a frozen tensor keeps its state" (fun () ->
              let optimizer, state, _ = after3 "adam | ema(0.9)" old
              let frozen = Freezing.freeze "head" optimizer
              let frozenState = Optimizer.initFor<float> frozen (Layout.OfShapes old)
              let thawed = Freezing.thaw "head" frozen
              let parameters = Array.init 16 (fun i -> sin (float (i + 1)))

              for t in 1..3 do
                  step thawed frozenState parameters (Array.init 16 (fun i -> cos (float (i * t))))

              step frozen frozenState parameters (Array.create 16 1.0)
              let carried, report = State.carry (Layout.OfShapes [ "head", [ 2; 4 ] ]) id frozenState
              Expect.equal (after report |> List.map _.Name) [ "head" ] "kept"
              Expect.equal (carried["head.2.adam.average"].ToArray()) (state["1.adam.average"].ToArray()[8..]) "the frozen tensor"
              let _, delta = Optimizer.stepAt thawed carried parameters[8..] (Array.create 8 1.0)
              let _, expected = Optimizer.stepAt optimizer state parameters (Array.create 16 1.0)
              expectSameBits Precision.double delta expected[8..] "it continues")
          testCase "tensors that have missed steps keep their own counts" (fun () ->
              for text in [ "adam"; "novograd"; "l2(0.1) | lamb" ] do
                  let optimizer, state, parameters = after3 text old
                  let head = (Layout.OfShapes old).Parameters[2]
                  let gradient = Array.init 16 (fun i -> cos (float i))
                  let ofHead = StepTensor.Of("head", parameters[8..], gradient[8..])
                  Optimizer.stepTensorsInPlace optimizer state [ ofHead ]
                  let carried, report = State.carry (Layout.OfShapes(List.rev old)) id state
                  Expect.equal (Set carried.Absences) (Set state.Absences) text
                  Expect.isNonEmpty state.Absences text
                  Expect.equal (fst (State.carry (Layout.OfShapes old) id carried)) state text

                  let _, delta =
                      Optimizer.stepAt optimizer carried (moved carried.Layout report parameters) (moved carried.Layout report gradient)

                  let _, expected = Optimizer.stepAt optimizer state parameters gradient
                  expectSameBits Precision.double (elementsOf (after report) delta) (elementsOf (before report) expected) text
                  let alone, _ = State.carry (Layout.OfShapes [ head.Name, head.Shape ]) id state
                  Expect.isEmpty alone.Absences "the head has missed no step")
          testCase "the given state does not change" (fun () ->
              let optimizer, state, parameters = after3 "adam" old
              let copy = state.Copy()
              let carried, _ = State.carry (Layout.OfShapes backbone) id state
              step optimizer carried parameters[..7] (Array.create 8 1.0)
              Expect.equal state copy "the given state") ]

let private messageOf (body: unit -> unit) : string =
    try
        body ()
        failtest "nothing was thrown"
    with :? ArgumentException as error ->
        error.Message

/// Keeps two numbers for each tensor.
type private TwoNumbers =
    | TwoNumbers

    interface IReducingRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Scalars tensors = [ for k in 1 .. 2 * tensors -> $"number.{k}" ]
        member _.Coefficients = 0
        member _.Sums = 0
        member _.Waits = true
        member _.Prepare(_, _) = true
        member _.Reduce(_, _) = ()
        member _.Decide(_, _) = true
        member _.Update(_, loop) = loop.Run(IdentityUpdate())

let private refused =
    testList
        "refused"
        [ testCase "two tensors of one name" (fun () ->
              let _, state, _ = after3 "adam" old

              let message =
                  messageOf (fun () -> State.carry (Layout.OfShapes old) (fun name -> name.Split('.')[0]) state |> ignore)

              Expect.stringContains message "'backbone.0' and 'backbone.1' would both be renamed to 'backbone'" "message")
          testCase "a layout that the optimizer refuses" (fun () ->
              let _, state, _ = after3 "{ \"head\": adam, \"*\": sgd }" old
              let message = messageOf (fun () -> State.carry (Layout.OfShapes backbone) id state |> ignore)
              Expect.stringContains message "The group \"head\" matches no tensor" "message")
          testCase "numbers whose tensors are unknown" (fun () ->
              let state = Optimizer.initFor<float> (Optimizer.ofRule "two" TwoNumbers) (Layout.OfShapes old)
              let message = messageOf (fun () -> State.carry (Layout.OfShapes old) id state |> ignore)
              Expect.stringContains message "two keeps 6 numbers for 3 tensors" "message") ]

let tests =
    testList "carry" [ same; roundTrips; namesBack; continues; joins; partition; examples; refused ]
