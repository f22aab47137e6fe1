namespace CuteDl.Studies

open CuteDl.Core.Training

/// <summary>The source document's protocol: contenders as given, two stop rules, and validation on the test set.</summary>
[<RequireQualifiedAccess>]
module DocumentProtocol =
    // The document's stop rules count validations. They suit this number of epochs.
    let private epochs = 5000L

    let private check (study: StudyDesign) : Finding list =
        [ for i, task in List.indexed study.Tasks do
              yield!
                  TestImages.finding
                      Severity.Warning
                      "Runs stop by their accuracy on the test images, as in the document. It is not the accuracy on unseen images."
                      "Use the protocol \"fair\" to compare optimizers."
                      i
                      task

              match task.Problem.StepsAnEpoch with
              | Some epoch when int64 task.ValidateEvery <> epoch || task.Steps <> epochs * epoch ->
                  { Code = "S018"
                    Severity = Severity.Note
                    Path = $"$.tasks[{i}]"
                    Message =
                      $"Runs are validated every {task.ValidateEvery} steps and end after {task.Steps} steps. The document validates once per epoch ({epoch} steps) and ends after {epochs} epochs. Its stop rules count validations."
                    Advice = $"To repeat the document's runs, use \"epochs\": {epochs}, \"validate_every\": {epoch}." }
              | Some _
              | None -> () ]

    /// <summary>The kind.</summary>
    let kind: ProtocolKind =
        { Name = "document"
          Meaning = "no tuning, and the source document's stop rules"
          Title = "the document's protocol"
          Phase = Phase.Document
          ComparesPairs = true
          KeepsModels = false
          Keys = [ ProtocolKey.Seeds ]
          Tuning = None
          Confirmation = { StudyDefaults.confirmation with EqualWithin = 1.1; Defaults = false }
          Frontier = None
          StopRules = StopRule.document
          Limits = fun _ -> []
          Check = check }

    /// <summary>Returns the document's protocol with these seeds.</summary>
    let make (seeds: int list) : Protocol = { kind.Protocol with Confirmation = { kind.Confirmation with Seeds = seeds } }
