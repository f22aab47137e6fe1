/// What every optimizer promises besides its law: state, names, ranges and refusals.
module CuteDl.Core.Tests.ContractTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Subjects

let private slotNames =
    Map
        [ "fixed", []
          "momentum", [ "velocity" ]
          "adagrad", [ "square_sum" ]
          "rmsprop", [ "square_average" ]
          "adadelta", [ "square_average"; "delta_square_average" ]
          "adam", [ "average"; "square_average" ] ]

let private expectArgument (what: string) (name: string) (body: unit -> unit) =
    try
        body ()
        failtest $"{what}: nothing was thrown"
    with :? ArgumentException as error ->
        Expect.equal error.ParamName name $"{what}: the argument at fault"

let private initialState (subject: Subject) =
    testCase "the initial state has step 0 and a slot of zeros by each name" (fun () ->
        for length in [ 0; 1; 5; 16; 67 ] do
            let state = Optimizer.init<float32> subject.Default length
            Expect.equal state.Step 0L "step"
            Expect.equal state.Length length "length"
            Expect.equal state.SlotNames subject.Default.SlotNames "names"

            for name in state.SlotNames do
                Expect.equal (state[name].ToArray()) (Array.zeroCreate length) name)

let private stepCounter (subject: Subject) =
    property "a step counts once, whatever the length and the way" (Gen.two (Gen.choose (0, 100))) (fun (length, steps) ->
        let mutable state = Optimizer.init<float> subject.Default length
        let inPlace = Optimizer.init<float> subject.Default length
        let gradient = Array.create length 0.25

        for expected in 1 .. steps % 10 do
            let next, _ = Optimizer.step subject.Default state gradient
            state <- next
            Optimizer.stepInPlace subject.Default inPlace (Span(Array.zeroCreate<float> length)) (ReadOnlySpan gradient)
            Expect.equal state.Step (int64 expected) "pure"
            Expect.equal inPlace.Step (int64 expected) "in place")

let private wrongLengths (subject: Subject) =
    testCase "a gradient or parameters of another length are refused, and leave the state as it was" (fun () ->
        let optimizer = subject.Default
        let state = Optimizer.init<float> optimizer 20

        for wrong in [ 0; 19; 21; 40 ] do
            let other = Array.create wrong 1.0
            let right = Array.create 20 1.0

            expectArgument "pure" "gradient" (fun () -> Optimizer.step optimizer state other |> ignore)

            expectArgument "in place, gradient" "gradient" (fun () ->
                Optimizer.stepInPlace optimizer state (Span right) (ReadOnlySpan other))

            expectArgument "in place, parameters" "parameters" (fun () ->
                Optimizer.stepInPlace optimizer state (Span other) (ReadOnlySpan right))

            Expect.equal right (Array.create 20 1.0) "parameters"

        Expect.equal state.Step 0L "steps"
        Expect.equal (Trajectory.slots state) (Array.zeroCreate (20 * state.SlotNames.Length)) "slots"

        let block = Array.create (3 * state.SlotNames.Length + 1) (Scalar<float> 0.0)

        expectArgument "element by element" "slots" (fun () ->
            Optimizer.stepElements optimizer.Rule 1L (Array.create 3 (Scalar<float> 1.0)) block |> ignore)

        Expect.throwsT<ArgumentOutOfRangeException> (fun () -> Optimizer.init<float> optimizer -1 |> ignore) "a negative length")

let private foreignState (subject: Subject) =
    testCase "another optimizer's state is refused by both steps" (fun () ->
        let gradient = Array.create 20 1.0

        for other in all do
            if other.Default.SlotNames <> subject.Default.SlotNames then
                let state = Optimizer.init<float> other.Default 20

                expectArgument $"{other.Name}, pure" "state" (fun () -> Optimizer.step subject.Default state gradient |> ignore)

                expectArgument $"{other.Name}, in place" "state" (fun () ->
                    Optimizer.stepInPlace subject.Default state (Span gradient) (ReadOnlySpan gradient))

                Expect.equal state.Step 0L "the state is left as it was")

let private unknownSlot (subject: Subject) =
    testCase "a slot that the state does not have is refused with the known ones" (fun () ->
        let state = Optimizer.init<float> subject.Default 3

        try
            state["momentum_buffer"] |> ignore
            failtest "nothing was thrown"
        with :? ArgumentException as error ->
            Expect.stringContains error.Message "'momentum_buffer'" "what was given"
            Expect.stringContains error.Message (if state.SlotNames.IsEmpty then "has no slots" else state.SlotNames.Head) "what is known")

let private outOfRange (subject: Subject) =
    testCase "a hyper-parameter out of its range is refused with its name, value and range" (fun () ->
        for argument in
            subject.Kind.Arguments
            |> List.filter (fun argument -> argument.Form = ValueForm.Number && not (Double.IsNaN argument.Default)) do
            let range = argument.Range
            let below = range.Lower - (if range.LowerIncluded then 1e-9 else 0.0)
            let above = if range.UpperIncluded then range.Upper + 1e-9 else range.Upper

            for value in [ below; above; nan; -infinity ] do
                Expect.isFalse (range.Contains value) $"{argument.Name} = {value}"

                // The door through the text; the one through records is tried below.
                Expect.throwsT<ExpressionException>
                    (fun () -> build subject.Kind [ argument.Name, value ] |> ignore)
                    $"{argument.Name} = {value}")

let private records =
    let refused name (value: obj) range (create: unit -> Optimizer) =
        testCase $"{name} = {value} is refused with the range {range}" (fun () ->
            try
                create () |> ignore
                failtest "nothing was thrown"
            with :? ArgumentOutOfRangeException as error ->
                Expect.equal error.ParamName name "name"
                Expect.isTrue (value.Equals error.ActualValue) $"value {error.ActualValue}"
                Expect.stringContains error.Message range "range")

    testList
        "records out of range"
        [ refused "lr" -0.1 "[0, ∞)" (fun () -> Optimizer.create { LearningRate = -0.1 })
          refused "lr" nan "[0, ∞)" (fun () -> Optimizer.create { LearningRate = nan })
          refused "lr" infinity "[0, ∞)" (fun () ->
              Optimizer.create { Rules.adagrad.Defaults with LearningRate = infinity; Epsilon = 1e-6 })
          refused "decay" -0.1 "[0, 1)" (fun () -> Optimizer.create { Momentum.LearningRate = 0.1; Decay = -0.1 })
          refused "decay" 1.0 "[0, 1)" (fun () -> Optimizer.create { Rules.rmsProp.Defaults with Decay = 1.0 })
          refused "decay" 1.5 "[0, 1)" (fun () -> Optimizer.create { Rules.adadelta.Defaults with Decay = 1.5 })
          refused "eps" -1e-9 "[0, ∞)" (fun () -> Optimizer.create { Rules.adadelta.Defaults with Epsilon = -1e-9 })
          refused "beta1" 1.0 "[0, 1)" (fun () -> Optimizer.create { Rules.adam.Defaults with Beta1 = 1.0 })
          refused "beta2" nan "[0, 1)" (fun () -> Optimizer.create { Rules.adam.Defaults with Beta2 = nan }) ]

let private rateOfZero (subject: Subject) =
    testCase "a rate of 0 stands still" (fun () ->
        if tryValue "lr" subject.Default <> None then
            let optimizer = change "lr" (fun _ -> 0.0) subject.Default

            for delta in Trajectory.doubles optimizer (samples 1 (gradients 5 10 moderate)).[0] do
                Expect.all delta ((=) 0.0) "Δ")

let private ofEach (subject: Subject) =
    [ initialState subject
      stepCounter subject
      wrongLengths subject
      foreignState subject
      unknownSlot subject
      outOfRange subject
      rateOfZero subject ]

let tests =
    testList
        "contract"
        [ testList "of each" [ for subject in all -> testList subject.Name (ofEach subject) ]
          records
          testCase "tensors that cannot be are refused" (fun () ->
              for shapes, expected in
                  [ [ "a", [ 3; -1 ] ], "'a' has a size of -1"
                    [ "a", [ -2; -3 ] ], "'a' has a size of -2"
                    [ "a", [ 1 ]; "a", [ 2 ] ], "Two tensors are named 'a'"
                    [ "a", [ 100000; 100000 ] ], "The tensors up to 'a' have 10000000000 elements"
                    [ "a", [ 65536; 65536 ] ], "The tensors up to 'a' have 4294967296 elements"
                    [ "a", [ Int32.MaxValue - 100 ]; "b", [ 200 ] ], "The tensors up to 'b' have" ] do
                  Expect.throwsC (fun () -> Layout.OfShapes shapes |> ignore) (fun error ->
                      Expect.isTrue (error :? ArgumentException) $"{error.GetType()}"
                      Expect.stringContains error.Message expected "message"))
          testCase "groups say that they need names" (fun () ->
              let groups = Expression.parse "{ \"*.bias\": sgd, \"*\": adam }"

              Expect.throwsC (fun () -> Optimizer.init<float> groups 3 |> ignore) (fun error ->
                  Expect.stringContains error.Message "a layout of named tensors" "message"))
          testCase "other number types than float32 and float64 are refused" (fun () ->
              Expect.throwsT<NotSupportedException> (fun () -> Optimizer.init<Half> all.Head.Default 3 |> ignore) "Half")
          testCase "the slots have the documented names" (fun () ->
              for subject in all do
                  match slotNames.TryFind subject.Name with
                  | Some names -> Expect.equal subject.Default.SlotNames names subject.Name
                  | None -> ())
          testCase "the table holds the document's six, under names that differ" (fun () ->
              let names = [ for subject in all -> subject.Name ]
              Expect.equal (List.distinct names) names "distinct"
              Expect.containsAll names [ "fixed"; "momentum"; "adagrad"; "rmsprop"; "adadelta"; "adam" ] "the six")
          testCase "the defaults are the document's" (fun () ->
              let expected =
                  [ "fixed", [ "lr", 0.01 ]
                    "momentum", [ "lr", 0.002; "decay", 0.9 ]
                    "adagrad", [ "lr", 0.001; "eps", 1e-6 ]
                    "rmsprop", [ "lr", 1e-4; "decay", 0.99; "eps", 1e-6 ]
                    "adadelta", [ "decay", 0.99; "eps", 1e-6 ]
                    "adam", [ "lr", 1e-4; "beta1", 0.9; "beta2", 0.99; "eps", 1e-8 ] ]

              for name, values in expected do
                  let subject = all |> List.find (fun subject -> subject.Name = name)
                  let given = List.map fst values
                  let ours = Subjects.values subject.Default |> List.filter (fun (name, _) -> List.contains name given)
                  Expect.equal ours values name) ]
