namespace CuteDl.Studies

/// Finds tasks that validate on the test images.
[<RequireQualifiedAccess>]
module internal TestImages =
    [<Literal>]
    let HoldOut = "Hold out validation images: { \"validation\": 5000 }."

    /// Returns the finding about a task of a study, if it validates on the test images. What follows from it depends on the protocol.
    let finding (severity: Severity) (message: string) (advice: string) (index: int) (task: StudyTask) : Finding list =
        [ if task.Problem.ValidatesOnTest then
              { Code = "S001"
                Severity = severity
                Path = $"$.tasks[{index}].split"
                Message = message
                Advice = advice } ]
