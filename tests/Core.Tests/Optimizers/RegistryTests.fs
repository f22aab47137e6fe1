/// Registries: rules of one's own in text forms, states and checkpoints.
module CuteDl.Core.Tests.RegistryTests

open System
open System.IO
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Optimizers
open CuteDl.Core.Optimizers.DocumentUpdates
open CuteDl.Core.Training
open CuteDl.Core.Tests.OwnRuleTests

/// A rule with the name, the arguments and the slot of the library's momentum.
type Impostor =
    { [<Rate(0.0001)>]
      LearningRate: float
      [<Decay("decay", 0.9, "γ, the share of the velocity that is kept")>]
      Decay: float }

    interface IRule with
        member _.Slots = [ "velocity" ]
        member _.NeedsParameters = false

        member h.Update(_, loop) =
            loop.Run { MomentumUpdate.Rate = loop.Lift(2.0 * h.LearningRate); Decay = loop.Lift h.Decay }

    interface IDescribed<Impostor> with
        static member Description = RuleDescription.Own "momentum"

/// Another rule with the name, the arguments and the slot of Careful.
type Careless =
    { [<Rate(0.01)>]
      LearningRate: float
      [<Decay("decay", 0.9, "γ, the share of the velocity that is kept")>]
      Decay: float
      [<Whole("careful", 10L, "the number of careful steps", AtLeast = 0.0)>]
      Steps: int64
      [<Flag("loud", false, "has no effect")>]
      IsLoud: bool }

    interface IRule with
        member _.Slots = [ "velocity" ]
        member _.NeedsParameters = false

        member h.Update(_, loop) =
            loop.Run { MomentumUpdate.Rate = loop.Lift h.LearningRate; Decay = loop.Lift h.Decay }

    interface IDescribed<Careless> with
        static member Description = RuleDescription.Own "careful"

/// A transformation: its first argument needs no name in the text form.
type Weakened =
    { [<Number("by", 2.0, "the divisor", Above = 0.0)>]
      By: float }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member h.Update(_, loop) = loop.Run { FixedUpdate.Rate = loop.Lift(1.0 / h.By) }

    interface IDescribed<Weakened> with
        static member Description =
            { RuleDescription.Own "weakened" with
                Summary = "divides the gradient"
                Role = Role.Transformation ChainPlace.BeforeRule }

let private careful = RuleKind<Careful>.Of.Kind
let private registry = (Registry.Standard.Add careful).Add RuleKind<Weakened>.Of.Kind

let private message (act: unit -> 'any) : string =
    try
        act () |> ignore
        failtest "Nothing was thrown."
    with
    | :? ArgumentException as error -> Refusal.sentence error
    | :? FormatException as error -> error.Message

// From few values, so that two of them are often equal.
let private values =
    gen {
        let! rate = Gen.elements [ 0.0; 0.01; 0.1; 1e-320; 12.5 ]
        let! decay = Gen.elements [ 0.0; 0.5; 0.9; Math.BitDecrement 1.0 ]
        let! steps = Gen.elements [ 0L; 3L; 10L; 1L <<< 53 ]
        let! isLoud = Gen.elements [ true; false ]
        return { Careful.LearningRate = rate; Decay = decay; Steps = steps; IsLoud = isLoud }
    }

let private optimizers =
    gen {
        let! values = values

        let! rate =
            Gen.elements [ None; Some "cosine(0.1, steps=50)"; Some "plateau(0.1, factor=0.5, patience=2)" ]

        let own =
            match rate with
            | None -> Optimizer.create values
            | Some text when text.StartsWith("plateau", StringComparison.Ordinal) ->
                Optimizer.follow "lr" (Setting.Plateau(Plateau.parse text)) (Optimizer.create values)
            | Some text -> Optimizer.schedule "lr" (Schedule.parse text) (Optimizer.create values)

        return!
            Gen.elements
                [ own
                  Optimizer.chain [ Expression.parse "clip_norm(1)"; own; Expression.parse "ema" ]
                  Optimizer.chain [ Optimizer.create { By = 1.0 + values.Decay }; own ]
                  Optimizer.groups [ "*.bias", own; "*", Expression.parse "adam" ] ]
    }

let private texts =
    testList
        "text forms"
        [ property "every optimizer with a registered rule is read back as itself" optimizers (fun optimizer ->
              Expect.equal (Expression.parseWith registry (string optimizer)) optimizer "the optimizer")
          property "two are equal if all arguments are equal, and only then" (Gen.zip values values) (fun (first, second) ->
              let a, b = Optimizer.create first, Optimizer.create second
              Expect.equal (a = b) (first = second) $"{a} and {b}"
              Expect.isTrue (a <> b || a.GetHashCode() = b.GetHashCode()) "hash codes")
          testCase "the first argument of a transformation needs no name" (fun () ->
              Expect.equal (string (Optimizer.create { By = 4.0 })) "weakened(4)" "printed"
              Expect.equal (Expression.parseWith registry "weakened(4)") (Optimizer.create { By = 4.0 }) "read")
          testCase "names are read in any case, and an unknown one suggests registered names" (fun () ->
              Expect.equal
                  (Expression.parseWith registry "CareFul(careful=3)")
                  (Optimizer.create { RuleKind<Careful>.Of.Defaults with Steps = 3L })
                  "case"

              Expect.stringContains
                  (message (fun () -> Expression.parseWith registry "carefull"))
                  "No rule is named 'carefull'. Did you mean careful?"
                  "near"

              Expect.stringContains (message (fun () -> Expression.parse "careful")) "No rule is named 'careful'." "the standard registry") ]

let private adding =
    testCase "adding returns another registry, and refuses names that exist and rules without a description" (fun () ->
        Expect.equal (List.ofSeq Registry.Standard.Kinds |> List.map string) (List.map string Rules.known) "standard"

        Expect.equal
            (List.ofSeq registry.Kinds |> List.map string)
            [ yield! List.map string Rules.known; "careful"; "weakened" ]
            "two more"

        Expect.equal
            (message (fun () -> registry.Add RuleKind<Careless>.Of.Kind))
            $"The registry has careful already, for the type {typeof<Careful>}. Give each rule a name of its own."
            "twice"

        Expect.stringContains
            (message (fun () -> Registry.Standard.Add RuleKind<Impostor>.Of.Kind))
            "The registry has momentum already"
            "a name of the library"

        Expect.stringContains
            (message (fun () -> Registry.Standard.Add (Optimizer.ofRule "mine" RuleKind<Impostor>.Of.Defaults).Kind))
            "mine does not describe its hyper-parameters, so its text form would lose them. Implement IDescribed"
            "no description"

        Expect.throwsT<ArgumentException> (fun () -> Registry.Standard.Add (Expression.parse "adam | ema").Kind |> ignore) "a chain")

/// A checkpoint of an optimizer after three steps.
let private after (optimizer: Optimizer) : Checkpoint<float> =
    let layout = Layout.OfShapes [ "a.weight", [ 2; 2 ]; "a.bias", [ 2 ] ]
    let state = Optimizer.initFor<float> optimizer layout
    let parameters = Array.init 6 float

    for t in 1..3 do
        Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan(Array.init 6 (fun i -> float (t - i) / 8.0)))

    { Optimizer = optimizer; State = state; Parameters = parameters }

let private inFile (act: string -> 'result) : 'result =
    let folder = Directory.CreateTempSubdirectory "registry"

    try
        act (Path.Combine(folder.FullName, "checkpoint"))
    finally
        folder.Delete true

let private momentum = Optimizer.ofKind Rules.momentum.Kind
let private impostor = Optimizer.create RuleKind<Impostor>.Of.Defaults
let private ownRules (content: Safetensors) = content.Metadata.TryFind "cutedl.own_rules"

let private checkpoints =
    testList
        "checkpoints"
        [ property "a checkpoint is read back with a registry, or with its optimizer" optimizers (fun optimizer ->
              let saved = after optimizer
              let content = Checkpoint.toContent saved

              for read in
                  [ Checkpoint.ofContentWith<float> registry "file" content
                    Checkpoint.ofContentFor<float> optimizer "file" content ] do
                  Expect.equal read.Optimizer optimizer "the optimizer"
                  Expect.equal read.State saved.State "the state")
          testCase "in files of both formats" (fun () ->
              let optimizer = Optimizer.create RuleKind<Careful>.Of.Defaults
              let saved = after optimizer

              inFile (fun path ->
                  Checkpoint.save path saved
                  Expect.equal (Checkpoint.readWith<float> registry path).State saved.State "safetensors"
                  Expect.equal (Checkpoint.readFor<float> optimizer path).State saved.State "safetensors, with the optimizer"
                  Checkpoint.saveNpz path saved
                  Expect.equal (Checkpoint.readNpzWith<float> registry path).State saved.State "npz"
                  Expect.equal (Checkpoint.readNpzFor<float> optimizer path).State saved.State "npz, with the optimizer"))
          testCase "a rule of the library's name is another one, in both directions" (fun () ->
              let ofImpostor, ofLibrary = Checkpoint.toContent (after impostor), Checkpoint.toContent (after momentum)
              let theType = "the type CuteDl.Core.Tests.RegistryTests+Impostor(lr, decay)"

              for read in
                  [ (fun () -> Checkpoint.ofContent<float> "file" ofImpostor)
                    (fun () -> Checkpoint.ofContentFor<float> momentum "file" ofImpostor) ] do
                  Expect.stringContains
                      (message read)
                      $"In the checkpoint, momentum is {theType}; in the optimizer, it is the library's rule. Use the rule that wrote the checkpoint."
                      "an own one as the library's"

              Expect.stringContains
                  (message (fun () -> Checkpoint.ofContentFor<float> impostor "file" ofLibrary))
                  $"In the checkpoint, momentum is the library's rule; in the optimizer, it is {theType}."
                  "the library's as an own one"

              Expect.equal (Checkpoint.ofContentFor<float> impostor "file" ofImpostor).Optimizer impostor "itself")
          testCase "another rule of one's own with the same name is refused, and one that is not registered is named" (fun () ->
              let content = Checkpoint.toContent (after (Optimizer.create RuleKind<Careful>.Of.Defaults))
              let other = Registry.Standard.Add RuleKind<Careless>.Of.Kind

              Expect.stringContains
                  (message (fun () -> Checkpoint.ofContentWith<float> other "file" content))
                  "careful is the type CuteDl.Core.Tests.OwnRuleTests+Careful(lr, decay, careful, loud); in the optimizer, it is the type CuteDl.Core.Tests.RegistryTests+Careless("
                  "another"

              Expect.stringContains
                  (message (fun () -> Checkpoint.ofContent<float> "file" content))
                  "has the rule 'careful' (the type CuteDl.Core.Tests.OwnRuleTests+Careful(lr, decay, careful, loud)), which is not in the registry."
                  "not registered"

              Expect.stringContains
                  (message (fun () -> Checkpoint.ofContentFor<float> momentum "file" content))
                  "In the checkpoint, careful is the type CuteDl.Core.Tests.OwnRuleTests+Careful(lr, decay, careful, loud); in the optimizer, it is missing."
                  "another optimizer")
          testCase "a training is not resumed with another rule of the same name" (fun () ->
              let start = TrainingSnapshot.start impostor (Layout.Flat 2) [| 1.0; 2.0 |]
              let content = TrainingSnapshot.toContent start
              Expect.equal (TrainingSnapshot.ofContent<float> impostor "file" content).Step 0L "itself"

              Expect.stringContains
                  (message (fun () -> TrainingSnapshot.ofContent<float> momentum "file" content))
                  "in the optimizer, it is the library's rule"
                  "the library's")
          testCase "rules of the library are known by their names alone, whatever their arguments" (fun () ->
              for kind in Rules.known do
                  if kind.Name <> "muon" then
                      Expect.isNone (ownRules (Checkpoint.toContent (after (Optimizer.ofKind kind)))) kind.Name)
          testCase "types without a name are known by what stays the same when their file is compiled again" (fun () ->
              let rule =
                  { new IRule with
                      member _.Slots = []
                      member _.NeedsParameters = false
                      member _.Update(_, loop) = loop.Run { FixedUpdate.Rate = loop.Lift 0.1 } }

              match ownRules (Checkpoint.toContent (after (Optimizer.ofRule "a: b" rule))) with
              | Some text ->
                  Expect.stringStarts text "a: b: " "the name"
                  Expect.isFalse (Seq.exists Char.IsAsciiDigit text || text.Contains '@') text
              | None -> failtest "It has no entry."

              let optimizer = Optimizer.ofRule "a: b" rule

              Expect.equal
                  (Checkpoint.ofContentFor<float> optimizer "file" (Checkpoint.toContent (after optimizer))).Optimizer
                  optimizer
                  "read") ]

let private states =
    testCase "a state refuses another rule of the same name" (fun () ->
        let state = Optimizer.init<float> impostor 1
        Optimizer.step (Optimizer.set "lr" 0.5 impostor) state [| 1.0 |] |> ignore

        Expect.stringContains
            (message (fun () -> Optimizer.step momentum state [| 1.0 |]))
            "momentum is the type CuteDl.Core.Tests.RegistryTests+Impostor(lr, decay) in the state and the library's rule in the optimizer"
            "the library's")

let tests = testList "registry" [ texts; adding; checkpoints; states ]
