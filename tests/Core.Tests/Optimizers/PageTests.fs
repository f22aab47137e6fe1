/// What rules say of themselves, as far as their behaviour can tell.
module CuteDl.Core.Tests.PageTests

open System
open Expecto
open CuteDl.Core.Optimizers

// A matrix, since some rules take no other; its parameters and its gradient have no zeros.
let private layout = Layout.OfShapes [ "layers.0.weight", [ 3; 4 ] ]
let private parameters = Array.init layout.Length (fun i -> 0.25 + 0.125 * float i)
let private gradient = Array.init layout.Length (fun i -> 0.5 - 0.375 * float (i % 5))
let private zeros: float array = Array.zeroCreate layout.Length

let private conventions (kind: RuleKind) : RuleFacts =
    match kind.Role with
    | Role.Rule facts -> facts
    | Role.OwnRule
    | Role.Transformation _ -> failtest $"{kind.Name} says nothing"

let private hasArgument (name: string) (kind: RuleKind) = kind.Arguments |> List.exists (fun argument -> argument.Name = name)

/// The rule with its defaults, but for the values given of those arguments that it has.
let private make (kind: RuleKind) (values: (string * float) list) =
    values
    |> List.filter (fun (name, _) -> hasArgument name kind)
    |> List.fold (fun optimizer (name, value) -> Optimizer.set name value optimizer) (Expression.parse kind.Name)

let private stepFrom (optimizer: Optimizer) (state: State<float>) (gradient: float array) =
    let next, delta = Optimizer.stepAt optimizer state parameters gradient

    next, delta

let private firstStep (optimizer: Optimizer) (gradient: float array) =
    stepFrom optimizer (Optimizer.initFor<float> optimizer layout) gradient

let private decays (kind: RuleKind) = kind.Arguments |> List.filter _.IsWeightDecay
let private withoutDecay (kind: RuleKind) = [ for argument in decays kind -> argument.Name, 0.0 ]

let private expectNear (expected: float) (actual: float) (what: string) =
    Expect.isTrue (abs (actual - expected) <= 1e-9 * max 1e-6 (abs expected)) $"{what}: {actual}, expected {expected}"

let private forRules (name: string) (check: RuleKind -> unit) =
    testList name [ for kind in Rules.all -> testCase kind.Name (fun () -> check kind) ]

let private saysAll =
    testCase "rules say all" (fun () ->
        for kind in Rules.all do
            let said = conventions kind

            for text in
                [ string said.Rate
                  string said.Epsilon
                  string said.BiasCorrection
                  string said.WeightDecay
                  said.Reproduces ] do
                Expect.isFalse (String.IsNullOrWhiteSpace text) kind.Name)

let private arguments =
    forRules "none where there is no argument, and only there" (fun kind ->
        let said = conventions kind
        Expect.equal said.Rate.IsNone (not (hasArgument "lr" kind)) $"rate: {said.Rate}"
        let hasEpsilon = kind.Arguments |> List.exists _.Name.StartsWith("eps", StringComparison.Ordinal)
        Expect.equal said.Epsilon.IsNone (not hasEpsilon) $"ε: {said.Epsilon}"
        Expect.equal said.WeightDecay.IsNone (decays kind).IsEmpty $"decay: {said.WeightDecay}")

let private initialNames =
    forRules "the initial state names every slot and number, and no other" (fun kind ->
        // Some slots are there for some values alone.
        let variants = [ []; [ "momentum", 0.5; "centered", 1.0 ] ]

        let names =
            [ for values in variants do
                  let state = Optimizer.initFor<float> (make kind values) layout
                  yield! state.SlotNames
                  // Of one tensor, the first and only.
                  for name, _ in state.Numbers -> name.Replace(".0", "", StringComparison.Ordinal) ]

        let said = (conventions kind).InitialState |> List.map fst
        Expect.equal said (List.distinct said) "each once"
        Expect.equal (Set said) (Set names) "names")

// Where it shows: after a step by which nothing moves, with a zero gradient and neither rate nor decay (nor ε for slots, to which some
// rules add it); or, where it is said to come from the first gradient, after a step with one.
let private initialValues =
    forRules "the initial state is as said" (fun kind ->
        let said = (conventions kind).InitialState

        // What something may begin with, at a value of its own.
        let beginnings =
            [ for name in [ "initial"; "d0" ] do
                  if hasArgument name kind then
                      name, 0.25
              for _, value in said do
                  match value with
                  | InitialValue.Argument name -> name, 0.25
                  | InitialValue.Zero
                  | InitialValue.Number _
                  | InitialValue.Parameters
                  | InitialValue.FirstGradient
                  | InitialValue.FirstSquaredNorm
                  | InitialValue.Formula _ -> () ]

        let values epsilon =
            [ "lr", 0.0; "momentum_decay", 0.0 ] @ beginnings @ [ "eps", epsilon ] @ withoutDecay kind

        for variant in [ []; [ "momentum", 0.5; "centered", 1.0 ] ] do
            let optimizer = make kind (values 0.25 @ variant)
            let still, _ = firstStep optimizer zeros
            let after, _ = stepFrom optimizer still zeros
            let moved, _ = firstStep optimizer gradient
            let withoutEpsilon, _ = firstStep (make kind (values 1e-300 @ variant)) zeros

            let read (state: State<float>) (name: string) =
                if List.contains name state.SlotNames then
                    state[name].ToArray()
                else
                    [| for other, number in state.Numbers do
                           if other = name || other = name + ".0" then
                               number |]

            for name, value in said do
                let actual = read (if List.contains name still.SlotNames then withoutEpsilon else still) name

                let expected: float array =
                    match value with
                    | InitialValue.Parameters -> parameters
                    | InitialValue.FirstGradient -> gradient
                    | InitialValue.FirstSquaredNorm -> [| Array.sumBy (fun g -> g * g) gradient |]
                    | InitialValue.Formula "reps (1 + ‖w₀‖)" -> [| 1e-6 * (1.0 + sqrt (Array.sumBy (fun w -> w * w) parameters)) |]
                    | InitialValue.Formula other -> failtest $"The test does not know {other}."
                    | InitialValue.Argument name ->
                        Expect.isTrue (hasArgument name kind) name
                        Array.create actual.Length 0.25
                    | InitialValue.Zero -> Array.zeroCreate actual.Length
                    | InitialValue.Number number -> Array.create actual.Length number

                let actual =
                    match value with
                    | InitialValue.FirstGradient
                    | InitialValue.FirstSquaredNorm -> read moved name
                    // A product has its first factor after the first step.
                    | InitialValue.Number 1.0 -> Array.map2 (fun first second -> first * first / second) actual (read after name)
                    | _ -> actual

                if actual.Length > 0 then
                    Array.iter2 (fun expected actual -> expectNear expected actual name) expected actual)

let private rates =
    forRules "a rate outside scales its own step, one inside does not" (fun kind ->
        let said = (conventions kind).Rate

        if not said.IsNone then
            let rate = (kind.Arguments |> List.find (fun argument -> argument.Name = "lr")).Default
            let optimizer = make kind (withoutDecay kind @ [ "lr", rate ])
            let state, _ = firstStep optimizer gradient
            let _, delta = stepFrom optimizer state gradient
            let _, doubled = stepFrom (Optimizer.set "lr" (2.0 * rate) optimizer) state gradient
            let isScaled = Array.forall2 (fun d twice -> abs (twice - 2.0 * d) <= 1e-9 * abs twice) delta doubled
            Expect.equal isScaled said.IsOutside $"{said}")

// An ε that outweighs all else: behind the root Δ goes with 1/ε, within it with 1/√ε.
let private epsilons =
    let hidden = Map [ "lamb", "the trust ratio takes the length away"; "dowg", "the distance has it too" ]

    let power (kind: RuleKind) (values: (string * float) list) =
        let name = if kind.Name = "adafactor" then "eps1" else "eps"

        let last (epsilon: float) =
            let optimizer = make kind ([ name, epsilon; "eps_delta", 1e-6; "lr", 1.0 ] @ withoutDecay kind @ values)
            let start = Optimizer.initFor<float> optimizer layout, zeros
            // So many that rules which divide later do so.
            [ 1..12 ] |> List.fold (fun (state, _) _ -> stepFrom optimizer state gradient) start |> snd

        log ((last 1e9)[0] / (last 4e9)[0]) / log 4.0

    forRules "ε stands where it is said to" (fun kind ->
        let said = (conventions kind).Epsilon

        if not (said.IsNone || hidden.ContainsKey kind.Name) then
            let expected = if said.IsInside then 0.5 else 1.0
            Expect.floatClose { absolute = 2e-3; relative = 0.0 } (power kind []) expected $"{said}"

            if hasArgument "inside" kind then
                Expect.stringContains (string said) "inside=true" "the other place"
                Expect.floatClose { absolute = 2e-3; relative = 0.0 } (power kind [ "inside", 1.0 ]) 0.5 $"{said}")

let private corrections =
    forRules "a corrected mean sees a zero gradient in front, no other does" (fun kind ->
        let said = (conventions kind).BiasCorrection

        let changes (values: (string * float) list) =
            let optimizer = make kind (withoutDecay kind @ values)

            let run gradients =
                let start = Optimizer.initFor<float> optimizer layout, zeros
                gradients |> List.fold (fun (state, _) gradient -> stepFrom optimizer state gradient) start |> snd

            run [ zeros; gradient ] <> run [ gradient ]

        let countsOtherwise =
            kind.Description.Exempt
            |> List.exists (fun (law, reason) -> law = "P22" && not (reason.Contains("correction", StringComparison.Ordinal)))

        if said.IsNone then
            Expect.isTrue (countsOtherwise || not (changes [])) $"{said}"
        else
            Expect.isTrue (changes []) $"{said}"

        if hasArgument "correction" kind then
            Expect.stringContains (string said) "with correction=" "the other way"
            Expect.equal (changes [ "correction", 0.0 ], changes [ "correction", 1.0 ]) (false, true) $"{said}")

let private weightDecays =
    forRules "decoupled decay goes past all means, other decay does not" (fun kind ->
        let said = conventions kind

        if not said.WeightDecay.IsNone then
            let run (value: float) =
                let optimizer = make kind [ for argument in decays kind -> argument.Name, value ]
                let state, delta = firstStep optimizer gradient

                // What is made of parameters is none of the means meant.
                let ofGradients =
                    [ for name, start in said.InitialState do
                          if start <> InitialValue.Parameters && List.contains name state.SlotNames then
                              state[name].ToArray() ]

                ofGradients, delta

            let slots, delta = run 0.1
            let plainSlots, plainDelta = run 0.0
            Expect.notEqual delta plainDelta "decay"
            let isBeside = said.WeightDecay.IsDecoupled || said.WeightDecay.IsProximal
            Expect.equal (slots = plainSlots) isBeside $"{said.WeightDecay}")

let tests =
    testList "pages" [ saysAll; arguments; initialNames; initialValues; rates; epsilons; corrections; weightDecays ]
