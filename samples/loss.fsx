// A loss of your own in F#: dotnet build -c Release, then dotnet fsi samples/loss.fsx
#I "CSharp/bin/Release/net10.0"
#r "System.Numerics.Tensors.dll"
#r "MathNet.Numerics.dll"
#r "CuteDl.Core.dll"
#r "CuteDl.Studies.dll"
#r "CuteDl.dll"

open CuteDl

// Quantile regression: an output that is too low costs q for each unit, and one that is too high costs 1 − q.
let quantile (q: float) =
    Losses.Of(
        "quantile",
        fun outputs targets gradient ->
            let lack = targets[0] - outputs[0]
            gradient[0] <- if lack > 0.0 then -q else 1.0 - q
            if lack > 0.0 then q * lack else (q - 1.0) * lack
    )

// y is uniform between x and 3 x. Its quantile q is the line (1 + 2 q) x, whose mean loss is q (1 − q) / 2.
let random = System.Random 1
let x = Array.init 20_000 (fun _ -> random.NextDouble())
let y = x |> Array.map (fun x -> x * (1.0 + 2.0 * random.NextDouble()))
let data = DataSet.From(Array2D.init x.Length 1 (fun i _ -> x[i]), y)

for q in [ 0.1; 0.5; 0.9 ] do
    let experiment = Experiment.On(data).Dense(1).Loss(quantile q).Optimizer(Optimizers.Adam 0.01).Epochs 20

    let result = experiment.RunAsync().Result
    printfn $"q = {q}: validation loss %.4f{Seq.last result.History.ValLoss}, that of the true line is %.4f{q * (1.0 - q) / 2.0}"
