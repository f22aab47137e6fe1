namespace CuteDl.Studies

open System.IO
open CuteDl.Core.Data
open CuteDl.Core.Models
open CuteDl.Core.Networks

/// <summary>The models of a study's trials. Thread-safe.</summary>
type ITrialModels =
    /// <summary>Returns the model of a trial; null if it has none.</summary>
    /// <exception cref="T:CuteDl.Studies.StudyException">The file of the model is missing, or belongs to another trial.</exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The file of the model is damaged.</exception>
    abstract Of: trial: Trial -> TrainedModel | null

/// The models in a study's folder: a file beside each result.
module internal FolderModels =
    /// Writes the model of a trial, completely or not at all.
    let write (folder: StudyFolder) (trial: Trial) (model: TrainedModel) : unit =
        let path = folder.Model trial
        Directory.CreateDirectory(Path.GetDirectoryName path |> string) |> ignore
        TrainedModelFile.save path model

    /// Reads the model of a trial on a data set. It can have layers and a loss of one's own.
    let private load (problem: DataSetProblem) (path: string) (trial: Trial) : TrainedModel =
        let losses =
            match problem.Loss with
            | Own loss -> [ loss ]
            | SoftmaxCrossEntropy
            | MeanSquaredError
            | BinaryCrossEntropy
            | MeanAbsoluteError
            | Huber _ -> []

        let kinds = LayerKinds.all @ (problem.Layers |> List.map _.Kind) |> List.distinctBy _.Name
        let model = TrainedModelFile.loadWith kinds losses path

        for key, expected in [ TrialFile.TrialKey, trial.Id; TrialFile.OptimizerKey, trial.Optimizer ] do
            if model.Notes.TryFind key <> Some expected then
                raise (
                    StudyException
                        $"The model in '{path}' does not belong to the trial {trial}. Restore the file, or run the trial in a new folder."
                )

        model

    /// Returns the models of a folder.
    /// <param name="study">The study in the folder.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="result">Returns the result of a trial by its id, if there is one.</param>
    let reader (study: StudyDesign) (folder: StudyFolder) (result: string -> TrialResult voption) : ITrialModels =
        { new ITrialModels with
            member _.Of trial =
                match result trial.Id, (study.Tasks |> List.find (fun task -> task.Name = trial.Task)).Problem with
                | ValueSome result, (:? DataSetProblem as problem) ->
                    let path = folder.Model trial

                    if File.Exists path then
                        load problem path trial
                    elif study.Protocol.Kind.KeepsModels && not result.HasFailed then
                        raise (
                            StudyException
                                $"The file '{path}' is missing, so the model of the trial {trial} is lost. Restore the file, or run the trial in a new folder."
                        )
                    else
                        null
                | _ -> null }
