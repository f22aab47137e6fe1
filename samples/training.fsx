// Own training code in F#, from the guide: dotnet build -c Release, then dotnet fsi samples/training.fsx
#I "CSharp/bin/Release/net10.0"
#r "MathNet.Numerics.dll"
#r "CuteDl.Core.dll"

open System
open CuteDl.Core.Optimizers
open CuteDl.Core.Training

// The same network. A step is a pure function of parameters and state, so the training is a fold.
let hidden, batch = 16, 32

let layout =
    Layout.OfShapes
        [ "hidden.weight", [ 1; hidden ]
          "hidden.bias", [ hidden ]
          "output.weight", [ hidden; 1 ]
          "output.bias", [ 1 ] ]

let part (all: 'T array) (tensor: int) =
    let parameter = layout.Parameters[tensor]
    Array.sub all parameter.Offset parameter.Length

/// The square of the error for one input, and its gradient.
let squaredError (parameters: float array) (input: float, target: float) =
    let w1, b1, w2, b2 = part parameters 0, part parameters 1, part parameters 2, part parameters 3
    let units = Array.map2 (fun w b -> tanh (input * w + b)) w1 b1
    let error = b2[0] + Array.sum (Array.map2 (*) units w2) - target
    let before = Array.map2 (fun unit w -> 2.0 * error * w * (1.0 - unit * unit)) units w2

    let gradients =
        [ Array.map ((*) input) before; before; Array.map ((*) (2.0 * error)) units; [| 2.0 * error |] ]

    error * error, Array.concat gradients

let optimizer =
    Expression.parse "clip_global_norm(1) | { \"*.bias\": adam(lr=0.02), \"*\": adam(lr=0.01) }"

let random = Random 1

let learn (parameters: float array, state: State<float>) (step: int) =
    let inputs = Array.init batch (fun _ -> 6.0 * random.NextDouble() - 3.0)
    let losses, gradients = inputs |> Array.map (fun x -> squaredError parameters (x, sin x)) |> Array.unzip
    let gradient = gradients |> Array.reduce (Array.map2 (+)) |> Array.map (fun sum -> sum / float batch)
    let next, delta = Optimizer.stepAt optimizer state parameters gradient

    if step % 500 = 0 then
        printfn $"step {step}: loss %.4f{Array.average losses}"

    Array.map2 (-) parameters delta, next

let start =
    Array.init layout.Length (fun _ -> random.NextDouble() - 0.5), Optimizer.initFor<float> optimizer layout

let parameters, state = Seq.fold learn start (seq { 1..2000 })
Checkpoint.save "sine.safetensors" { Optimizer = optimizer; State = state; Parameters = parameters }
