/// The parameters that trials start from, and archives of given ones that change.
module CuteDl.Studies.Tests.StartingWeightsTests

open System
open System.IO
open System.Threading
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Studies
open CuteDl.Studies.Tests.JournalTests

/// Three classes of eight random pixels.
let images: DataParts =
    let set (count: int) purpose =
        let random = RandomStream.stream 23 purpose
        DataSet(8, Array.init (count * 8) (fun _ -> byte (random.Next 256)), Array.init count (fun i -> i % 3), 3)

    DataParts.create (set 80 "training") (Some(set 30 "test"))

let reader = DataReader(fun _ -> images)

let problemOf (layers: Layer list) (weights: StartingWeights) : DataSetProblem =
    { Source = Held("random", images)
      Split = TestAsValidation
      Layers = layers
      Loss = SoftmaxCrossEntropy
      Weights = weights
      Batch = 16
      Order = Shuffled
      Mean = OverBatches
      ScoresTraining = false }

let private taskOf (problem: IProblem) : StudyTask =
    { Name = "task"
      Problem = problem
      Precision = TaskPrecision.Single
      Steps = 24L
      ValidateEvery = 5
      Target = Accuracy 0.9 }

/// Saves arrays that fit a model, made from a number.
let save (path: string) (cellsOf: float array -> Cells) (layers: Layer list) (seed: int) : unit =
    let model = Model.create 8 layers SoftmaxCrossEntropy
    let values = Model.initialParameters<float32> model Glorot seed |> Array.map float

    Map
        [ for parameter in Model.parameters model ->
              parameter.Name,
              { Shape = parameter.Shape
                Cells = cellsOf values[parameter.Offset .. parameter.Offset + parameter.Length - 1] } ]
    |> Npz.save path

let private cases =
    gen {
        let! units = Gen.listOf (Gen.choose (1, 6))
        // More outputs than classes are allowed.
        let! outputs = Gen.choose (3, 5)
        let! deviation = Gen.choose (1, 1000)
        let! initialization = Gen.elements [ He; Glorot; Normal(float deviation / 1000.0) ]
        let! seed = Gen.choose (Int32.MinValue, Int32.MaxValue)

        let layers: Layer list =
            [ for units in List.truncate 2 units do
                  Dense(units, ReLU)

              Dense(outputs, Linear) ]

        return layers, initialization, seed
    }

let private initial (problem: DataSetProblem) (seed: int) : float array * float32 array =
    let prepared = (problem :> IProblem).Prepare("task", reader)
    (prepared.Start<float> seed).Initial, (prepared.Start<float32> seed).Initial

let private drawn =
    property "drawn weights are drawn in double precision, and rounded once" cases (fun (layers, initialization, seed) ->
        let double, single = initial (problemOf layers (Drawn initialization)) seed
        let model = Model.create 8 layers SoftmaxCrossEntropy
        Expect.equal double (Model.initialParameters<float> model initialization seed) "of the seed"
        Expect.equal single (Array.map float32 double) "rounded")

let private given =
    testCase "given weights are those of the archive, for every seed" (fun () ->
        inFolder (fun folder ->
            let path = Path.Combine(folder, "weights.npz")
            let layers: Layer list = [ Dense(4, ReLU); Dense(3, Linear) ]
            save path F64 layers 7
            let model = Model.create 8 layers SoftmaxCrossEntropy
            let expected = Model.initialParameters<float32> model Glorot 7

            for seed in [ 0; 7 ] do
                let double, single = initial (problemOf layers (File(path, 1000))) seed
                Expect.equal double (Array.map float expected) "double"
                Expect.equal single expected "single"))

let private study (path: string) (layers: Layer list) : StudyDesign =
    { Name = "given"
      Tasks = [ taskOf (problemOf layers (File(path, 1000))) ]
      Metrics = Metric.Defaults
      Contenders = [ { Name = "adam"; Label = "Adam"; Optimizer = Expression.parse "adam(lr=0.01)"; Space = [] } ]
      Protocol = RunsProtocol.make [ 1; 2 ] [] }

let private prepared (study: StudyDesign) =
    let trials = PreparedTrials.Of(reader, study)
    struct (trials :> ITrialSource, trials.DataHashes)

let private resumes =
    testCase "a study does not resume with other weights, and does with the same ones in another file format" (fun () ->
        inFolder (fun parent ->
            let path = Path.Combine(parent, "weights.npz")
            let folder = Path.Combine(parent, "study")
            let layers: Layer list = [ Dense(4, ReLU); Dense(3, Linear) ]
            save path F64 layers 7
            let study = study path layers
            let struct (source, data) = prepared study

            using (StudyRun.Begin(study, false, folder, source, data)) (fun run ->
                use cancel = new CancellationTokenSource()

                let progress (report: StudyProgress) =
                    if report.Event = TrialEvent.Validated then
                        cancel.Cancel()

                let outcome =
                    run.Run({ Workers = 1; Threads = 1; SaveEvery = TimeSpan.MaxValue }, progress, cancel.Token)

                Expect.equal outcome.Interrupted.Length 1 "interrupted")

            save path F64 layers 8

            try
                (StudyRun.Resume(folder, Some study, prepared) :> IDisposable).Dispose()
                failtest "nothing was thrown"
            with :? StudyException as error ->
                Expect.stringContains error.Message "The data, the given weights or the functions of the task 'task' differ" "message"

            save path (Array.map float32 >> F32) layers 7
            use run = StudyRun.Resume(folder, Some study, prepared)

            let outcome =
                run.Run({ Workers = 1; Threads = 1; SaveEvery = TimeSpan.MaxValue }, ignore, CancellationToken.None)

            Expect.isTrue outcome.IsComplete "complete"))

let tests = testList "starting weights" [ drawn; given; resumes ]
