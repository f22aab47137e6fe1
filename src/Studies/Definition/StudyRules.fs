namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

/// <summary>Checks studies that a program made. The values that are allowed are those of study files.</summary>
[<RequireQualifiedAccess>]
module StudyRules =
    /// <summary>
    /// Throws an ArgumentOutOfRangeException if a value is not allowed. Its parameter is the last key in the path of the value, or the given
    /// name if the path has no key.
    /// </summary>
    let internal require (parameter: string) (shape: Shape<'T>) (value: 'T) : unit =
        match Shape.problems shape value |> Array.tryHead with
        | None -> ()
        | Some error ->
            let keys = error.Path.Split('.') |> Array.skip 1
            let key = if keys.Length = 0 then parameter else (Array.last keys).Split('[')[0]
            let capitalized (word: string) = string (Char.ToUpperInvariant word[0]) + word.Substring 1
            let words = key.Split('_')
            let name = words[0] + String.Join("", words |> Array.skip 1 |> Array.map capitalized)
            raise (ArgumentOutOfRangeException(name, error.Problem))

    let private problems (path: string) (shape: Shape<'T>) (value: 'T) : string list =
        [ for error in Shape.problems shape value -> $"{path}{error.Path.Substring 1}: {error.Problem}" ]

    // The study file and the results know a kind only by its name.
    let private registry (study: StudyDesign) : Result<StudyRegistry, string> =
        try
            Ok(StudyRegistry.ofStudy study)
        with :? ArgumentException as error ->
            Error(Refusal.sentence error)

    /// Returns the reasons why these cannot be the metrics of a study.
    let internal metrics (metrics: IMetric list) : string list =
        try
            problems "$.metrics" (MetricsFormat.shape (StudyRegistry.withMetrics metrics StudyRegistry.Standard)) metrics
        with :? ArgumentException as error ->
            [ Refusal.sentence error ]

    let private searches (study: StudyDesign) =
        [ for repetition in Repetitions.ofSeeds study.Protocol (StudyDesign.seedsAtMost study.Protocol.Confirmation) do
              match repetition.Tuning with
              | Some tuning ->
                  for contender in study.Contenders do
                      match Settings.tryStart tuning contender with
                      | Ok _ -> ()
                      | Error problem -> problem
              | None -> () ]
        |> List.distinct

    let private sharedSeeds (tuning: Tuning) (confirmation: Confirmation) =
        let all = StudyDesign.seedsAtMost confirmation

        match List.filter (fun seed -> List.contains seed all) tuning.Seeds with
        | [] -> []
        | shared ->
            [ $"""The seeds {String.Join(", ", shared)} are used for both tuning and confirmation. Use fresh confirmation seeds, or the result is biased.""" ]

    let private testSet (task: StudyTask) =
        [ if task.Problem.ValidatesOnTest then
              $"The task {task.Name} validates on the test images, so its tuning would choose settings on them. Hold out validation images." ]

    /// The parts that a study cannot set must have values that a study file could have, too.
    let private fixedParts (protocol: Protocol) =
        let kind = protocol.Kind
        let part key shape value = problems $"protocol {kind.Name}, {ProtocolRules.keyName key}" shape value

        [ match protocol.Tuning with
          | Some tuning when not (kind.Has ProtocolKey.Tuning) -> yield! part ProtocolKey.Tuning (TuningFormat.shapeOf tuning) tuning
          | Some _
          | None -> ()

          if not (kind.Has ProtocolKey.Confirmation) then
              let shape = ConfirmationFormat.shape kind.Confirmation kind.Tuning.IsSome
              yield! part ProtocolKey.Confirmation shape protocol.Confirmation

          match protocol.Frontier with
          | Some frontier when not (kind.Has ProtocolKey.Frontier) -> yield! part ProtocolKey.Frontier FrontierFormat.shape frontier
          | Some _
          | None -> ()

          if not (kind.Has ProtocolKey.StopRules) then
              yield! part ProtocolKey.StopRules ProtocolFormat.stopRules protocol.StopRules ]

    let private ofKind (study: StudyDesign) =
        [ for finding in study.Protocol.Kind.Check study do
              if finding.Severity = Severity.Error then
                  $"{finding.Path}: {finding.Message} {finding.Advice}" ]

    /// <summary>Returns the reasons why a study cannot run, one sentence each; empty if it can.</summary>
    /// <remarks>Data and optimizers are checked against each other when the tasks are prepared.</remarks>
    let broken (study: StudyDesign) : string list =
        [ yield! problems "$.tasks" (StudyFormat.names "tasks") (study.Tasks |> List.map _.Name)
          yield! problems "$.optimizers" (StudyFormat.names "optimizers") (study.Contenders |> List.map _.Name)

          for i, task in List.indexed study.Tasks do
              yield! problems $"$.tasks[{i}]" (TaskFormat.checks task.Problem) task

          match ProtocolRules.problems study.Protocol, registry study with
          | (_ :: _ as problems), _ -> yield! problems
          // Two kinds of one name cannot be in one registry.
          | [], Error problem -> problem
          | [], Ok registry ->
              yield! metrics study.Metrics
              let inFile = problems "$" (ProtocolFormat.shape registry) study.Protocol

              match (if inFile.IsEmpty then fixedParts study.Protocol else inFile), study.Protocol.Tuning with
              | (_ :: _ as problems), _ -> yield! problems
              | [], None -> yield! ofKind study
              | [], Some tuning ->
                  yield! ofKind study
                  yield! List.collect testSet study.Tasks
                  yield! searches study
                  yield! sharedSeeds tuning study.Protocol.Confirmation ]
