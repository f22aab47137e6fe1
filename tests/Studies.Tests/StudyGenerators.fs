/// Random studies, as files can hold them.
module CuteDl.Studies.Tests.StudyGenerators

open System.IO
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Studies

/// A file of the repository, whose solution lies above this program.
let repositoryFile (path: string) : string =
    let rec root (folder: DirectoryInfo | null) =
        match folder with
        | null -> failtest "no repository above the tests"
        | folder when Directory.Exists(Path.Combine(folder.FullName, "samples", "studies")) -> folder.FullName
        | folder -> root folder.Parent

    Path.Combine(root (DirectoryInfo System.AppContext.BaseDirectory), path)

let samples = [ "mnist-six"; "document"; "functions" ]

let sample name = File.ReadAllText(repositoryFile $"samples/studies/{name}.json")

let private number low high =
    Gen.choose (0, 1000) |> Gen.map (fun i -> low + (high - low) * float i / 1000.0)

let private whole low high = Gen.choose (low, high)

/// A list of one to four.
let private some generator = Gen.choose (1, 4) |> Gen.bind (fun count -> Gen.listOfLength count generator)

let private seeds first =
    Gen.oneof
        [ whole 1 12 |> Gen.map (fun count -> [ first .. first + count - 1 ])
          some (whole -50 50000) |> Gen.map List.distinct ]

let private activation = Gen.elements Activation.all

let private layers classes =
    // Of vectors of any length, because the data are not known.
    let layer =
        CuteDl.Core.Tests.LayerSamples.any
        |> Gen.filter (fun layer ->
            layer.InputsBelow.IsNone
            && [ 7; 8 ] |> List.forall (fun length -> (layer.OutputOf(TensorShape.Flat length)).IsOk))

    Gen.oneof
        [ gen {
              let! hidden = Gen.oneof [ Gen.constant []; some (whole 1 300) ]
              let! activation = activation
              let! rate = Gen.elements [ 0.0; 0.25 ]
              let! output = activation |> Gen.constant

              let layers: Layer list =
                  [ for units in hidden do
                        Dense(units, activation)

                        if rate > 0.0 then
                            Dropout rate

                    Dense(classes, output) ]

              return layers
          }
          Gen.map2 (fun (layers: Layer list) output -> layers @ [ Dense(classes, output) ]) (some layer) activation ]

let private images =
    gen {
        let! classes = whole 2 20
        let! expansion = Gen.elements [ CuteDl.Core.Data.Growing.DefaultExpansion; 1; System.Int32.MaxValue ]
        let! source = Gen.elements [ Mnist; Folder("a folder/\"x\"/ü", classes, expansion) ]
        let! layers = layers (if source = Mnist then 10 else classes)

        let! split =
            Gen.oneof
                [ Gen.constant TestAsValidation
                  Gen.map2 (fun n seed -> HoldOut(n, seed)) (whole 1 59999) (whole -5 5) ]

        let! loss = Gen.oneof [ Gen.elements Loss.all; number 1e-3 100.0 |> Gen.map Huber ]

        let! initialization =
            Gen.oneof [ Gen.elements [ He; Glorot ]; number 1e-6 2.0 |> Gen.map Initialization.Normal ]

        let! batch = whole 1 1000
        let! order = Gen.elements [ FileOrder; Shuffled ]
        let! mean = Gen.elements [ OverExamples; OverBatches ]
        let! scoresTraining = Gen.elements [ false; true ]

        let! weights =
            Gen.elements [ Drawn initialization; Reference; StartingWeights.File("a folder/weights.npz", expansion) ]

        return
            { Source = source
              Split = split
              Layers = layers
              Loss = loss
              Weights = weights
              Batch = batch
              Order = order
              Mean = mean
              ScoresTraining = scoresTraining }
            :> IProblem
    }

let private functions =
    Gen.oneof
        [ Gen.map2 (fun dimensions condition -> Quadratic(dimensions, condition) :> IProblem) (whole 1 50) (number 1.0 1e6)
          whole 1 20 |> Gen.map (fun pairs -> Rosenbrock(2 * pairs) :> IProblem)
          Gen.map2 (fun dimensions examples -> LogisticRegression(dimensions, examples) :> IProblem) (whole 1 50) (whole 2 500)
          Gen.map3
              (fun dimensions condition batch -> NoisyQuadratic(dimensions, condition, batch) :> IProblem)
              (whole 1 50)
              (number 1.0 1e6)
              (whole 1 500) ]

/// Each function of the library, with the numbers of a study file that gives none.
let functionsByDefault: IProblem list =
    [ for kind in FunctionKinds.all do
          let nothing: Place = { Path = "$"; Tree = Json.record [] }

          match kind.Fields.Read(Members(Reading(), nothing, [])) with
          | Some problem -> problem
          | None -> failtest $"{kind.Word} has no defaults." ]

let private task index =
    gen {
        let! problem = Gen.oneof [ images; functions ]
        let! steps = Gen.oneof [ whole 1 100000 |> Gen.map int64; Gen.constant (1L <<< 40) ]
        let! every = whole 1 (int (min steps 1000L))

        let! target =
            if problem.HasAccuracy then
                Gen.oneof [ number 0.01 1.0 |> Gen.map Accuracy; number 1e-9 5.0 |> Gen.map Target.Loss ]
            else
                number 1e-9 5.0 |> Gen.map Target.Loss

        let! precision = Gen.elements [ TaskPrecision.Single; TaskPrecision.Double ]

        return
            { Name = $"task-{index}"
              Problem = problem
              Precision = precision
              Steps = steps
              ValidateEvery = every
              Target = target }
    }

let private contender index =
    gen {
        let! text =
            Gen.elements
                [ "adam()"
                  "adam(lr=cosine(0.1, steps=1000), eps=1e-5)"
                  "clip_norm(1) | adam(lr=0.01)"
                  "{ \"*.bias\": adam(lr=0.1), \"*\": l2(0.01) | adam() }" ]

        let rate low high =
            Gen.oneof
                [ number low high |> Gen.map (fun high -> LogUniform(low / 2.0, high))
                  number low high |> Gen.map (fun high -> Uniform(low / 2.0, high))
                  some (number low high) |> Gen.map (List.distinct >> Choice)
                  number low high |> Gen.map Fixed ]

        let! lr = rate 1e-4 1.0

        let! beta =
            Gen.oneof [ rate 0.1 0.9; number 0.5 0.9 |> Gen.map (fun high -> LogUniformBelowOne(high / 2.0, high)) ]

        let! space = Gen.elements [ []; [ "lr", lr ]; [ "beta1", beta; "lr", lr ] ]

        let! label = Gen.elements [ $"c{index}"; "any text (ü), \"quoted\"" ]
        return { Name = $"c{index}"; Label = label; Optimizer = Expression.parse text; Space = space }
    }

let private confirmation isTuned =
    gen {
        let! seeds = seeds 1
        let! alpha = number 0.001 0.5
        let! ratio = number 1.001 2.0
        let n = seeds.Length
        let! looks = Gen.elements [ None; Some { InterimLooks.Seeds = List.distinct [ (n + 1) / 2; n ] } ]
        let! defaults = Gen.elements [ isTuned; false ]

        return { Seeds = seeds; Alpha = alpha; EqualWithin = ratio; InterimLooks = looks; Defaults = defaults }
    }

/// Any protocol of the library, with parts that a study file can have.
let protocol =
    let fair =
        gen {
            let! search = Gen.elements [ Search.Sobol; Search.Halton ]
            let! trials = whole 1 20
            let! tuningSeeds = seeds 1000
            let! objective = Gen.elements [ TimeToTarget; FinalScore ]

            let! pruning =
                Gen.oneof [ Gen.constant NoPruning; whole 1 9 |> Gen.map Median; whole 2 9 |> Gen.map SuccessiveHalving ]

            let! extensions = whole 0 3
            let! nested = Gen.elements [ true; false ]
            let! confirmation = confirmation true
            let! rates = some (number 1e-5 1.0)
            let! frontierSeeds = seeds 2000
            let frontier: Frontier = { Rates = rates |> List.distinct |> List.sort; Seeds = frontierSeeds }
            let! frontier = Gen.elements [ None; Some frontier ]

            return
                FairProtocol.make (
                    { Search = search
                      Trials = trials
                      Seeds = tuningSeeds
                      Objective = objective
                      Pruning = pruning
                      Extensions = extensions
                      Nested = nested },
                    confirmation,
                    frontier
                )
        }

    let asGiven = confirmation false |> Gen.map AsGivenProtocol.make

    let rule =
        Gen.oneof
            [ Gen.map2 (fun patience gain -> Stagnation(patience, gain)) (whole 1 50) (number 0.0 1.0)
              Gen.map2 (fun accuracy hold -> StopRule.Target(accuracy, hold)) (number 0.0 1.0) (whole 1 50)
              Gen.map EarlyStopping (whole 1 50)
              Gen.map ReachedAccuracy (number 0.01 1.0)
              Gen.map ReachedLoss (number 0.01 9.0) ]

    let runs =
        Gen.map2 (fun seeds rules -> RunsProtocol.make seeds rules) (seeds 1) (Gen.oneof [ Gen.constant []; some rule ])

    Gen.oneof [ fair; seeds 1 |> Gen.map DocumentProtocol.make; runs; asGiven ]

/// The defaults, or others in any order.
let metrics =
    let others =
        gen {
            let! order = Gen.shuffle (Array.ofList Metric.BuiltIn)
            let! count = Gen.choose (1, order.Length)
            return order |> Array.truncate count |> List.ofArray
        }

    Gen.oneof [ Gen.constant Metric.Defaults; others ]

let study =
    gen {
        let! tasks = whole 1 3 |> Gen.bind (fun count -> Gen.sequenceToList [ for i in 1..count -> task i ])

        let! contenders =
            whole 1 4 |> Gen.bind (fun count -> Gen.sequenceToList [ for i in 1..count -> contender i ])

        let! protocol = protocol
        let! name = Gen.elements [ "A study"; "Ein \"Name\"\n\twith ünïcödé ∑" ]

        let! metrics = metrics

        return
            { StudyDesign.Name = name
              Tasks = tasks
              Contenders = contenders
              Protocol = protocol
              Metrics = metrics }
    }

let forAllStudies name check = property name study check
