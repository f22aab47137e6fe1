/// Transformations that read the learning rate or the gradient of the rule before them.
module CuteDl.Core.Tests.AlgebraAfterRuleTests

open System
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators

let private layout = Layout.OfShapes [ "weight", [ 3; 2 ]; "bias", [ 2 ] ]

let private gradients: Gen<float array array> =
    Gen.choose (1, 12)
    |> Gen.bind (fun steps -> Gen.arrayOfLength steps (Gen.arrayOfLength layout.Length (uniform -1.0 1.0)))

/// The parameters after each step, from 0.5, 0.75, ...
let private path (text: string) (gradients: float array array) : float array array =
    let optimizer = Expression.parse text
    let state = Optimizer.initFor<float> optimizer layout
    let w = Array.init layout.Length (fun i -> 0.5 + 0.25 * float i)

    [| for g in gradients do
           Optimizer.stepInPlace optimizer state (Span w) (ReadOnlySpan g)
           Array.copy w |]

let private same (one: string) (other: string) =
    property $"{one} is {other}" gradients (fun gradients ->
        Array.iter2 (Array.iter2 (fun a b -> Close.within (1e-12 * max 1.0 (abs b)) a b one)) (path one gradients) (path other gradients))

let private falling = "cosine(0.1, steps=9)"

let private rates =
    testList
        "the rate of the rule before"
        [ same $"adam(lr={falling}, beta2=0.999) | decoupled(0.3, rate_power=1)" $"adamw(lr={falling}, weight_decay=0.3)"
          same
              $"accumulate(2) | adam(lr={falling}, beta2=0.999) | decoupled(0.3, rate_power=1)"
              $"accumulate(2) | adamw(lr={falling}, weight_decay=0.3)"
          same
              $"{{ \"bias\": sgd, \"*\": adam(lr={falling}, beta2=0.999) | decoupled(0.3, rate_power=1) }}"
              $"{{ \"bias\": sgd, \"*\": adamw(lr={falling}, weight_decay=0.3) }}"
          same "adam(lr=0.1, beta2=0.999, eps=1e-6) | trust_ratio" "lamb(lr=0.1)"
          same "lamb(lr=0.1) | decoupled(0.3, rate_power=1)" "lamb(lr=0.1) | decoupled(0.03)"
          same "fixed(lr=0.1) | decoupled(0.3, rate_power=2, peak_rate=0.2)" "fixed(lr=0.1) | decoupled(0.015)"
          same "fixed(lr=0.1) | schedule_free" "schedule_free_sgd(lr=0.1)"
          // The weights have the largest rate so far, not that of the step.
          same "fixed(lr=linear(0.1, steps=9)) | schedule_free" "fixed(lr=linear(0.1, steps=9)) | schedule_free(power=0)"
          same "rmsprop(lr=0.1) | clip_update_rms(0.001)" "rmsprop(lr=1) | clip_update_rms(0.001) | scale(0.1)"
          same "decoupled(0.3, rate_power=1)" "decoupled(0.3)"
          testCase "is refused after groups with several rules, and named" (fun () ->
              for part in [ "decoupled(0.3, rate_power=1)"; "schedule_free"; "trust_ratio"; "clip_update_rms" ] do
                  try
                      Optimizer.check (Expression.parse $"{{ \"bias\": sgd, \"*\": adam }} | {part}") layout
                      failtest part
                  with :? ArgumentException as error ->
                      for expected in [ "learning rate of the rule before it"; "'weight' and 'bias'"; "inside each group" ] do
                          Expect.stringContains error.Message expected part

              Optimizer.check (Expression.parse "{ \"bias\": sgd, \"*\": adam } | decoupled(0.3)") layout) ]

/// The signs that a step and the gradient share, counted by hand.
let private byHand (rule: string) (floor: float) (gradients: float array array) : float array array =
    let optimizer = Expression.parse rule
    let mutable state = Optimizer.initFor<float> optimizer layout
    let mutable w = Array.init layout.Length (fun i -> 0.5 + 0.25 * float i)

    [| for g in gradients do
           let next, delta = Optimizer.stepAt optimizer state w g
           state <- next
           let kept = Array.map2 (fun d g -> d * g > 0.0) delta g

           let share (at: int) =
               let tensor = if at < 6 then kept[..5] else kept[6..]
               max floor (float (tensor |> Array.filter id |> Array.length) / float tensor.Length)

           w <- Array.mapi (fun i w -> if kept[i] then w - delta[i] / share i else w) w
           w |]

let private masks =
    testList
        "the gradient of the rule before"
        [ for rule in
              [ "momentum(lr=0.1)"
                "adam(lr=0.1)"
                "lamb(lr=0.1)"
                "{ \"bias\": momentum(lr=0.1), \"*\": muon }"
                "dog" ] do
              property $"{rule} | cautious keeps the elements that agree with it" gradients (fun gradients ->
                  Array.iter2
                      (Array.iter2 (fun a b -> Close.within (1e-12 * max 1.0 (abs b)) a b rule))
                      (path $"{rule} | cautious" gradients)
                      (byHand rule 1e-3 gradients))
          same "clip_value(0.1) | momentum(lr=0.1) | cautious" "clip_value(0.1) | { \"*\": momentum(lr=0.1) } | cautious"
          same "{ \"bias\": momentum, \"*\": adam } | cautious" "{ \"bias\": momentum | cautious, \"*\": adam | cautious }"
          same "fixed(lr=0.1) | cautious" "fixed(lr=0.1)"
          testCase "is the mean after accumulate, and negated after maximize" (fun () ->
              let g =
                  [| [| 1.0; 1.0; 1.0; 1.0; 1.0; 1.0; 1.0; 1.0 |]; [| -3.0; 2.0; 1.0; 1.0; 1.0; 1.0; 1.0; 1.0 |] |]

              let path text = path text g |> Array.last
              Expect.equal (path "accumulate(2) | fixed(lr=0.5) | cautious") (path "accumulate(2) | fixed(lr=0.5)") "mean"
              Expect.equal (path "maximize | fixed(lr=0.5) | cautious") (path "maximize | fixed(lr=0.5)") "negated")
          testCase "is refused if only some groups have a rule" (fun () ->
              let optimizer = Expression.parse "{ \"bias\": scale(0.1), \"*\": adam } | cautious"
              let error = Expect.throwsC (fun () -> Optimizer.check optimizer layout) _.Message
              Expect.stringContains error "gradient of the rule before it" "message") ]

let private outer =
    testList
        "outer"
        [ same "momentum(lr=0.1) | outer(3, lr=0.5, momentum=0)" "momentum(lr=0.1) | lookahead(3, alpha=0.5)"
          same "fixed(lr=0.1) | outer(1, lr=0.5, momentum=0.8)" "sgd(lr=0.05, momentum=0.8, nesterov=true)"
          same "fixed(lr=0.1) | outer(1, lr=0.5, momentum=0.8, nesterov=false)" "sgd(lr=0.05, momentum=0.8)" ]

let tests = testList "after a rule" [ rates; masks; outer ]
