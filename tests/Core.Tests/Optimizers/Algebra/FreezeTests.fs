/// A frozen tensor takes part in nothing, wherever its freeze is written.
module CuteDl.Core.Tests.AlgebraFreezeTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Precision
open CuteDl.Core.Tests.AlgebraSamples
open CuteDl.Core.Tests.AlgebraSteps

let private isMatch (pattern: string) (name: string) = IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, name, false)

/// Noise depends on where a tensor begins.
let private choice = any |> without [ "noise" ]

/// Tensors, a pattern that some of them match, and a run over the others.
let private frozenRunsOf (choice: Choice) =
    gen {
        let! tensors = shapes |> Gen.filter (fun tensors -> tensors.Length > 1)
        let! pattern = pattern tensors
        let pattern = defaultArg pattern (fst tensors.Head)
        let left = tensors |> List.filter (fst >> isMatch pattern >> not)

        // What is frozen must fit the groups too, but for its shape: it can thaw.
        let all =
            Layout.OfShapes [ for name, shape in tensors -> name, (if isMatch pattern name then [ 2; 2 ] else shape) ]

        let fits (optimizer: Optimizer) =
            try
                Optimizer.check optimizer all
                true
            with :? ArgumentException ->
                false

        let! optimizer = optimizers choice left |> Gen.filter fits
        let! run = runOf left optimizer moderate true

        let! frozenElements =
            Gen.arrayOfLength 16 (Gen.frequency [ 1, Gen.elements [ nan; infinity ]; 5, anySize ])

        return tensors, pattern, run, frozenElements
    }

/// The elements of the tensors that are not frozen, and of those that are.
let private cut (pattern: string) (tensors: (string * int list) list) (values: 'a array) : 'a array * 'a array =
    let parts (isFrozen: bool) =
        [| for p in (Layout.OfShapes tensors).Parameters do
               if isMatch pattern p.Name = isFrozen then
                   yield! Array.sub values p.Offset p.Length |]

    parts false, parts true

/// Values for all tensors: these where nothing is frozen, repeated others where it is.
let private spread (pattern: string) (tensors: (string * int list) list) (values: float array) (others: float array) : float array =
    let mutable next = 0

    [| for name, shape in tensors do
           for i in 0 .. List.fold (*) 1 shape - 1 do
               if isMatch pattern name then
                   others[i % others.Length]
               else
                   values[next]
                   next <- next + 1 |]

let private frozenRuns = frozenRunsOf choice

let private equalsWithout (precision: Precision<'T>) =
    property
        "what is frozen might as well not be there, bit for bit, pure and in place"
        frozenRuns
        (fun (tensors, pattern, run, frozenElements) ->
            let optimizer = Freezing.freeze pattern run.Optimizer
            let layout = Layout.OfShapes tensors
            let whole = spread pattern tensors run.Parameters [| 1.0; -0.5 |] |> precision.OfAll
            let start = snd (cut pattern tensors whole)
            let state = Optimizer.initFor<'T> optimizer layout
            let mutable pureState = Optimizer.initFor<'T> optimizer layout
            let mutable pureWhole = Array.copy whole
            let alone = Optimizer.initFor<'T> run.Optimizer run.Layout
            let expected = precision.OfAll run.Parameters

            for loss, gradient in Seq.zip run.Losses run.Gradients do
                let error = inPlaceStep run.Optimizer alone expected (precision.OfAll gradient)
                Optimizer.observeInPlace run.Optimizer alone loss
                let wholeGradient = spread pattern tensors gradient frozenElements |> precision.OfAll
                Expect.equal (inPlaceStep optimizer state whole wholeGradient) error "errors in place"
                Optimizer.observeInPlace optimizer state loss
                let next, parameters, pureError = pureStep optimizer pureState pureWhole wholeGradient
                Expect.equal pureError error "errors of the pure step"
                pureState <- Optimizer.observe optimizer next loss
                pureWhole <- parameters

                for actual in [ whole; pureWhole ] do
                    let moving, frozen = cut pattern tensors actual
                    expectSameBits precision moving expected "the others"
                    expectSameBits precision frozen start "what is frozen"

            let averages, frozenAverages =
                cut pattern tensors (Optimizer.averaged optimizer state (ReadOnlySpan whole))

            expectSameBits precision averages (Optimizer.averaged run.Optimizer alone (ReadOnlySpan expected)) "averages"
            expectSameBits precision frozenAverages start "averages of what is frozen")

let private continues (precision: Precision<'T>) =
    // With norms over all tensors, the others do notice what has thawed. A gate that throws stops both. Muon refuses other shapes.
    let runs = choice |> without [ "clip_global_norm"; "skip_non_finite"; "muon" ] |> frozenRunsOf

    property
        "what thaws continues as if no steps and no losses had passed, and the others never notice"
        (Gen.zip runs (Gen.listOfLength 7 (Gen.elements [ true; false ])))
        (fun ((tensors, pattern, run, _), isOn) ->
            let frozen = Freezing.freeze pattern run.Optimizer
            let thawed = Freezing.thaw pattern frozen
            let layout = Layout.OfShapes tensors
            let parameters = spread pattern tensors run.Parameters [| 1.0; -0.5 |] |> precision.OfAll
            let state = Optimizer.initFor<'T> frozen layout
            let expected = Array.copy parameters
            let alone = Optimizer.initFor<'T> thawed layout
            let others = Array.copy parameters
            let othersState = Optimizer.initFor<'T> frozen layout

            for isOn, loss, gradient in Seq.zip3 isOn run.Losses run.Gradients do
                let gradient = spread pattern tensors gradient [| 0.25; -2.0 |] |> precision.OfAll

                let advance optimizer state parameters =
                    inPlaceStep optimizer state parameters gradient |> ignore
                    Optimizer.observeInPlace optimizer state loss

                advance (if isOn then frozen else thawed) state parameters
                advance frozen othersState others

                if not isOn then
                    advance thawed alone expected

                expectSameBits precision (snd (cut pattern tensors parameters)) (snd (cut pattern tensors expected)) "what thaws"
                expectSameBits precision (fst (cut pattern tensors parameters)) (fst (cut pattern tensors others)) "the others")

/// Each freezes layers.0 under a norm over all tensors.
let private forms =
    let norm = Expression.parse "clip_global_norm(1)"
    let frozen = Freezing.freeze "layers.0.*" (Expression.parse "fixed(lr=1)")

    [ "clip_global_norm(1) | { \"layers.0.*\": freeze, \"*\": fixed(lr=1) }"
      "{ \"layers.0.*\": freeze, \"*\": identity } | clip_global_norm(1) | fixed(lr=1)"
      "clip_global_norm(1) | fixed(lr=1) | { \"layers.0.*\": freeze, \"*\": identity }"
      string (Freezing.freeze "layers.0.*" (Expression.parse "clip_global_norm(1) | fixed(lr=1)"))
      string (Freezing.freeze "layers.0.*" (Expression.parse "fixed(lr=1) | clip_global_norm(1)"))
      string (Freezing.within (Func<_, _>(fun original -> Optimizer.chain [ norm; original ])) frozen) ]

let private example =
    testList
        "in any order and form"
        [ for i, text in List.indexed forms do
              testCase $"{i + 1}) {text}" (fun () ->
                  let optimizer = Expression.parse text

                  let state =
                      Optimizer.initFor<float> optimizer (Layout.OfShapes [ "layers.0.weight", [ 2 ]; "layers.1.weight", [ 2 ] ])

                  let parameters = Array.create 4 1.0
                  Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan [| 300.0; 400.0; 0.3; 0.4 |])
                  Expect.equal parameters [| 1.0; 1.0; 1.0 - 0.3; 1.0 - 0.4 |] "the frozen gradients are in no norm")
          testCase "a gradient that is not finite skips no step where it is frozen" (fun () ->
              let optimizer = Expression.parse "skip_non_finite(1) | { \"a\": freeze, \"*\": fixed(lr=1) }"
              let state = Optimizer.initFor<float> optimizer (Layout.OfShapes [ "a", [ 1 ]; "b", [ 1 ] ])
              let parameters = [| 1.0; 1.0 |]

              for _ in 1..5 do
                  Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan [| nan; 1.0 |])

              Expect.equal parameters [| 1.0; -4.0 |] "parameters"
              Expect.equal (List.map snd state.Numbers) [ 0.0; 0.0 ] "nothing was skipped")
          testCase "a rule for matrices does not object to a frozen bias" (fun () ->
              let optimizer = Freezing.freeze "*.bias" (Expression.parse "muon")
              let layout = Layout.OfShapes [ "a.weight", [ 2; 2 ]; "a.bias", [ 2 ] ]
              Expect.equal (Optimizer.initFor<float> optimizer layout).Length 6 "it fits"
              Expect.throws (fun () -> Optimizer.check (Freezing.thaw "*.bias" optimizer) layout) "thawed, it does not")
          testCase "everything can freeze, and then nothing moves" (fun () ->
              let layout = Layout.OfShapes [ "a", [ 2 ]; "b", [ 3 ] ]
              let gradient = [| 1.0; -2.0; nan; 3.0; infinity |]

              for text in
                  [ "adam"
                    "clip_global_norm(1) | adam | ema"
                    "skip_non_finite(1) | sgd(momentum=0.9)"
                    "{ \"a\": nadam, \"*\": accumulate(2) | lookahead(2) }"
                    "muon"
                    "prodigy" ] do
                  let original = Expression.parse text
                  let frozen = Freezing.freeze "*" original
                  Expect.equal (Expression.parse (string frozen)) frozen $"{frozen} is a text form"
                  let state = Optimizer.initFor<float> frozen layout
                  let parameters = Array.create 5 0.5

                  for _ in 1..3 do
                      Optimizer.stepInPlace frozen state (Span parameters) (ReadOnlySpan gradient)
                      let _, delta = Optimizer.stepAt frozen state parameters gradient
                      Expect.all delta ((=) 0.0) $"Δ of {frozen}"

                  Expect.equal parameters (Array.create 5 0.5) $"parameters of {frozen}"
                  Expect.equal (Optimizer.averaged frozen state (ReadOnlySpan parameters)) parameters $"averages of {frozen}")
          testCase "what freezes everything thaws, and can be frozen with other patterns in any order" (fun () ->
              let adam = Expression.parse "adam"
              let frozen = Freezing.freeze "*" adam
              Expect.equal (string frozen) $"{{ \"*\": freeze() | {adam} }}" "one group"
              Expect.equal (Freezing.freeze "*" (Freezing.thaw "*" frozen)) frozen "thawed and frozen again"

              Expect.equal
                  (Freezing.freeze "*" (Freezing.freeze "a" adam))
                  (Freezing.freeze "a" frozen)
                  "a narrower pattern before and after"

              Expect.equal
                  (Freezing.freeze "layers.*" (Freezing.freeze "layers.0.*" adam))
                  (Freezing.freeze "layers.0.*" (Freezing.freeze "layers.*" adam))
                  "a pattern comes after those that it covers"

              let scaled = Func<_, _>(fun original -> Optimizer.chain [ original; Expression.parse "scale(2)" ])
              Expect.equal (Freezing.within scaled frozen) (Freezing.freeze "*" (scaled.Invoke adam)) "changed within"

              Expect.equal
                  (Freezing.append frozen (Freezing.freeze "a" adam))
                  (Freezing.append (Freezing.freeze "a" adam) frozen)
                  "appended")
          testCase "a part with slots that spans what freezes and what does not is refused" (fun () ->
              for text in
                  [ "adam | { \"a\": freeze, \"*\": identity }"
                    "novograd | { \"a\": freeze(on=false), \"*\": identity }" ] do
                  try
                      Optimizer.check (Expression.parse text) (Layout.OfShapes [ "a", [ 2 ]; "b", [ 3 ] ])
                      failtest "it was taken"
                  with :? ArgumentException as error ->
                      Expect.stringContains error.Message "inside each group" "advice") ]

/// Overlapping patterns, in both orders: a tensor belongs to the narrowest.
let private overlapping =
    let layers =
        Layout.OfShapes [ "layers.0.weight", [ 1 ]; "layers.0.bias", [ 1 ]; "layers.1.weight", [ 1 ]; "head", [ 1 ] ]

    let moved (optimizer: Optimizer) =
        let state = Optimizer.initFor<float> optimizer layers
        let parameters = Array.zeroCreate<float> 4
        Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan(Array.create 4 -1.0))
        parameters

    let fixedRate = Expression.parse "fixed(lr=1)"

    let freezeAll (patterns: string list) =
        List.fold (fun optimizer pattern -> Freezing.freeze pattern optimizer) fixedRate patterns

    testList
        "patterns that overlap"
        [ for patterns, expected in
              [ [ "layers.0.*"; "layers.*" ], [| 0.0; 0.0; 0.0; 1.0 |]
                [ "layers.*"; "*.weight" ], [| 0.0; 0.0; 0.0; 1.0 |]
                [ "layers.0.*"; "*.bias" ], [| 0.0; 0.0; 1.0; 1.0 |]
                [ "layers.0.*"; "layers.1.*"; "layers.*" ], [| 0.0; 0.0; 0.0; 1.0 |]
                [ "layers.?.*"; "layers.*"; "head" ], [| 0.0; 0.0; 0.0; 0.0 |]
                [ "*"; "layers.*"; "head" ], [| 0.0; 0.0; 0.0; 0.0 |] ] do
              testCase (String.concat ", " patterns) (fun () ->
                  let forward = freezeAll patterns
                  Expect.equal (moved forward) expected "frozen"
                  Expect.equal (freezeAll (List.rev patterns)) forward "in the other order"
                  Expect.equal (Expression.parse (string forward)) forward "text form"

                  for pattern in patterns do
                      Expect.equal (Freezing.freeze pattern (Freezing.thaw pattern forward)) forward $"{pattern} thawed and frozen again")
          testCase "thawing the wider pattern leaves the narrower frozen" (fun () ->
              for patterns in [ [ "layers.0.*"; "layers.*" ]; [ "layers.*"; "layers.0.*" ] ] do
                  Expect.equal (moved (Freezing.thaw "layers.*" (freezeAll patterns))) [| 0.0; 0.0; 1.0; 1.0 |] "parameters")
          testCase "a pattern that matches nothing is a mistake, and a group after others that take its tensors, too" (fun () ->
              for optimizer in
                  [ freezeAll [ "layers.*"; "layers.7.*" ]
                    Expression.parse "{ \"layers.*\": sgd, \"layers.0.*\": freeze | sgd, \"*\": sgd }" ] do
                  try
                      Optimizer.check optimizer layers
                      failtest "it was taken"
                  with :? ArgumentException as error ->
                      Expect.stringContains error.Message "matches no tensor" "message")
          testCase "a pattern that one of two optimizers in a chain freezes is frozen in both" (fun () ->
              let thawed = Freezing.thaw "head" (freezeAll [ "head" ])
              let frozen = freezeAll [ "head" ]

              for first, second in [ thawed, frozen; frozen, thawed; frozen, frozen; fixedRate, frozen ] do
                  Expect.equal (moved (Freezing.append second first)) [| 1.0; 1.0; 1.0; 0.0 |] $"{first}, then {second}") ]

let private inPrecision (precision: Precision<'T>) = testList precision.Name [ equalsWithout precision; continues precision ]

let tests =
    testList "freezing" [ inPrecision single; inPrecision Precision.double; example; overlapping ]
