/// Laws about Δ for scaled, rotated and zero gradients, and for a scaled learning rate.
module internal CuteDl.Laws.ScaleLaws

open System
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Laws
open CuteDl.Laws.Generators
open CuteDl.Laws.Running

let private scaled (factor: float) = Array.map (Array.map ((*) factor))

/// Returns Q x, where Q rotates each pair of neighbours in its plane.
let private rotate (angle: float) (vector: float array) : float array =
    vector
    |> Array.chunkBySize 2
    |> Array.collect (fun pair -> [| cos angle * pair[0] - sin angle * pair[1]; sin angle * pair[0] + cos angle * pair[1] |])

/// Returns the number of steps before the parameters almost vanish. From there on, rounding decides on a ratio to their norm.
let private stepsBeforeVanishing (case: Case) (deltas: float array array) : int =
    let norm (vector: float array) = sqrt (Array.sumBy (fun x -> x * x) vector)

    let after =
        (case.Start, deltas)
        ||> Array.scan (fun parameters delta -> Array.map2 (-) parameters delta)
        |> Array.map norm

    // The rounding error of the norm after a step is about 1e-16 times the way until there, so that 1e-6 of it leaves 10 digits.
    let ways = (norm case.Start, Array.map norm deltas) ||> Array.scan (+)

    seq { 1 .. deltas.Length - 1 }
    |> Seq.tryFind (fun k -> after[k] <= 1e-6 * ways[k])
    |> Option.defaultValue deltas.Length

let private rotation =
    { Law.general
          "P5"
          "rotation"
          "Δ(Qg) = Q Δ(g) for a rotation Q, from rotated parameters"
          "linearity in the history"
          (fun subject -> cases (evenShape subject) anywhere moderate (1, 8) (uniform 0.3 1.2))
          (fun subject case ->
              let turned =
                  { case with
                      Start = rotate case.Factor case.Start
                      Gradients = Array.map (rotate case.Factor) case.Gradients }

              let expected = deltas subject.Optimizer case
              let count = stepsBeforeVanishing case expected
              let first (deltas: float array array) = Array.truncate count deltas
              close 1e-9 (first expected |> Array.map (rotate case.Factor)) (first (deltas subject.Optimizer turned))) with
        Speaks = fun case -> case.Length % 2 = 0 }
    |> Law.unless (fun subject ->
        if Subject.isGroups subject then Some "groups treat tensors differently"
        elif not subject.Options.Shapes.IsEmpty then Some "concerns only a single tensor of any length"
        else None)
    |> Law.characteristic

/// Returns the degree d: gradients c times as large give a Δ cᵈ times as large. It is 0 after a rule that divides by the size of the
/// gradients, and 1 for transformations.
let rec private degree (optimizer: Optimizer) : int option =
    if optimizer.Groups.Count > 0 then
        match [ for group in optimizer.Groups -> degree group.Optimizer ] |> List.distinct with
        | [ one ] -> one
        | _ -> None
    elif optimizer.Parts.Count > 1 then
        let degrees = [ for part in optimizer.Parts -> degree part ]
        if List.contains None degrees then None else degrees |> List.choose id |> List.min |> Some
    else
        Some(if optimizer.Kind.IsRule then 0 else 1)

/// Scales ε, and every other argument that has the unit of gradients or of their squares.
let private inUnits (factor: float) (subject: Subject) : Optimizer option =
    // An argument of a claim has the unit that the kind gives it.
    let unitOf (argument: Argument) =
        let claimed =
            if Subject.isClaim subject then
                subject.Kind.Arguments |> List.tryFind (fun other -> other.Name = argument.Name)
            else
                None

        (claimed |> Option.defaultValue argument).GradientPower

    let change (leaf: Optimizer) =
        let isInside = Subject.valueOf "inside" leaf = Some 1.0

        // Under the root, ε has the unit of squares.
        let power (argument: Argument) = if isInside && unitOf argument = 1.0 then 2.0 else unitOf argument

        let scaled (leaf: Optimizer) (argument: Argument) =
            match Subject.valueOf argument.Name leaf with
            | Some value when value > 0.0 && unitOf argument > 0.0 ->
                Optimizer.set argument.Name (value * Math.Pow(factor, power argument)) leaf
            | _ -> leaf

        // A default that follows a scaled argument keeps its value, which has a unit of its own.
        let pinned (leaf: Optimizer) (argument: Argument) =
            match Subject.valueOf argument.Name leaf, Subject.valueOf argument.Follows leaf with
            | Some value, Some followed when Double.IsNaN value && argument.GradientPower = 0.0 ->
                if
                    leaf.Kind.Arguments
                    |> List.exists (fun other -> other.Name = argument.Follows && other.GradientPower > 0.0)
                then
                    Optimizer.set argument.Name followed leaf
                else
                    leaf
            | _ -> leaf

        let start = leaf.Kind.Arguments |> List.fold pinned leaf
        leaf.Kind.Arguments |> List.fold scaled start

    // Arguments with a unit that the kind has and the rule does not describe.
    let isMissing (argument: Argument) =
        argument.GradientPower > 0.0
        && (Subject.valueOf argument.Name subject.Optimizer).IsNone
        && Subject.value argument.Name subject <> 0.0

    let isSingle = subject.Optimizer.Parts.Count = 1 && subject.Optimizer.Groups.Count = 0

    if
        isSingle
        && (Subject.isUnknown subject.Optimizer.Kind
            || Subject.isClaim subject && subject.Kind.Arguments |> List.exists isMissing)
    then
        match Subject.tryValue "eps" subject with
        | None when Subject.isClaim subject -> Some subject.Optimizer
        | None -> None
        | Some epsilon -> Subject.tryWith [ "eps", epsilon * factor ] subject
    else
        Some(Subject.mapLeaves change subject.Optimizer)

let private scale =
    Law.general
        "P9"
        "scale"
        "Δ(cg, cε) = Δ(g, ε), bit for bit for c = 2ᵏ; for a transformation alone, Δ(cg) = cΔ(g) from w = 0"
        "Kingma & Ba 2015, section 2.1"
        (fun subject ->
            let start =
                if degree subject.Optimizer = Some 1 then freeOfDecay { subject with Seeks = false } else anywhere

            let start = if subject.Seeks then anywhere else start
            // A transformation can depend on the scale of the parameters, so they start at 0.
            let start =
                if degree subject.Optimizer = Some 1 && not subject.Seeks then
                    (fun length -> Gen.constant (Array.zeroCreate length))
                else
                    start

            cases (shapes 8 subject) start moderate (1, 12) powerOfTwo)
        (fun subject case ->
            match inUnits case.Factor subject with
            | None -> None
            | Some other ->
                let power = float (degree subject.Optimizer |> Option.defaultValue 0)
                let expected = deltas subject.Optimizer case |> scaled (Math.Pow(case.Factor, power))
                same expected (deltas other { case with Gradients = scaled case.Factor case.Gradients }))
    |> Law.unless (fun subject ->
        if (degree subject.Optimizer).IsNone then Some "its groups have different degrees of scaling"
        elif (inUnits 2.0 subject).IsNone then Some "its ε is unknown or cannot be changed"
        else None)
    |> Law.characteristic

let private odd =
    Law.general
        "P10"
        "opposite gradients"
        "Δ(−g) = −Δ(g), from opposite parameters, bit for bit"
        "symmetry of the objective"
        usual
        (fun subject case ->
            let opposite = { case with Start = Array.map (~-) case.Start; Gradients = scaled -1.0 case.Gradients }

            same (deltas subject.Optimizer case |> scaled -1.0) (deltas subject.Optimizer opposite))

let private withoutEpsilon (subject: Subject) : Optimizer =
    if (Subject.leaves subject.Optimizer) |> List.exists (fun leaf -> Subject.isUnknown leaf.Kind) then
        subject.Optimizer
    else
        subject.Optimizer
        |> Subject.mapLeaves (fun leaf ->
            let mayBeZero =
                leaf.Kind.Arguments |> List.exists (fun argument -> argument.Name = "eps" && argument.Allows 0.0)

            if mayBeZero then Optimizer.set "eps" 0.0 leaf else leaf)

let private zeroGradient =
    Law.general
        "P21"
        "zero gradient"
        "g = 0 in the initial state gives Δ = 0, even with ε = 0 (with weight decay: at w = 0)"
        "no 0/0"
        (fun subject -> cases (shapes 8 subject) (freeOfDecay subject) (Gen.constant 0.0) (1, 12) one)
        (fun subject case ->
            let zeros = case.Gradients |> Array.map (Array.map (fun _ -> 0.0))

            firstOf
                [ fun () -> same zeros (deltas subject.Optimizer case)
                  fun () -> same zeros (deltas (withoutEpsilon subject) case) |> Option.map (sprintf "with eps = 0: %s") ])

/// A number of steps after which a decaying mean with γ = 0.99 of a constant equals the constant in single precision.
let private longRun = 2500

let private finite =
    { Law.general
          "P21"
          "finite steps"
          "finite gradients give a finite Δ, even if the gradient stays the same for thousands of steps (with weight decay: from w = 0)"
          "a difference of two means can round below 0, and its root is then NaN"
          (fun subject -> constantly (cases (shapes 4 subject) (freeOfDecay subject) (signed (uniform 0.1 2.0)) (longRun, longRun) one))
          (fun subject case ->
              let state = Optimizer.initFor<float32> subject.Optimizer (Layout.OfShapes case.Shapes)
              let parameters = Array.map float32 case.Start
              let mutable broken = None
              let mutable t = 0

              while broken.IsNone && t < case.Steps do
                  t <- t + 1
                  Optimizer.stepInPlace subject.Optimizer state (Span parameters) (ReadOnlySpan(Array.map float32 case.Gradients[t - 1]))

                  if parameters |> Array.exists (Single.IsFinite >> not) then
                      broken <-
                          Some $"expected a finite w{Case.index t}, got {Case.vector (Array.map float parameters)} in single precision"

              broken) with
        MayBeExempt = false
        Excuse =
            fun subject ->
                [ Rules.dowg.Kind; Rules.dAdaptAdam.Kind; Rules.prodigy.Kind; Rules.trustRatio.Kind ]
                |> List.tryFind (fun kind -> Subject.has kind subject)
                |> Option.map (fun kind -> $"the steps of {kind} grow without limit on an infinite slope")
                |> Option.orElseWith (fun () ->
                    Subject.schedules subject
                    |> List.tryFind (fun pair -> Schedule.at pair.Value (int64 longRun) > 1e12)
                    |> Option.map (fun pair -> $"{pair.Key} grows without limit")) }
    |> Law.costly 6

let private downhill =
    { Law.general
          "P31"
          "downhill at first"
          "⟨Δ₁, g⟩ > 0 for g ≠ 0 (with weight decay: at w = 0)"
          "a descent direction"
          (fun subject ->
              let cases = cases (shapes 8 subject) (freeOfDecay subject) nonZero (1, 1) one

              let level case =
                  { case with Gradients = case.Gradients |> Array.map (fun g -> Array.create g.Length g[0]) }

              if subject.Seeks then Gen.oneof [ cases; Gen.map level cases ] else cases)
          (fun subject case ->
              let delta = (deltas subject.Optimizer case)[0]
              let product = Array.fold2 (fun sum d g -> sum + d * g) 0.0 delta case.Gradients[0]
              expect (product > 0.0) (fun () -> $"expected ⟨Δ₁, g₁⟩ > 0, got Δ₁ = {Case.vector delta}")) with
        Speaks = fun case -> case.Gradients |> Array.forall (Array.exists ((<>) 0.0)) }
    |> Law.unless Subject.standsStill

/// Multiplies the learning rate of the optimizer by a factor.
let private withRate (factor: float) (subject: Subject) : Optimizer option =
    let raiseIn (leaf: Optimizer) =
        match Subject.schedulesOf leaf |> Seq.tryFind (fun pair -> pair.Key = "lr"), Subject.valueOf "lr" leaf with
        | Some pair, _ -> Optimizer.schedule "lr" (Schedule.Product(pair.Value, [ Schedule.Constant factor ])) leaf
        | None, Some rate -> Optimizer.set "lr" (rate * factor) leaf
        | None, None -> leaf

    if Subject.leaves subject.Optimizer |> List.exists (fun leaf -> Subject.isUnknown leaf.Kind) then
        Subject.tryValue "lr" subject
        |> Option.bind (fun rate -> Subject.tryWith [ "lr", rate * factor ] subject)
    else
        Some(Subject.mapLeaves raiseIn subject.Optimizer)

let rec private rateProblem (subject: Subject) (optimizer: Optimizer) : string option =
    if optimizer.Groups.Count > 0 then
        optimizer.Groups |> Seq.tryPick (fun group -> rateProblem subject group.Optimizer)
    else
        let parts = List.ofSeq optimizer.Parts

        let hasRate (part: Optimizer) =
            (Subject.valueOf "lr" part).IsSome
            || Subject.isUnknown part.Kind && part.Parts.Count = 1 && part.Groups.Count = 0

        match parts |> List.filter hasRate with
        | [] when parts |> List.exists (fun part -> part.Groups.Count > 0) && parts.Length = 1 -> None
        | [] -> Some "it has no learning rate"
        | [ one ] ->
            let behind = parts |> List.skipWhile (fun part -> not (obj.ReferenceEquals(part, one))) |> List.tail

            behind
            |> List.tryFind (fun part -> not (part.Kind.Has Trait.KeepsFactor))
            |> Option.map (fun part -> $"{part.Kind.Name} after the rule does not keep a factor of Δ")
        | _ -> Some "it has several learning rates"

let private linearInRate =
    Law.general
        "P32"
        "linear in the rate"
        "a learning rate c times as large gives a Δ c times as large, at the same parameters"
        "α is a factor of Δ"
        (fun subject ->
            let factors =
                if subject.Seeks then
                    Gen.oneof [ powerOfTwo; Gen.elements [ 1.0 / 1048576.0; 1048576.0 ] ]
                else
                    powerOfTwo

            cases (shapes 8 subject) anywhere moderate (1, 12) factors)
        (fun subject case ->
            match withRate case.Factor subject with
            | None -> None
            | Some other ->
                let run = if subject.Seeks then deltas else deltasInPlaceOfStart
                let expected = run subject.Optimizer case |> scaled case.Factor
                // The rounding of z depends on the size of w.
                let keepsDigits = not (Subject.hasTrait Trait.BetweenPoints subject)

                let came = run other case
                if keepsDigits then same expected came else close 1e-9 expected came)
    |> Law.unless (fun subject -> rateProblem subject subject.Optimizer)
    |> Law.unless (fun subject ->
        if (withRate 2.0 subject).IsNone then
            Some "its learning rate is unknown or cannot be changed"
        else
            None)
    |> Law.characteristic

let all = [ rotation; scale; odd; zeroGradient; finite; downhill; linearInRate ]
