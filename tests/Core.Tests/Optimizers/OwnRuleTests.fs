/// Rules of one's own: records with attributes are rules like those of the library.
module CuteDl.Core.Tests.OwnRuleTests

open System
open Expecto
open CuteDl.Core.Optimizers
open CuteDl.Core.Optimizers.DocumentUpdates

/// Momentum whose learning rate is a tenth in the first steps.
type Careful =
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

        member h.Update(step, loop) =
            let rate = if step <= h.Steps then h.LearningRate / 10.0 else h.LearningRate
            loop.Run { MomentumUpdate.Rate = loop.Lift rate; Decay = loop.Lift h.Decay }

    interface IDescribed<Careful> with
        static member Description = RuleDescription.Own "careful"

let private careful = RuleKind<Careful>.Of

/// A rule with one wrong part each.
type NoAttribute =
    { Rate: float }

    interface IPart with
        member _.Slots = []
        member _.NeedsParameters = false

    interface IDescribed<NoAttribute> with
        static member Description = RuleDescription.Own "mine"

type WrongType =
    { [<Number("k", 1.0, "a number")>]
      Count: int64 }

    interface IPart with
        member _.Slots = []
        member _.NeedsParameters = false

    interface IDescribed<WrongType> with
        static member Description = RuleDescription.Own "mine"

type WrongDefault =
    { [<Decay("decay", 1.0, "a decay")>]
      Decay: float }

    interface IPart with
        member _.Slots = []
        member _.NeedsParameters = false

    interface IDescribed<WrongDefault> with
        static member Description = RuleDescription.Own "mine"

type SameName =
    { [<Rate(1.0)>]
      First: float
      [<Rate(1.0)>]
      Second: float }

    interface IPart with
        member _.Slots = []
        member _.NeedsParameters = false

    interface IDescribed<SameName> with
        static member Description = RuleDescription.Own "mine"

type WrongName =
    { [<Rate(1.0)>]
      Rate: float }

    interface IPart with
        member _.Slots = []
        member _.NeedsParameters = false

    interface IDescribed<WrongName> with
        static member Description = RuleDescription.Own "My rule"

type FollowsNothing =
    { [<Number("eps", Double.NaN, "ε", Follows = "epsilon")>]
      Epsilon: float }

    interface IPart with
        member _.Slots = []
        member _.NeedsParameters = false

    interface IDescribed<FollowsNothing> with
        static member Description = RuleDescription.Own "mine"

let private problem (read: unit -> 'any) : string =
    try
        read () |> ignore
        failtest "It was read."
    with :? ArgumentException as error ->
        error.Message

let private reading =
    testList
        "reading"
        [ testCase "the arguments are those of the record, in its order" (fun () ->
              Expect.equal
                  [ for argument in careful.Kind.Arguments -> argument.Name, argument.Property, argument.Default, argument.Allowed ]
                  [ "lr", "LearningRate", 0.01, "[0, ∞)"
                    "decay", "Decay", 0.9, "[0, 1)"
                    "careful", "Steps", 10.0, "a whole number of at least 0"
                    "loud", "IsLoud", 0.0, "true or false" ]
                  "arguments"

              Expect.equal careful.Defaults { LearningRate = 0.01; Decay = 0.9; Steps = 10L; IsLoud = false } "defaults"
              Expect.isTrue (obj.ReferenceEquals(careful.Kind, RuleKind<Careful>.Of.Kind)) "one kind for a record")
          testCase "mistakes are named, each time" (fun () ->
              for _ in 1..2 do
                  Expect.stringContains
                      (problem (fun () -> RuleKind<NoAttribute>.Of))
                      "NoAttribute does not describe a rule. Rate has no attribute."
                      "none"

                  Expect.stringContains
                      (problem (fun () -> RuleKind<WrongType>.Of))
                      "Count has the type Int64. Its attribute needs Double."
                      "type"

                  Expect.stringContains
                      (problem (fun () -> RuleKind<WrongDefault>.Of))
                      "The default of decay must be in [0, 1), not 1."
                      "default"

                  Expect.stringContains (problem (fun () -> RuleKind<SameName>.Of)) "Two arguments are named lr." "names"

                  Expect.stringContains
                      (problem (fun () -> RuleKind<WrongName>.Of))
                      "The name 'My rule' must start with a small letter"
                      "name"

                  Expect.stringContains
                      (problem (fun () -> RuleKind<FollowsNothing>.Of))
                      "eps follows 'epsilon', which is no argument."
                      "follows")
          testCase "traits that the record shows are derived" (fun () ->
              let traits (kind: RuleKind) = Set kind.Traits
              Expect.isTrue (Rules.adam.Kind.Has Trait.Elementwise) "adam"
              Expect.equal (traits Rules.muon.Kind) (Set [ Trait.WholeTensor; Trait.NeedsMatrix; Trait.DecaysWeights ]) "muon"
              Expect.isTrue (Rules.accumulate.Kind.Has Trait.Gate) "accumulate"
              Expect.isTrue (Rules.asgd.Kind.Has Trait.Averaging) "asgd"
              Expect.equal (traits careful.Kind) (Set [ Trait.Elementwise ]) "own") ]

let private use' =
    testList
        "use"
        [ testCase "values are set, printed, compared and checked as those of the library" (fun () ->
              let optimizer = Optimizer.create { careful.Defaults with Steps = 3L }
              Expect.equal (string optimizer) "careful(lr=0.01, decay=0.9, careful=3)" "text form"
              Expect.equal (string (Optimizer.set "loud" 1.0 optimizer)) "careful(lr=0.01, decay=0.9, careful=3, loud=true)" "a flag"
              Expect.notEqual (Optimizer.set "lr" 0.1 optimizer) optimizer "another rate"
              Expect.equal (Optimizer.set "lr" 0.01 optimizer) optimizer "the same rate"
              Expect.throwsT<ArgumentOutOfRangeException> (fun () -> Optimizer.set "careful" 2.5 optimizer |> ignore) "no whole number"

              Expect.throwsT<ArgumentOutOfRangeException>
                  (fun () -> Optimizer.create { careful.Defaults with Decay = 1.0 } |> ignore)
                  "range"

              Expect.equal
                  (Optimizer.update (fun (h: Careful) -> { h with Steps = 3L }) (Optimizer.ofKind careful.Kind))
                  optimizer
                  "update")
          testCase "arguments follow schedules, in pure steps and in place, and the constant record does not change" (fun () ->
              let schedule = Schedule.parse "linear(0.1, steps=4)"

              let optimizer =
                  Optimizer.create { careful.Defaults with Steps = 0L } |> Optimizer.schedule "lr" schedule

              let gradients = [ for t in 1..6 -> [| float t; -0.5 |] ]
              let start = Optimizer.init<float> optimizer 2
              let deltas = [ for _, delta in Optimizer.steps optimizer start gradients -> delta ]
              let parameters = [| 0.0; 0.0 |]
              let state = Optimizer.init<float> optimizer 2

              for gradient, delta in List.zip gradients deltas do
                  let before = Array.copy parameters
                  Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan gradient)
                  Expect.equal parameters (Array.map2 (-) before delta) "in place"

              let byHand =
                  (([| 0.0; 0.0 |], []), List.indexed gradients)
                  ||> List.fold (fun (velocity, deltas) (t, gradient) ->
                      let rate = Schedule.at schedule (int64 t)
                      let velocity = Array.map2 (fun v g -> 0.9 * v + rate * g) velocity gradient
                      velocity, velocity :: deltas)
                  |> snd
                  |> List.rev

              Expect.equal deltas byHand "by hand"
              Expect.equal careful.Defaults.LearningRate 0.01 "the record")
          testCase "a rule without a description is equal to another only if its record is" (fun () ->
              let mine rate = Optimizer.ofRule "mine" { careful.Defaults with LearningRate = rate }
              Expect.equal (mine 0.1) (mine 0.1) "the same"
              Expect.notEqual (mine 0.1) (mine 0.2) "another rate"
              Expect.notEqual (Optimizer.ofRule "momentum" Rules.momentum.Defaults) (Optimizer.ofKind Rules.momentum.Kind) "another kind"

              Expect.notEqual
                  (Optimizer.ofRule "fixed" { Careful.LearningRate = 0.01; Decay = 0.9; Steps = 1L; IsLoud = false })
                  (Expression.parse "fixed")
                  "of one name") ]

let private lists =
    testCase "every record that describes itself is in the list of rules or of transformations" (fun () ->
        let describes (record: Type) =
            record.GetInterfaces()
            |> Array.exists (fun face -> face.Namespace = typeof<IPart>.Namespace && face.Name = "IDescribed`1")

        let records =
            typeof<Adam>.Assembly.GetExportedTypes() |> Array.filter describes |> Array.map _.Name |> Array.sort

        Expect.equal
            [| for kind in Rules.known -> kind.Record.Name |]
            (Array.distinct [| for kind in Rules.known -> kind.Record.Name |])
            "each once"

        Expect.equal (Array.sort [| for kind in Rules.known -> kind.Record.Name |]) records "the records"
        Expect.isTrue (Rules.all |> List.forall _.IsRule) "rules"
        Expect.isTrue (Rules.transformations |> List.forall (fun kind -> not kind.IsRule)) "transformations")

let tests = testList "own rules" [ reading; use'; lists ]
