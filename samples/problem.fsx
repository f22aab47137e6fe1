// A problem of your own in F#: dotnet build -c Release, then dotnet fsi samples/problem.fsx
#I "CSharp/bin/Release/net10.0"
#r "MathNet.Numerics.dll"
#r "CuteDl.Core.dll"
#r "CuteDl.Studies.dll"

open CuteDl.Core.Optimizers
open CuteDl.Studies

// A line through noisy points. A step sees eight of the points, a validation all of them.
let random = System.Random 1

let points =
    Array.init 200 (fun i -> struct (float i / 200.0, 3.0 * float i / 200.0 - 1.0 + 0.1 * random.NextDouble()))

let squaredError (points: struct (float * float) array) (w: float array) =
    let errors = points |> Array.map (fun struct (x, y) -> w[0] * x + w[1] - y)
    let slope = Array.map2 (fun struct (x, _) error -> 2.0 * error * x) points errors |> Array.average
    struct (Array.averageBy (fun error -> error * error) errors, [| slope; 2.0 * Array.average errors |])

let layout = Layout.OfShapes [ "slope", [ 1 ]; "offset", [ 1 ] ]
let evaluate w (step: ProblemStep) = squaredError (step.Random().GetItems(points, 8)) w
let validate = squaredError points >> fun struct (loss, _) -> loss
let line = OwnProblem.From("line", layout, (fun _ -> [| 0.0; 0.0 |]), evaluate, validate)
// Compares the gradient with differences of the loss, and throws if an element is wrong.
line.CheckGradient().ThrowIfWrong()

let study =
    """{ "schema": "cutedl/study/1", "name": "Which one finds the line?",
         "tasks": [{ "name": "line", "problem": "line", "steps": 400, "validate_every": 1, "target": { "loss": 0.002 } }],
         "optimizers": [{ "name": "momentum", "optimizer": "momentum", "space": { "lr": { "log_uniform": [0.001, 1] } } },
                        { "name": "adam", "optimizer": "adam", "space": { "lr": { "log_uniform": [0.001, 1] } } }] }"""
    |> StudyJson.parseWith (StudyRegistry.Standard.Add line)
    |> Result.defaultWith (fun errors -> failwith $"%A{errors}")

let trials = PreparedTrials.Of((fun _ -> invalidOp "The problem has no images."), study)
let run = StudyRun.InMemory(study, false, trials)
let outcome = run.Run(RunOptions.Defaults, ignore, System.Threading.CancellationToken.None)
(Analysis.ofResults study outcome.Results 1).Sentences |> Seq.iter (printfn "%s")
