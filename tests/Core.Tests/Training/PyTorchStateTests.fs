/// States that are exchanged with PyTorch.
module CuteDl.Core.Tests.PyTorchStateTests

open System
open System.IO
open System.Text.Json
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.AlgebraSamples
open CuteDl.Core.Tests.TemporaryFolder

// Files of PyTorch, and its steps from our files

let private folder = Path.Combine(AppContext.BaseDirectory, "reference", "pytorch-state")

/// The names in generate.py, and our text forms.
let private configurations =
    [ "sgd", "sgd(lr=0.01)"
      "sgd_dampening", "sgd(lr=0.01, momentum=0.9, dampening=0.3)"
      "sgd_nesterov", "l2(0.05) | sgd(lr=0.01, momentum=0.9, nesterov=true)"
      "adam", "adam(lr=0.01, beta2=0.999)"
      "adam_maximize", "maximize | l2(0.02) | adam(lr=0.01, beta2=0.999)"
      "adam_groups", "{ \"*.bias\": adam(lr=0.01, beta2=0.999), \"*\": l2(0.02) | adam(lr=0.01, beta2=0.999) }"
      "adam_absent", "adam(lr=0.01, beta2=0.999)"
      "amsgrad", "amsgrad(lr=0.01)"
      "adamw", "adamw(lr=0.01, weight_decay=0.03)"
      "rmsprop", "rmsprop(lr=0.01, decay=0.9, eps=1e-8)"
      "rmsprop_centered", "rmsprop(lr=0.01, decay=0.9, eps=1e-8, centered=true, momentum=0.7)"
      "adagrad", "adagrad(lr=0.01, eps=1e-10)"
      "adagrad_initial", "adagrad(lr=0.01, eps=1e-10, initial=0.1, lr_decay=0.01)" ]

let private layout =
    Layout.OfShapes [ "0.weight", [ 4; 3 ]; "0.bias", [ 3 ]; "2.weight", [ 3; 2 ]; "2.bias", [ 2 ] ]

type private Trajectories =
    {
        Initial: float array
        Gradients: float array array
        /// By configuration and stage: "first", "second" and "continued".
        Parameters: Map<string, Map<string, float array>>
    }

let private recorded =
    lazy
        (use document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "trajectories.json")))

         let root = document.RootElement

         { Initial = Reference.floats (root.GetProperty "initial")
           Gradients = [| for gradient in root.GetProperty("gradients").EnumerateArray() -> Reference.floats gradient |]
           Parameters =
             Map
                 [ for item in root.GetProperty("configurations").EnumerateObject() ->
                       item.Name, Map [ for stage in item.Value.EnumerateObject() -> stage.Name, Reference.floats stage.Value ] ] })

/// The number of steps before a state is saved.
let private first = 5

let private run (optimizer: Optimizer) (state: State<float>) (parameters: float array) (gradients: float array array) =
    for gradient in gradients do
        Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan gradient)

/// The steps, from 0, in which the first bias has no gradient.
let private absent = Map [ "adam_absent", set [ 0; 3; 8 ] ]

/// A tensor of a step, in the memory of all parameters and gradients; with or without its gradient.
let private tensorOf (parameters: float array) (gradient: float array) (isPresent: bool) (tensor: Parameter) : StepTensor<float> =
    { Name = tensor.Name
      Parameters = Memory(parameters, tensor.Offset, tensor.Length)
      Gradient = if isPresent then ValueSome(ReadOnlyMemory(gradient, tensor.Offset, tensor.Length)) else ValueNone }

/// Takes the recorded steps from one number to another, without the gradients that are absent.
let private runRecorded (name: string) (optimizer: Optimizer) (state: State<float>) (parameters: float array) (start: int) (stop: int) =
    for step in start .. stop - 1 do
        let gradient = recorded.Value.Gradients[step]
        let isAbsent = absent.TryFind name |> Option.exists (Set.contains step)

        Optimizer.stepTensorsInPlace
            optimizer
            state
            [ for tensor in state.Layout.Parameters -> tensorOf parameters gradient (not (isAbsent && tensor.Name = "0.bias")) tensor ]

/// Both programs evaluate the same formulas in another order. A formula has at most 20 operations, each with a relative error of u = 2⁻⁵³.
/// Differences that cancel, such as the centered variance, enlarge errors by less than 20 here. So n steps differ by less than 400 n u,
/// relative to the largest parameter and the sum of the largest steps.
let private expectClose (steps: int) (start: float array) (actual: float array) (expected: float array) (what: string) =
    let largest (values: float array) = values |> Array.map abs |> Array.max
    let way = largest (Array.map2 (-) expected start)
    let bound = 400.0 * float steps * 2.0 ** -53 * (largest start + float steps * way)

    Array.iteri2 (fun i a b -> Close.within bound a b $"{what}: parameter {i}") actual expected

let private agrees (name: string, text: string) =
    let optimizer = Expression.parse text
    let last () = recorded.Value.Gradients.Length

    testList
        name
        [ testCase "steps from PyTorch's state agree with PyTorch" (fun () ->
              let stages = recorded.Value.Parameters[name]

              let state =
                  PyTorchState.read<float> optimizer layout (Path.Combine(folder, "from-pytorch", name + ".npz"))

              let parameters = Array.copy stages["first"]
              runRecorded name optimizer state parameters first (last ())
              expectClose (last () - first) stages["first"] parameters stages["second"] name)
          testCase "PyTorch's steps from our state agree with ours" (fun () ->
              let stages = recorded.Value.Parameters[name]
              let state = Optimizer.initFor<float> optimizer layout
              runRecorded name optimizer state (Array.copy recorded.Value.Initial) 0 first
              let file = Npz.read (Path.Combine(folder, "to-pytorch", name + ".npz"))
              Expect.equal (PyTorchState.toTensors state) file "the file that PyTorch has read"
              let parameters = Array.copy stages["first"]
              runRecorded name optimizer state parameters first (last ())
              expectClose (last () - first) stages["first"] parameters stages["continued"] name) ]

let private agreement =
    testList
        "agreement"
        (testCase "no configuration of PyTorch's is left out, and no rule" (fun () ->
            Expect.equal (Set(List.map fst configurations)) (Set recorded.Value.Parameters.Keys) "configurations"
            let kinds = configurations |> List.collect (fun (_, text) -> (Expression.parse text).Kinds)

            for rule in PyTorchRules.all do
                Expect.exists kinds (fun kind -> kind.Name = rule.Kind.Name) rule.Kind.Name)
         :: List.map agrees configurations)

// Any state

/// A state of a rule with any options, in one or two groups, and other parts around the rule.
let private states =
    let rules =
        [ for rule in PyTorchRules.all do
              ofKind true rule.Kind
              |> Gen.filter (fun optimizer ->
                  Seq.isEmpty optimizer.Settings
                  || optimizer.Settings |> Seq.forall (fun setting -> setting.Value.IsSchedule))
              |> Gen.map (fun optimizer ->
                  rule.Requires
                  |> List.fold (fun optimizer (name, value) -> Optimizer.set name value optimizer) optimizer) ]

    gen {
        let! tensors = shapes
        let! rule = Gen.oneof rules
        let! other = Gen.oneof rules
        let! before = Gen.elements [ ""; "l2(0.1) | "; "maximize | l2(0.1) | clip_norm(1) | " ]
        let! after = Gen.elements [ ""; " | scale(2)"; " | decoupled(0.1)" ]
        let! pattern = pattern tensors

        let text =
            match pattern with
            | Some pattern -> $"{{ \"{pattern}\": {before}{rule}, \"*\": {other} }}{after}"
            | None -> $"{before}{rule}{after}"

        let optimizer = Expression.parse text
        let! run = runOf tensors optimizer moderate false
        return run
    }

let private roundTrips =
    property "written and read, the state is the same" states (fun run ->
        let state = Optimizer.initFor<float> run.Optimizer run.Layout
        let parameters = Array.copy run.Parameters

        for gradient in run.Gradients do
            Optimizer.stepInPlace run.Optimizer state (Span parameters) (ReadOnlySpan gradient)

            let read = PyTorchState.ofTensors<float> run.Optimizer run.Layout "file" (PyTorchState.toTensors state)

            Expect.equal read state "the state")

/// Tensors of one rule, without some of the gradients. The parts need not have the counts of the original: a step without any gradient, or
/// missed by different tensors, leaves no trace in PyTorch.
let private withAbsences =
    let cases =
        gen {
            let! tensors = shapes

            let! optimizer =
                Gen.elements
                    [ "adam"
                      "adam(lr=linear(1, steps=10, end=0))"
                      "l2(linear(0.1, steps=10)) | sgd(momentum=0.9)"
                      "amsgrad"
                      "rmsprop(momentum=0.5)"
                      "adagrad(initial=0.1)"
                      "l2(0.1) | clip_norm(1) | adamw" ]

            let! run = runOf tensors (Expression.parse optimizer) moderate false
            let! present = Gen.arrayOfLength (8 * tensors.Length) (Gen.elements [ true; false ])
            return run, present
        }

    property "steps without some of the gradients are counted for each tensor" cases (fun (run, present) ->
        let state = Optimizer.initFor<float> run.Optimizer run.Layout
        let parameters = Array.copy run.Parameters

        for i, gradient in Seq.indexed run.Gradients do
            Optimizer.stepTensorsInPlace
                run.Optimizer
                state
                [ for k, tensor in Seq.indexed run.Layout.Parameters -> tensorOf parameters gradient present[8 * k + i] tensor ]

        let missesSteps (node: PartNode) = not node.Scheduled.IsEmpty && state.Steps[node.Index] <> state.Step

        if Array.exists missesSteps state.Plan.Nodes then
            Expect.throwsT<ArgumentException> (fun () -> PyTorchState.toTensors state |> ignore) "a schedule from the wrong step"
        else
            let tensors = PyTorchState.toTensors state
            let read = PyTorchState.ofTensors<float> run.Optimizer run.Layout "file" tensors
            Expect.equal (PyTorchState.toTensors read) tensors "the entries"

            // As text, NaN equals NaN.
            let current (state: State<float>) = sprintf "%A" (Optimizer.current run.Optimizer state)
            Expect.equal (current read) (current state) "the hyper-parameters"

            let next (state: State<float>) =
                let parameters = Array.copy parameters
                Optimizer.stepInPlace run.Optimizer state (Span parameters) (ReadOnlySpan run.Gradients[0])
                parameters

            Expect.equal (next read) (next state) "the next step")

// Examples

let private small = Layout.OfShapes [ "a", [ 2; 3 ]; "b", [ 3 ] ]

let private stepped (text: string) =
    let optimizer = Expression.parse text
    let state = Optimizer.initFor<float> optimizer small
    run optimizer state (Array.zeroCreate 9) [| Array.init 9 float; Array.create 9 1.0 |]
    optimizer, state

let private keys (text: string) = PyTorchState.toTensors (snd (stepped text)) |> Map.keys |> List.ofSeq

let private names =
    testList
        "names"
        [ for text, expected in
              [ "sgd", [ "step" ]
                "sgd(momentum=0.9)", [ "a.momentum_buffer"; "b.momentum_buffer"; "step" ]
                "adam", [ "a.exp_avg"; "a.exp_avg_sq"; "a.step"; "b.exp_avg"; "b.exp_avg_sq"; "b.step"; "step" ]
                "rmsprop", [ "a.square_avg"; "a.step"; "b.square_avg"; "b.step"; "step" ]
                "{ \"a\": rmsprop(centered=true, momentum=0.5), \"*\": amsgrad }",
                [ "a.grad_avg"
                  "a.momentum_buffer"
                  "a.square_avg"
                  "a.step"
                  "b.exp_avg"
                  "b.exp_avg_sq"
                  "b.max_exp_avg_sq"
                  "b.step"
                  "step" ]
                "clip_global_norm(1) | adagrad | scale(2)", [ "a.step"; "a.sum"; "b.step"; "b.sum"; "step" ] ] do
              testCase text (fun () -> Expect.equal (keys text) expected "the entries") ]

let private messageOf<'error when 'error :> exn> (body: unit -> unit) : string =
    try
        body ()
        failtest "nothing was thrown"
    with :? 'error as error ->
        error.Message

/// Changes the entries of a state, and reads them.
let private changed (text: string) (change: Map<string, Tensor> -> Map<string, Tensor>) =
    let optimizer, state = stepped text
    PyTorchState.ofTensors<float> optimizer small "file.npz" (change (PyTorchState.toTensors state))

let private f64 (shape: int list) = { Shape = shape; Cells = F64(Array.create (List.fold (*) 1 shape) 0.25) }

let private damaged =
    testList
        "files that do not fit"
        [ for name, text, change, expected in
              [ "a transposed weight",
                "adam",
                Map.add "a.exp_avg" (f64 [ 3; 2 ]),
                "'a.exp_avg' has the shape [3, 2], but the layout has [2, 3]. PyTorch's Linear has units × inputs, and this library inputs × units: transpose"
                "another shape", "adam", Map.add "b.exp_avg" (f64 [ 2 ]), "'b.exp_avg' has the shape [2], but the layout has [3]."
                "a missing entry",
                "adam",
                Map.remove "b.exp_avg_sq",
                "'b.exp_avg_sq' is missing, but the file has other entries of its parameter. Add it to the file, or remove the other entries."
                "a missing count", "adam", Map.remove "b.step", "'b.step' is missing"
                "an entry of another option", "adam", Map.add "a.max_exp_avg_sq" (f64 [ 2; 3 ]), "'a.max_exp_avg_sq' belongs to no tensor"
                "an entry of another tensor", "sgd(momentum=0.9)", Map.add "c.momentum_buffer" (f64 [ 2; 3 ]), "'c.momentum_buffer' belongs"
                "a count that is not whole",
                "adam",
                Map.add "a.step" { Shape = []; Cells = F64 [| 1.5 |] },
                "'a.step' must be one whole number"
                "a negative count", "adam", Map.add "a.step" { Shape = []; Cells = I64 [| -1L |] }, "'a.step' must be one whole number"
                "many counts", "adam", Map.add "a.step" { Shape = [ 2 ]; Cells = I64 [| 1L; 2L |] }, "'a.step' must be one whole number"
                "integers", "adam", Map.add "b.exp_avg" { Shape = [ 3 ]; Cells = I64 [| 1L; 2L; 3L |] }, "'b.exp_avg' holds int64"
                "another initial value",
                "adagrad(initial=0.5)",
                (fun _ ->
                    Map
                        [ for name, shape in [ "a", [ 2; 3 ]; "b", [ 3 ] ] do
                              name + ".step", { Shape = []; Cells = F32 [| 0.0f |] }
                              name + ".sum", f64 shape ]),
                "'a.sum' must hold 0.5 everywhere, because its step is 0." ] do
              testCase name (fun () ->
                  let message = messageOf<DataFormatException>(fun () -> changed text change |> ignore)
                  Expect.stringContains message expected "message"
                  Expect.stringContains message "file.npz" "the file")
          testCase "double precision is not read as single" (fun () ->
              let optimizer, state = stepped "adam"

              let message =
                  messageOf<DataFormatException>(fun () ->
                      PyTorchState.ofTensors<float32> optimizer small "file" (PyTorchState.toTensors state) |> ignore)

              Expect.stringContains message "holds float64. Read it in double precision" "message") ]

let private refused =
    testList
        "optimizers without a counterpart"
        [ let rules = "Use one of the rules sgd, adam, amsgrad, adamw, rmsprop, adagrad"
          let remove = "Remove it, or use a transformation without state."

          for text, problem, advice in
              [ "momentum", "PyTorch has no momentum with the same state.", rules + "."
                "adam(inside=true)", "PyTorch has no adam with inside=true.", "Set inside=false."
                "adam(correction=false)", "PyTorch has no adam with correction=false.", "Set correction=true."
                "adam | ema", "ema keeps state, which is not in a state_dict.", remove
                "adam | lookahead(3)", "lookahead keeps state, which is not in a state_dict.", remove
                "skip_non_finite | adam", "skip_non_finite keeps state, which is not in a state_dict.", remove
                "adam(lr=plateau(0.1, patience=1))",
                "A hyper-parameter of adam follows a plateau, whose state is not in a state_dict.",
                "Use a constant or a schedule."
                "adam | sgd", "'a' has 2 rules instead of one.", rules + " for each tensor."
                "l2(0.1)", "'a' has 0 rules instead of one.", rules + " for each tensor."
                "{ \"a\": adam, \"*\": lion }", "PyTorch has no lion with the same state.", rules + "." ] do
              testCase text (fun () ->
                  let optimizer = Expression.parse text

                  for body in
                      [ (fun () -> PyTorchState.toTensors (Optimizer.initFor<float> optimizer small) |> ignore)
                        (fun () -> PyTorchState.ofTensors<float> optimizer small "file" Map.empty |> ignore) ] do
                      let message = messageOf<ArgumentException> body
                      Expect.stringContains message $"has no counterpart in PyTorch. {problem} {advice} (" "message") ]

let private examples =
    testList
        "examples"
        [ testCase "without entries, a state is initial" (fun () ->
              for text in [ "adam"; "sgd(momentum=0.9)"; "adagrad(initial=0.5)" ] do
                  let optimizer = Expression.parse text

                  Expect.equal
                      (PyTorchState.ofTensors<float> optimizer small "file" Map.empty)
                      (Optimizer.initFor<float> optimizer small)
                      text)
          testCase "the count of a part is the largest of its tensors, and a tensor without entries has missed all steps" (fun () ->
              let state = changed "adam" (Map.remove "b.exp_avg" >> Map.remove "b.exp_avg_sq" >> Map.remove "b.step")
              Expect.equal state.Steps [| 2L |] "the part"
              Expect.equal state.Absences [ "adam", "b", 2L ] "the tensor")
          testCase "Adagrad's initial sum is the initial state" (fun () ->
              let state =
                  changed "adagrad(initial=0.25)" (fun _ ->
                      Map
                          [ for name, shape in [ "a", [ 2; 3 ]; "b", [ 3 ] ] do
                                name + ".step", { Shape = []; Cells = F32 [| 0.0f |] }
                                name + ".sum", f64 shape ])

              Expect.equal state (Optimizer.initFor<float> (Expression.parse "adagrad(initial=0.25)") small) "state")
          testCase "single precision is read as double, exactly" (fun () ->
              let state =
                  changed "sgd(momentum=0.9)" (Map.add "b.momentum_buffer" { Shape = [ 3 ]; Cells = F32 [| 0.1f; 2.0f; -3.0f |] })

              Expect.equal (state["velocity"].ToArray()[6..]) [| float 0.1f; 2.0; -3.0 |] "values")
          testCase "SGD's count of steps is that of the file, or one step" (fun () ->
              let withoutCount = changed "sgd(momentum=0.9)" (Map.remove "step")
              Expect.equal withoutCount.Step 1L "one step"
              let schedule = "sgd(lr=linear(1, steps=10, end=0), momentum=0.9)"
              let state = changed schedule (Map.add "step" { Shape = []; Cells = F32 [| 4.0f |] })
              let rate = Optimizer.current (Expression.parse schedule) state |> Map |> Map.find "lr"
              Close.within 1e-15 rate 0.6 "the schedule"

              let message = messageOf<ArgumentException>(fun () -> changed schedule (Map.remove "step") |> ignore)

              Expect.stringContains message "lr of sgd would follow its schedule from the wrong step" "message"
              Expect.stringContains message "Add the number of steps to the file as 'step'." "advice")
          testCase "without momentum, SGD's schedule needs the count of the file, too" (fun () ->
              for schedule in [ "sgd(lr=linear(1, steps=10, end=0))"; "l2(linear(1, steps=10, end=0)) | sgd" ] do
                  let message = messageOf<ArgumentException>(fun () -> changed schedule (Map.remove "step") |> ignore)
                  Expect.stringContains message "would follow its schedule from the wrong step" schedule
                  Expect.stringContains message "Add the number of steps to the file as 'step'." schedule
                  let optimizer, state = stepped schedule
                  Expect.equal (Optimizer.current optimizer (changed schedule id)) (Optimizer.current optimizer state) schedule)
          testCase "a schedule follows the steps of the optimizer, though no tensor has taken all of them" (fun () ->
              let optimizer = Expression.parse "adam(lr=linear(1, steps=10, end=0))"
              let state = Optimizer.initFor<float> optimizer small
              let parameters = Array.zeroCreate 9

              for present in [ "a"; "b" ] do
                  Optimizer.stepTensorsInPlace
                      optimizer
                      state
                      [ for tensor in small.Parameters -> tensorOf parameters (Array.create 9 1.0) (tensor.Name = present) tensor ]

              let read = PyTorchState.ofTensors<float> optimizer small "file" (PyTorchState.toTensors state)
              Close.within 1e-15 (Optimizer.current optimizer read |> Map |> Map.find "lr") 0.8 "the schedule"
              Expect.equal read state "the state")
          testCase "a schedule of a part that missed steps is not written" (fun () ->
              let optimizer = Expression.parse "{ \"a\": adam(lr=linear(1, steps=10, end=0)), \"*\": adam }"
              let state = Optimizer.initFor<float> optimizer small

              for isPresent in [ true; false ] do
                  Optimizer.stepTensorsInPlace
                      optimizer
                      state
                      [ for tensor in small.Parameters ->
                            tensorOf (Array.zeroCreate 9) (Array.create 9 1.0) (isPresent || tensor.Name = "b") tensor ]

              Expect.stringContains
                  (messageOf<ArgumentException>(fun () -> PyTorchState.toTensors state |> ignore))
                  "lr of adam would follow its schedule from the wrong step. The part has taken 1 of the optimizer's 2 steps"
                  "message")
          testCase "a schedule follows the steps of the part, also if a tensor missed some" (fun () ->
              let optimizer, state = stepped "sgd(lr=linear(1, steps=10, end=0), momentum=0.9)"
              let parameters = Array.zeroCreate 9
              Optimizer.stepTensorsInPlace optimizer state [ tensorOf parameters (Array.create 9 1.0) true small.Parameters[0] ]

              let read = PyTorchState.ofTensors<float> optimizer small "file" (PyTorchState.toTensors state)

              Expect.equal (Optimizer.current optimizer read) (Optimizer.current optimizer state) "hyper-parameters")
          testInFolder "files of both kinds" (fun folder ->
              let optimizer, state = stepped "clip_norm(1) | adamw"

              for name in [ "a.npz"; "a.safetensors" ] do
                  let path = Path.Combine(folder, name)
                  PyTorchState.save path state
                  Expect.equal (PyTorchState.read<float> optimizer small path) state name) ]

let tests =
    testList "PyTorch's states" [ agreement; roundTrips; withAbsences; names; damaged; refused; examples ]
