/// Identities between the document's rules, and what it says of their sums and limits.
module CuteDl.Core.Tests.IdentityTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Precision
open CuteDl.Core.Tests.Trajectory

let private number = NumberText.ofFloat
let private parse (text: string) = Expression.parse text
let private decay = Gen.frequency [ 1, Gen.constant 0.0; 8, uniform 0.0 0.99 ]
let private nonZero = signed (logUniform 1e-3 1e3)
let private series = Gen.choose (1, 20) |> Gen.bind (fun length -> Gen.arrayOfLength length moderate)

/// What a slot holds after these gradients of one element.
let private slotAfter (name: string) (optimizer: Optimizer) (gradients: float array) : float =
    let _, state = pure' Precision.double optimizer (Array.map Array.singleton gradients)
    state[name].ToArray()[0]

/// Σ weight(t − i) x_i, the last having the weight of 0.
let private unrolled (weight: int -> float) (values: float array) : float =
    values |> Array.mapi (fun i x -> weight (values.Length - 1 - i) * x) |> Array.sum

let private sums =
    testList
        "sums of decays"
        [ property "momentum under a constant gradient goes to α g / (1 − γ)" (Gen.zip decay nonZero) (fun (gamma, g) ->
              let last =
                  scalarDeltas (parse $"momentum(lr=0.5, decay={number gamma})") (Array.create 4000 g) |> Array.last

              Close.relative 1e-9 last (0.5 * g / (1.0 - gamma)) "the sum of all powers of γ")
          // The sum of n powers runs from 0 to n − 1: the document prints 1 to n, which would be γ times as much.
          property "momentum under a constant gradient is α g (1 − γⁿ) / (1 − γ) at step n" (Gen.zip decay nonZero) (fun (gamma, g) ->
              scalarDeltas (parse $"momentum(lr=0.5, decay={number gamma})") (Array.create 60 g)
              |> Array.iteri (fun i delta ->
                  Close.relative 1e-12 delta (0.5 * g * (1.0 - gamma ** float (i + 1)) / (1.0 - gamma)) $"n = {i + 1}"))
          testCase "for γ = 0.9 and n = 10 that is 6.51, not the 5.86 of the sum from 1 to n" (fun () ->
              let tenth = scalarDeltas (parse "momentum(lr=1, decay=0.9)") (Array.create 10 1.0) |> Array.last
              Close.within 0.005 tenth 6.51 "Σ γⁱ over i = 0 .. 9")
          property "the weights of a mean of n terms sum to 1 − γⁿ" (Gen.zip decay (Gen.choose (2, 60))) (fun (gamma, n) ->
              let ones = Array.create n 1.0
              let expected = 1.0 - gamma ** float n

              for slot, text in
                  [ "average", $"adam(beta1={number gamma})"
                    "square_average", $"adam(beta2={number gamma})"
                    "square_average", $"rmsprop(decay={number gamma})"
                    "square_average", $"adadelta(decay={number gamma})" ] do
                  Close.relative 1e-12 (slotAfter slot (parse text) ones) expected text) ]

let private means =
    testList
        "unrolled"
        [ property "rmsprop's s is Σ (1−γ) γ^(t−i) g_i²" (Gen.zip decay series) (fun (gamma, gradients) ->
              let expected =
                  gradients |> Array.map (fun g -> g * g) |> unrolled (fun k -> (1.0 - gamma) * gamma ** float k)

              Close.relative 1e-12 (slotAfter "square_average" (parse $"rmsprop(decay={number gamma})") gradients) expected "s")
          property "rmsprop under a constant gradient goes to α g / (|g| + ε)" (Gen.zip decay nonZero) (fun (gamma, g) ->
              let last =
                  scalarDeltas (parse $"rmsprop(lr=0.1, decay={number gamma}, eps=0.01)") (Array.create 4000 g)
                  |> Array.last

              Close.relative 1e-10 last (0.1 * g / (abs g + 0.01)) "the limit")
          property "adadelta's d is Σ (1−γ) γ^(t−i) Δ_i²" (Gen.zip decay series) (fun (gamma, gradients) ->
              let optimizer = parse $"adadelta(decay={number gamma}, eps=0.01)"

              let expected =
                  scalarDeltas optimizer gradients
                  |> Array.map (fun delta -> delta * delta)
                  |> unrolled (fun k -> (1.0 - gamma) * gamma ** float k)

              Close.relative 1e-12 (slotAfter "delta_square_average" optimizer gradients) expected "d")
          property "adadelta is rmsprop with √d + ε of the step before as its rate" (Gen.zip decay series) (fun (gamma, gradients) ->
              let adadelta = parse $"adadelta(decay={number gamma}, eps=0.01)"
              let rmsProp = parse $"rmsprop(lr=1, decay={number gamma}, eps=0.01)"
              let ofRmsProp = scalarDeltas rmsProp gradients

              scalarDeltas adadelta gradients
              |> Array.iteri (fun i delta ->
                  let d = if i = 0 then 0.0 else slotAfter "delta_square_average" adadelta gradients[.. i - 1]
                  Close.relative 1e-13 delta ((sqrt d + 0.01) * ofRmsProp[i]) $"step {i + 1}")) ]

/// Bit for bit in both precisions.
let private same<'T when 'T: unmanaged and 'T :> Numerics.IFloatingPointIeee754<'T>> (precision: Precision<'T>) =
    let slotsOf (name: string) (optimizer: Optimizer) gradients =
        let _, state = pure' precision optimizer gradients
        state[name].ToArray()

    // As numbers: a sum with 0 may turn −0 into 0.
    let sameNumbers (a: 'T array) (b: 'T array) (what: string) =
        expectSameNumbers (Array.map precision.ToFloat a) (Array.map precision.ToFloat b) what

    let gradients = someGradients 20 moderate

    testList
        precision.Name
        [ property "adam with γ₁ = 0 and no correction is rmsprop" (Gen.zip decay gradients) (fun (gamma, gradients) ->
              let adam = parse $"adam(lr=0.1, beta1=0, beta2={number gamma}, eps=0.01, correction=false)"
              let rmsProp = parse $"rmsprop(lr=0.1, decay={number gamma}, eps=0.01)"

              Array.iter2 (fun a b -> sameNumbers a b "Δ") (deltas precision adam gradients) (deltas precision rmsProp gradients))
          property
              "adam's v is momentum with a rate of 1 − γ₁, and its s is rmsprop's"
              (Gen.zip3 decay decay gradients)
              (fun (b1, b2, gradients) ->
                  let adam = parse $"adam(beta1={number b1}, beta2={number b2})"
                  let momentum = parse $"momentum(lr={number (1.0 - b1)}, decay={number b1})"
                  expectSameBits precision (slotsOf "average" adam gradients) (slotsOf "velocity" momentum gradients) "v"

                  expectSameBits
                      precision
                      (slotsOf "square_average" adam gradients)
                      (slotsOf "square_average" (parse $"rmsprop(decay={number b2})") gradients)
                      "s")
          property "momentum with γ = 0 is fixed" gradients (fun gradients ->
              Array.iter2
                  (fun a b -> sameNumbers a b "Δ")
                  (deltas precision (parse "momentum(lr=0.1, decay=0)") gradients)
                  (deltas precision (parse "fixed(lr=0.1)") gradients))
          property "ema with β = 0 is the parameters" gradients (fun gradients ->
              let optimizer = parse "fixed(lr=0.1) | ema(0)"
              let state = Optimizer.init<'T> optimizer gradients[0].Length
              let parameters = Array.create gradients[0].Length (precision.Of 1.0)

              for gradient in gradients do
                  Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan(precision.OfAll gradient))

              sameNumbers (Optimizer.averaged optimizer state (ReadOnlySpan parameters)) parameters "the average") ]

let private behaviour =
    let adaptive = [ "adagrad"; "rmsprop"; "adadelta" ]

    testList
        "behaviour"
        [ property "the adaptive three keep the sign of the gradient at every step" series (fun gradients ->
              for name in adaptive do
                  scalarDeltas (parse name) gradients
                  |> Array.iteri (fun i delta -> Expect.equal (sign delta) (sign gradients[i]) $"{name}, step {i + 1}"))
          property
              "adagrad's steps go to 0 under gradients that stay within bounds"
              (Gen.arrayOfLength 2000 (signed (uniform 0.5 2.0)))
              (fun gradients ->
                  scalarDeltas (parse "adagrad(lr=0.1)") gradients
                  |> Array.iteri (fun i delta ->
                      // Σ g² is at least t / 4.
                      Expect.isLessThanOrEqual (abs delta) (0.1 * 2.0 / (0.5 * sqrt (float (i + 1)))) $"step {i + 1}"))
          property
              "where gradients vanish, momentum and adam go on and the other three rest"
              (Gen.zip nonZero (Gen.choose (1, 10)))
              (fun (g, steps) ->
                  let gradients = Array.append (Array.create steps g) (Array.zeroCreate 5)

                  for name in "momentum" :: "adam" :: adaptive do
                      let after = (scalarDeltas (parse name) gradients)[steps..]
                      let moves = not (List.contains name adaptive)
                      Expect.all after (fun delta -> (delta <> 0.0) = moves) name)
          property "single precision agrees with double" (Gen.arrayOfLength 30 (signed (logUniform 1e-2 1e2))) (fun gradients ->
              // Exact in single precision.
              let gradients = gradients |> Array.map (float32 >> float)

              for kind in Rules.document do
                  let optimizer = parse kind.Name
                  let inDouble = scalarDeltas optimizer gradients
                  let inSingle = deltas single optimizer (Array.map Array.singleton gradients)
                  // Sums may cancel: their errors are measured against the sum of magnitudes.
                  let scale = scalarDeltas optimizer (Array.map abs gradients)

                  for i in 0 .. gradients.Length - 1 do
                      Close.within (1e-5 * scale[i]) (float inSingle[i].[0]) inDouble[i] $"{kind.Name}, step {i + 1}") ]

/// Arguments in a range up to 1 are decays, but for the factor by which rprop shortens its steps.
let private isDecay (argument: Argument) =
    argument.Range.Upper = 1.0 && not argument.Range.UpperIncluded && argument.Name <> "eta_minus"

let private decays =
    testList
        "without a past"
        [ for kind in Rules.known do
              for argument in kind.Arguments |> List.filter isDecay do
                  testCase $"{argument.Name} of {kind.Name} can be 0" (fun () ->
                      let optimizer = Optimizer.set argument.Name 0.0 (parse kind.Name)
                      let state = Optimizer.initFor<float> optimizer (Layout.OfShapes [ "w", [ 2; 2 ] ])
                      let parameters = [| 1.0; -2.0; 0.5; 3.0 |]

                      for step in 1..5 do
                          let gradient = Array.init 4 (fun i -> cos (float (i * step)))
                          Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan gradient)

                      Expect.all parameters Double.IsFinite "parameters") ]

let tests =
    testList "identities" [ decays; sums; means; testList "bit for bit" [ same single; same Precision.double ]; behaviour ]
