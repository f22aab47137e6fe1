#:project ../src/CSharpApi/CSharpApi.csproj
#:package Sep
#:property NuGetLockFilePath=obj/regression.lock.json
#:property RestoreLockedMode=false

// Learns a number from a table: dotnet run -c Release samples/regression.cs TABLE.csv
using CuteDl;
using nietras.SeparatedValues;

var path = args.FirstOrDefault() ?? MadeUp(Path.Combine(Path.GetTempPath(), "cars.csv"));
using var table = Sep.Reader().FromFile(path);
var names = table.Header.ColNames;
var inputs = names.SkipLast(1).ToArray();
var examples = table.Enumerate(row => (Input: row[inputs].ParseToArray<double>(), Target: new[] { row[names[^1]].Parse<double>() }));
var data = DataSet.From(examples, "cars").Split(train: 0.7, validation: 0.15, test: 0.15).Standardize();
Console.WriteLine(data);
var result = await Experiment.On(data)
    .Dense(64, Activation.ReLU)
    .Dense(1)
    .Loss(Losses.MeanSquaredError)
    .Optimizer(Optimizers.Adam(0.01))
    .EarlyStopping(patience: 10)
    .Epochs(100)
    .RunAsync();
var evaluation = result.Model!.Evaluate(data, DataPart.Test);
Console.WriteLine($"{result}\n{evaluation}");
return evaluation.RSquared > 0.95 ? 0 : 1;

// The price depends on age and distance, with a noise of deviation 0.5. No model has an R² above 0.98.
static string MadeUp(string path)
{
    var random = new Random(1);
    var rows = Enumerable.Range(0, 2000).Select(_ => (Age: random.NextDouble() * 15, Km: random.NextDouble() * 200_000))
        .Select(car => FormattableString.Invariant($"{car.Age},{car.Km},{12 * Math.Exp(-car.Age / 6) - car.Km / 50_000 + Noise()}"));
    File.WriteAllLines(path, rows.Prepend("age,km,price"));
    return path;

    double Noise() => 0.5 * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
