/// Numbers that this project did not make: the document's runs in numpy, and PyTorch's trajectories. See reference/README.md.
module CuteDl.Core.Tests.Reference

open System
open System.IO
open System.Text.Json
open CuteDl.Core.Data
open CuteDl.Core.Networks

let private path (name: string) = Path.Combine(AppContext.BaseDirectory, "reference", name)

/// A number by its name, an array, ...: JSON as it lies in the file.
let private parse (name: string) : JsonElement =
    use document = JsonDocument.Parse(File.ReadAllText(path name))
    document.RootElement.Clone()

let floats (element: JsonElement) : float array = [| for item in element.EnumerateArray() -> item.GetDouble() |]

/// One of the document's runs in double precision.
type Run =
    {
        Steps: int64
        Stop: string
        First200Losses: float array
        HistorySteps: float array
        TrainingLosses: float array
        ValidationLosses: float array
        ValidationAccuracies: float array
        DeadLogits: int list
        /// The perceptron's loss at each of 900 steps.
        PerceptronLosses: float array
        /// The perceptron's validation loss and accuracy by step.
        PerceptronValidations: (int * float * float) list
    }

let run (name: string) : Run =
    let root = parse (Path.Combine("runs", name + ".json"))
    let history = root.GetProperty "history"
    let perceptron = root.GetProperty "mlp"

    { Steps = root.GetProperty("steps").GetInt64()
      Stop = root.GetProperty("stop").GetString() |> string
      First200Losses = floats (root.GetProperty "first_200_losses")
      HistorySteps = floats (history.GetProperty "steps")
      TrainingLosses = floats (history.GetProperty "loss")
      ValidationLosses = floats (history.GetProperty "val_loss")
      ValidationAccuracies = floats (history.GetProperty "val_accuracy")
      DeadLogits = [ for item in root.GetProperty("dead_logits").EnumerateArray() -> item.GetInt32() ]
      PerceptronLosses = floats (perceptron.GetProperty "losses")
      PerceptronValidations =
        [ for item in perceptron.GetProperty("validation").EnumerateObject() ->
              int item.Name, item.Value.GetProperty("val_loss").GetDouble(), item.Value.GetProperty("val_accuracy").GetDouble() ] }

/// The initial parameters of a model, out of an archive that names them as the model does.
let initialParameters (model: Model) (archive: string) : float array =
    let arrays = Npz.read (path archive)

    [| for parameter in Model.parameters model do
           let array = arrays[parameter.Name]

           if array.Shape <> parameter.Shape then
               failwith $"{parameter.Name} has the shape {array.Shape} in {archive}, {parameter.Shape} in the model."

           match array.Cells with
           | F64 values -> yield! values
           | F32 values -> yield! Array.map float values
           | _ -> failwith $"{parameter.Name} in {archive} holds integers." |]

/// The document's model: one dense layer, with relu on the logits.
let single = Model.create 784 [ Dense(10, ReLU) ] SoftmaxCrossEntropy

/// 784-128-10, linear logits.
let perceptron = Model.create 784 [ Dense(128, ReLU); Dense(10, Linear) ] SoftmaxCrossEntropy

/// The optimizers of other programs over given gradients: initial parameters, gradients, and the parameters after some steps. And schedules.
type Trajectories =
    {
        Initial: float array
        Gradients: float array array
        /// By configuration, then by step.
        ParametersAfter: Map<string, (int * float array) list>
        /// The averaged, slow or outer parameters, for the configurations that have them.
        AveragedAfter: Map<string, (int * float array) list>
        /// By configuration: the rate before each step.
        Schedules: Map<string, float array>
        /// What the schedules' base rate is, and the metric that the plateau sees.
        ScheduleNote: string
    }

/// Tensors, one after another.
let private flat (tensors: JsonElement) : float array =
    [| for tensor in tensors.EnumerateArray() do
           yield! floats tensor |]

let private trajectories (file: string) : Lazy<Trajectories> =
    lazy
        (let root = parse file

         let after (property: string) =
             Map
                 [ for item in root.GetProperty("optimizers").EnumerateObject() do
                       match item.Value.TryGetProperty property with
                       | true, values -> item.Name, [ for after in values.EnumerateObject() -> int after.Name, flat after.Value ]
                       | false, _ -> () ]

         { Initial = flat (root.GetProperty "initial")
           Gradients = [| for tensors in root.GetProperty("gradients").EnumerateArray() -> flat tensors |]
           ParametersAfter = after "parameters_after"
           AveragedAfter = after "averaged_after"
           Schedules = Map [ for item in root.GetProperty("schedules").EnumerateObject() -> item.Name, floats item.Value ]
           ScheduleNote = root.GetProperty("schedule_note").GetString() |> string })

/// PyTorch's own rules and schedules.
let pyTorch = trajectories "pytorch.json"

/// Newer rules and schedules, from the code of their authors.
let authors = trajectories "rules.json"
