namespace CuteDl.Studies

open System
open System.Threading
open CuteDl.Core.Optimizers

/// <summary>A trial, as a trainer of one's own gets it.</summary>
[<NoComparison>]
type TrialToTrain =
    {
        /// <summary>The trial: its seed, and the hyper-parameters that the study sets.</summary>
        Trial: Trial
        /// <summary>The optimizer, with these hyper-parameters.</summary>
        Optimizer: Optimizer
        /// <summary>The budget in steps.</summary>
        Steps: int64
        /// <summary>The number of steps between validations.</summary>
        ValidateEvery: int
    }

/// <summary>
/// A trainer of one's own: it trains trials itself, with any library, and gives their validations one after another. Its trials have no
/// checkpoints: an interrupted trial starts anew. They cannot be replayed.
/// </summary>
[<Sealed>]
type OwnTrainer private (name: string, train: TrialToTrain -> CancellationToken -> Score seq, version: string, classes: int) =
    let refuse () : 'any =
        raise (
            NotSupportedException
                $"The trainer '{name}' trains its trials itself, so they have no steps to repeat. Run the study again instead."
        )

    do
        OwnName.require name

        OwnName.requireClasses "trainer" classes

    /// <summary>Makes a trainer.</summary>
    /// <param name="name">The name in study files: small letters, digits and underscores.</param>
    /// <param name="train">
    /// Trains a trial, and returns its validations: one after each <c>ValidateEvery</c> steps, and one after the last step. Each is taken when
    /// the study needs it, and the sequence is disposed when the study needs no more. Equal trials must give equal validations. Cancellation
    /// ends the training.
    /// </param>
    /// <param name="version">The version of data and code. A study resumes only with an equal one. Default: empty.</param>
    /// <param name="classes">The number of classes, at least 2, for validations with an accuracy. Default: 0, no classes.</param>
    /// <exception cref="T:System.ArgumentException">The name is not valid or belongs to a problem of the library, or the number of classes is out
    /// of its range.</exception>
    static member From(name: string, train: TrialToTrain -> CancellationToken -> Score seq, ?version: string, ?classes: int) : OwnTrainer =
        OwnTrainer(name, train, defaultArg version "", defaultArg classes 0)

    /// <summary>The name in study files.</summary>
    member _.Name = name

    /// Starts to train a trial.
    member internal _.Train(trial: TrialToTrain, cancellation: CancellationToken) : Score seq = train trial cancellation

    /// <summary>Returns the name.</summary>
    override _.ToString() = name

    interface IProblem with
        member _.Kind = name
        member _.HasAccuracy = classes > 0
        member _.ComparesAccuracy = classes > 0
        member _.ValidatesOnTest = false
        // The version is all that is known of its data.
        member _.HasData = true
        member _.ExamplesAStep = 1
        member _.StepsAnEpoch = None
        member _.Classes = classes
        member _.GuessedLoss = infinity
        member _.Findings _ = []
        member _.Layout() = Ok(Layout.OfShapes [])
        member trainer.InFolder _ = trainer
        member _.ForDocument _ = ValueNone

        member _.Prepare(_, _) =
            let hash = (Seq.map uint64 version |> Seq.fold BitHash.add BitHash.start).ToString "x16"

            { new IPreparedProblem with
                member _.Layout = Layout.OfShapes []
                member _.Identity = $"own trainer {name}: {hash}"
                member _.DataHash = hash
                member _.Start _ = refuse () }
