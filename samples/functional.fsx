// The core from F#: dotnet build -c Release, then dotnet fsi samples/functional.fsx
#I "CSharp/bin/Release/net10.0"
#r "MathNet.Numerics.dll"
#r "CuteDl.Core.dll"

open System
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers

// An optimizer is a value; a step is a pure function of state and gradient.
let adam = Optimizer.create { Rules.adam.Defaults with LearningRate = 0.1 }
printfn $"{adam}, and back again: {Expression.parse (string adam) = adam}"

// Minimize x² + 10 y² from (3, 1).
let gradient (w: float array) = [| 2.0 * w[0]; 20.0 * w[1] |]

let descend (state: State<float>, w: float array) _ =
    let next, delta = Optimizer.step adam state (gradient w)
    next, Array.map2 (-) w delta

let state, w = Seq.fold descend (Optimizer.init adam 2, [| 3.0; 1.0 |]) (seq { 1..200 })
printfn $"after {state.Step} steps: x = %.4f{w[0]}, y = %.4f{w[1]}"

// The same formula over exact fractions: momentum with γ = 1/2 and α = 1 sums 1 + 1/2 + 1/4 + ...
let momentum = Optimizer.create { Momentum.LearningRate = 1.0; Decay = 0.5 }
let velocity = [| Rational.Of 0 |]

for t in 1L .. 5L do
    let delta = Optimizer.stepElements momentum.Rule t [| Rational.Of 1 |] velocity
    printfn $"step {t}: Δ = {delta[0]}"

// Optimizers combine into chains, groups by tensor name, and schedules. Parsing the text form returns the same value.
let composed =
    [ Optimizer.create { ClipGlobalNorm.Limit = 1.0 }
      Optimizer.groups
          [ "*.bias", Optimizer.create { Rules.adamW.Defaults with WeightDecay = 0.0 }
            "*",
            Optimizer.create { Rules.adamW.Defaults with WeightDecay = 0.05 }
            |> Optimizer.schedule "lr" (Schedule.parse "one_cycle(0.01, steps=5000)") ]
      Optimizer.create { Beta = 0.99; Debiased = true } ]
    |> Optimizer.chain

printfn $"{composed}, and back again: {Expression.parse (string composed) = composed}"

let layout = Layout.OfShapes [ "layers.0.weight", [ 2; 2 ]; "layers.0.bias", [ 2 ] ]
let chainState = Optimizer.initFor<float> composed layout
let parameters = Array.create layout.Length 1.0
Optimizer.stepInPlace composed chainState (Span parameters) (ReadOnlySpan(Array.create layout.Length 0.5))
printfn $"""slots: {String.Join(", ", chainState.SlotNames)}"""
