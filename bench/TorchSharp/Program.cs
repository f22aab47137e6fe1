using CuteDl.Bench;

// check      compares steps on TorchSharp's tensors with steps on arrays
// measure    times steps of adam, and those of TorchSharp's own Adam
return args switch
{
    ["check"] => Checks.Run(),
    ["measure"] => Measurements.Print(),
    _ => throw new ArgumentException("Write 'check' or 'measure'."),
};
