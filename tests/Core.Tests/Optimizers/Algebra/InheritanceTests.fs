/// Groups that inherit: the order of calls does not matter, and the steps are those of groups written by hand.
module CuteDl.Core.Tests.AlgebraInheritanceTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators

let private layout =
    Layout.OfShapes
        [ "layers.0.weight", [ 2; 2 ]
          "layers.0.bias", [ 2 ]
          "layers.1.weight", [ 2; 1 ]
          "layers.1.bias", [ 1 ] ]

let private patterns = [ "*.bias"; "layers.0.*"; "layers.1.*"; "layers.1.bias"; "*.weight" ]

let private scale factor = Optimizer.create { Scale.Factor = factor }

/// Changes that keep the parts for all tensors where they are.
let private changes: (string * (Optimizer -> Optimizer)) list =
    [ "lr", Optimizer.set "lr" 0.5
      "weight_decay", Optimizer.set "weight_decay" 0.0
      "a schedule", Optimizer.schedule "lr" (Schedule.Linear(0.1, Steps 3L, 0.01))
      "nothing", id
      "a scale", (fun optimizer -> Optimizer.chain [ optimizer; scale 0.5 ])
      "l2", (fun optimizer -> Optimizer.chain [ Optimizer.create { L2.Factor = 0.25 }; optimizer ])
      "another rule", (fun _ -> Expression.parse "sgd(momentum=0.9)") ]

let private starts =
    [ "adamw"
      "lion(weight_decay=0.1)"
      "l2(0.1) | adamw | scale(2)"
      "clip_value(1) | l2(0.1) | adamw(lr=cosine(0.1, steps=4))" ]

let private cases =
    gen {
        let! start = Gen.elements starts
        let! patterns = Gen.shuffle patterns
        let! count = Gen.choose (1, 3)
        let! changes = Gen.listOfLength count (Gen.elements changes)
        let! gradients = Gen.listOfLength 4 (Gen.arrayOfLength layout.Length (uniform -1.0 1.0))
        return start, List.zip (List.truncate count (List.ofArray patterns)) changes, gradients
    }

let private steps (optimizer: Optimizer) (gradients: float array list) : float array =
    let state = Optimizer.initFor<float> optimizer layout
    let parameters = Array.init layout.Length (fun i -> 0.5 - 0.1 * float i)

    for gradient in gradients do
        Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan gradient)

    parameters

let private inherited (start: string) groups =
    (Expression.parse start, groups)
    ||> List.fold (fun optimizer (pattern, (_, change)) -> Grouping.forGroup pattern change optimizer)

let private order =
    property "the order of calls does not matter" cases (fun (start, groups, _) ->
        Expect.equal (inherited start (List.rev groups)) (inherited start groups) start)

let private byHand =
    property "the steps are those of groups written by hand, the narrowest pattern first" cases (fun (start, groups, gradients) ->
        let own = Expression.parse start

        let written =
            Optimizer.groupsOf
                [ for pattern, (_, change) in groups |> List.sortWith (fun (a, _) (b, _) -> Freezing.narrowness a b) do
                      { Pattern = pattern; IsOptional = true; Optimizer = change own }
                  { Pattern = "*"; IsOptional = false; Optimizer = own } ]

        let optimizer =
            (own, groups)
            ||> List.fold (fun optimizer (pattern, (_, change)) -> Grouping.inheritOptionally true pattern change optimizer)

        Expect.equal (steps optimizer gradients) (steps written gradients) (string optimizer))

let private kept =
    property "a change of all groups before or after makes no difference" cases (fun (start, groups, _) ->
        let groups =
            groups
            |> List.filter (fun (_, (name, _)) -> List.contains name [ "weight_decay"; "a scale"; "l2"; "nothing" ])

        for change in
            [ Optimizer.set "lr" 0.25
              Optimizer.schedule "lr" (Schedule.Linear(0.1, Steps 3L, 0.01))
              fun optimizer -> Optimizer.chain [ Optimizer.create { ClipGlobalNorm.Limit = 1.0 }; optimizer ] ] do
            let grouped (optimizer: Optimizer) =
                (optimizer, groups)
                ||> List.fold (fun optimizer (pattern, (name, ofGroup)) ->
                    // l2 is before the rule, and after the norm.
                    if name = "l2" then optimizer else Grouping.forGroup pattern ofGroup optimizer)

            Expect.equal (change (grouped (Expression.parse start))) (grouped (change (Expression.parse start))) start)

let private factors =
    testList
        "factors of the learning rate"
        [ property
              "the steps are those of the multiplied learning rate"
              (Gen.zip (Gen.elements [ "adamw"; "sgd(lr=0.1, momentum=0.9)"; "lion(weight_decay=0.1)"; "adam"; "rmsprop" ]) cases)
              (fun (start, (_, _, gradients)) ->
                  let rate = 0.125
                  let own = Optimizer.set "lr" rate (Expression.parse start)

                  let expected =
                      steps (Optimizer.groups [ "layers.0.*", Optimizer.set "lr" (0.25 * rate) own; "*", own ]) gradients

                  // The factor is kept when the learning rate changes.
                  let actual =
                      Expression.parse start |> Grouping.learningRateFactor "layers.0.*" 0.25 |> Optimizer.set "lr" rate

                  Array.iter2 (fun a e -> Expect.floatClose Accuracy.high a e start) (steps actual gradients) expected)
          testCase "the rule is written once" (fun () ->
              let optimizer =
                  (Expression.parse "clip_global_norm(1) | prodigy | ema", [ 0..1 ])
                  ||> List.fold (fun optimizer i -> Grouping.learningRateFactor $"layers.{i}.*" (0.5 ** float (2 - i)) optimizer)

              Expect.equal
                  (string optimizer)
                  (string (
                      Expression.parse
                          "clip_global_norm(1) | prodigy | { \"layers.0.*\": scale(0.25), \"layers.1.*\": scale(0.5), \"*\": identity } | ema"
                  ))
                  "text form") ]

let private refusals =
    testList
        "refusals"
        [ for what, text, change, message in
              [ "averages in the rule",
                "schedule_free_sgd",
                Grouping.learningRateFactor "a" 0.5,
                "has a rule that keeps averages of unscaled steps. Set lr of schedule_free_sgd in the group."
                "no rule", "clip_norm(1)", Grouping.learningRateFactor "a" 0.5, "has no rule whose learning rate could have a factor."
                "groups without the others",
                "{ \"a\": sgd }",
                Grouping.forGroup "b" id,
                "has no group \"*\" from which another group could inherit."
                "groups at two places",
                "{ \"a\": l1(1), \"*\": sgd } | { \"a\": scale(2), \"*\": identity }",
                Grouping.forGroup "b" id,
                "has groups at several places"
                "a pattern twice",
                "{ \"a\": sgd, \"*\": adam }",
                Grouping.forGroup "a" (Optimizer.set "lr" 1.0),
                "The pattern \"a\" is given twice." ] ->
              testCase what (fun () ->
                  try
                      failtest $"nothing was thrown, but {change (Expression.parse text)} returned"
                  with :? ArgumentException as error ->
                      Expect.stringContains error.Message message "message") ]

let tests = testList "inheritance" [ order; byHand; kept; factors; refusals ]
