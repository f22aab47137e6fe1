namespace CuteDl.Studies

open CuteDl.Core.Data
open CuteDl.Core.Networks

/// The default values of a study. Study files, their JSON schema and the C# builder read them here.
[<RequireQualifiedAccess>]
module internal StudyDefaults =
    // The seeds of the phases are disjoint, so that no phases share seeds.
    [<Literal>]
    let FirstTuningSeed = 1000

    [<Literal>]
    let FirstConfirmationSeed = 1

    [<Literal>]
    let FirstFrontierSeed = 2000

    [<Literal>]
    let Trials = 8

    [<Literal>]
    let Extensions = 1

    [<Literal>]
    let Nested = false

    [<Literal>]
    let ConfirmationSeeds = 10

    [<Literal>]
    let Alpha = 0.05

    [<Literal>]
    let EqualWithin = 1.05

    [<Literal>]
    let ConfirmsDefaults = true

    [<Literal>]
    let WarmUp = 4

    [<Literal>]
    let Eta = 3

    [<Literal>]
    let HeldOut = 5000

    /// The number of examples that are held out of so many training examples: a tenth, but at most 5000.
    let heldOut (training: int) : int = max 1 (min HeldOut (training / 10))

    [<Literal>]
    let Batch = 64

    [<Literal>]
    let Epochs = 10

    [<Literal>]
    let FunctionSteps = 1000L

    /// The least and greatest rate of the frontier, and the number of rates.
    [<Literal>]
    let LowestRate = 1e-5

    [<Literal>]
    let HighestRate = 1.0

    [<Literal>]
    let Rates = 8

    let precision = TaskPrecision.Single
    let order = Shuffled
    let initialization = He

    let tuning: Tuning =
        { Search = Search.Sobol
          Trials = Trials
          Seeds = [ FirstTuningSeed ]
          Objective = TimeToTarget
          Pruning = NoPruning
          Extensions = Extensions
          Nested = Nested }

    let confirmation: Confirmation =
        { Seeds = [ FirstConfirmationSeed .. FirstConfirmationSeed + ConfirmationSeeds - 1 ]
          Alpha = Alpha
          EqualWithin = EqualWithin
          InterimLooks = None
          Defaults = ConfirmsDefaults }

    let frontier: Frontier =
        { Rates = Settings.logarithmic LowestRate HighestRate Rates
          Seeds = [ FirstFrontierSeed .. FirstFrontierSeed + 2 ] }
