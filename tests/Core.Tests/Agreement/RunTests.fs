/// The document's eight runs on MNIST, against the same runs in numpy.
module CuteDl.Core.Tests.RunTests

open System
open System.Threading
open Expecto
open CuteDl.Testing
open CuteDl.Core.Data
open CuteDl.Core.Models
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Core.Tests.DataSetTests

/// The loss of each of the first steps of an epoch in file order.
let private firstLosses (precision: Precision<'T>) model (initial: float array) optimizer steps (afterStep: int -> Network<'T> -> unit) =
    let data = mnist.Value.Training
    let network = Network<'T>(model, 64)
    precision.OfAll(initial).CopyTo network.Parameters
    let state = Optimizer.init<'T> optimizer initial.Length

    [| for step in 1..steps do
           let indices = Array.init 64 (fun row -> (step - 1) * 64 + row)
           Batches.fill None data model.Outputs (ReadOnlySpan indices) (Span network.Inputs) (Span network.Targets)
           network.Train(64, 0UL)
           Optimizer.stepInPlace optimizer state network.Parameters network.Gradient
           afterStep step network |]

let private expectLosses tolerance (actual: float array) (expected: float array) what =
    Expect.equal actual.Length expected.Length $"{what}: how many"
    Array.iteri2 (fun i a b -> Close.relative tolerance a b $"{what} {i + 1}") actual expected

let private firstSteps (run: DocumentedRun) =
    testCase "the first 200 losses agree to 1e-8" (fun () ->
        let initial = Reference.initialParameters Reference.single "initial-single.npz"
        let losses = firstLosses Precision.double Reference.single initial run.Optimizer 200 (fun _ _ -> ())
        expectLosses 1e-8 losses (Reference.run run.Name).First200Losses "loss of step")

let private trained (precision: Precision<'T>) (run: DocumentedRun) options =
    let initial = Reference.initialParameters Reference.single "initial-single.npz" |> precision.OfAll
    Trainer.train Reference.single run.Optimizer options mnist.Value initial ignore CancellationToken.None

let private expectHistory (result: TrainingResult<float>) (reference: Reference.Run) =
    let count = result.History.Length
    Expect.equal [| for v in result.History -> float v.Step |] reference.HistorySteps[.. count - 1] "steps of the validations"
    expectLosses 1e-8 [| for v in result.History -> v.TrainingLoss |] reference.TrainingLosses[.. count - 1] "training loss of epoch"
    expectLosses 1e-8 [| for v in result.History -> v.Loss |] reference.ValidationLosses[.. count - 1] "validation loss of epoch"
    expectLosses 1e-8 [| for v in result.History -> v.Accuracy |] reference.ValidationAccuracies[.. count - 1] "accuracy of epoch"

let private reason (stop: StopReason) =
    match stop with
    | TooSlow -> "gained less than 0.001 over 20 validations"
    | TargetHeld -> "validation accuracy over 0.91 in 20 validations"
    | other -> string other

/// From the first step to the one at which a stop rule ends it.
let private whole (run: DocumentedRun) =
    longTest "A run takes up to 945,504 steps." "the whole run agrees to 1e-8, and stops at the same step for the same reason" (fun () ->
        let reference = Reference.run run.Name
        let result = trained Precision.double run TrainingOptions.Document
        Expect.equal result.Steps reference.Steps "steps to stop"
        Expect.equal (reason result.Stop.Value) reference.Stop "reason"
        Expect.equal result.History.Length reference.HistorySteps.Length "validations"
        expectHistory result reference
        Expect.equal result.Logits.Dead reference.DeadLogits "dead logits")

let private beginning (run: DocumentedRun) =
    testCase "the first 5 epochs agree to 1e-8" (fun () ->
        let result = trained Precision.double run { TrainingOptions.Document with MaxEpochs = 5 }
        Expect.equal result.History.Length 5 "validations"
        expectHistory result (Reference.run run.Name))

/// The losses and accuracies that numpy found, without training: the rules alone decide.
let private stop (run: DocumentedRun) =
    testCase "the stop rules end the history of the whole run at its last validation, for the same reason" (fun () ->
        let reference = Reference.run run.Name

        let history: Validation array =
            Array.init reference.HistorySteps.Length (fun i ->
                { Step = int64 reference.HistorySteps[i]
                  TrainingLoss = reference.TrainingLosses[i]
                  Quality = Quality.Of(struct (reference.ValidationLosses[i], reference.ValidationAccuracies[i]))
                  Training = Quality.Unknown })

        let decide count =
            StopRule.document |> List.tryPick (fun rule -> StopRule.decide rule history[.. count - 1])

        let first = Seq.init history.Length (fun i -> i + 1) |> Seq.tryFind (decide >> Option.isSome)
        Expect.equal first (Some history.Length) "validations"
        Expect.equal (decide history.Length |> Option.map reason) (Some reference.Stop) "reason")

let private expectSingle (epochs: int) (run: DocumentedRun) =
    let result = trained Precision.single run { TrainingOptions.Document with MaxEpochs = epochs }

    expectLosses
        1e-3
        [| for v in result.History -> v.Loss |]
        (Reference.run run.Name).ValidationLosses[.. epochs - 1]
        "validation loss of epoch"

let private singlePrecision (run: DocumentedRun) =
    testCase "in single precision the validation losses of the first 2 epochs agree to 1e-3" (fun () -> expectSingle 2 run)

let private singlePrecisionLonger (run: DocumentedRun) =
    longTest "It trains for 18,760 steps." "in single precision the validation losses of the first 20 epochs agree to 1e-3" (fun () ->
        expectSingle 20 run)

let private expectPerceptron (steps: int) (run: DocumentedRun) =
    let reference = Reference.run run.Name
    let initial = Reference.initialParameters Reference.perceptron "initial-mlp.npz"
    let validations = Collections.Generic.List<int * float * float>()

    // A pass of the trainer over the validation set: no step is taken at a rate of 0.
    let validate step (network: Network<float>) =
        if step % 300 = 0 then
            let still = Optimizer.create { LearningRate = 0.0 }

            let options =
                { TrainingOptions.Document with MaxSteps = Some 1L; ValidateEvery = Some 1; StopRules = [] }

            let result =
                Trainer.train Reference.perceptron still options mnist.Value (network.Parameters.ToArray()) ignore CancellationToken.None

            validations.Add((step, result.History[0].Loss, result.History[0].Accuracy))

    let losses = firstLosses Precision.double Reference.perceptron initial run.Optimizer steps validate
    expectLosses 1e-8 losses reference.PerceptronLosses[.. steps - 1] "loss of step"

    for (step, loss, accuracy), (expectedStep, expectedLoss, expectedAccuracy) in Seq.zip validations reference.PerceptronValidations do
        Expect.equal step expectedStep "step"
        Close.relative 1e-8 loss expectedLoss $"validation loss after step {step}"
        Close.relative 1e-8 accuracy expectedAccuracy $"accuracy after step {step}"

    Expect.equal validations.Count (steps / 300) "validations"

let private perceptron (run: DocumentedRun) =
    testCase "with a hidden layer, 300 losses and a validation agree to 1e-8" (fun () -> expectPerceptron 300 run)

let private perceptronLonger (run: DocumentedRun) =
    longTest "It trains 784-128-10 for 900 steps." "with a hidden layer, 900 losses and three validations agree to 1e-8" (fun () ->
        expectPerceptron 900 run)

/// The longest first, so that none is left to the end alone.
let tests =
    testList
        "document's runs"
        [ for run in DocumentedRuns.all |> List.sortByDescending (fun run -> (Reference.run run.Name).Steps) do
              testList
                  run.Name
                  [ whole run
                    beginning run
                    stop run
                    firstSteps run
                    singlePrecision run
                    singlePrecisionLonger run
                    perceptron run
                    perceptronLonger run ] ]
