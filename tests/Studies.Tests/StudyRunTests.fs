/// Whole studies, really trained, on small images: interrupted, gone on with, and held to the promises of the protocol.
module CuteDl.Studies.Tests.StudyRunTests

open System
open System.IO
open System.Threading
open Expecto
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Studies
open CuteDl.Studies.Tests.JournalTests

/// Three classes of eight pixels: each class lights up pixels of its own, with noise.
let private images (count: int) (purpose: string) : DataSet =
    let random = RandomStream.stream 17 purpose
    let labels = Array.init count (fun i -> i % 3)
    let pixel label i = if i % 3 = label then 128 + random.Next 128 else random.Next 160

    DataSet(
        8,
        [| for label in labels do
               for i in 0..7 -> byte (pixel label i) |],
        labels,
        3
    )

let private files = DataParts.create (images 80 "training") (Some(images 30 "test"))

let private task: StudyTask =
    { Name = "small"
      Problem =
        { Source = Held("small", files)
          Split = HoldOut(20, 4)
          Layers = [ Dense(6, ReLU); Dropout 0.2; Dense(3, Linear) ]
          Loss = SoftmaxCrossEntropy
          Weights = Drawn Glorot
          Batch = 16
          Order = Shuffled
          Mean = OverExamples
          ScoresTraining = false }
      Precision = TaskPrecision.Single
      Steps = 24L
      ValidateEvery = 2
      Target = Accuracy 0.7 }

let private contender name optimizer space : Contender =
    { Name = name; Label = name; Optimizer = Expression.parse optimizer; Space = space }

let private tuning =
    { Search = Sobol
      Trials = 4
      Seeds = [ 1000; 1001 ]
      Objective = TimeToTarget
      Pruning = SuccessiveHalving 2
      Extensions = 1
      Nested = false }

let private confirmation =
    { Seeds = [ 1..3 ]
      Alpha = 0.05
      EqualWithin = 1.05
      InterimLooks = Some { Seeds = [ 3; 5 ] }
      Defaults = true }

let private frontier = { Rates = [ 0.001; 0.03 ]; Seeds = [ 2000 ] }

let private study: StudyDesign =
    { Name = "small"
      Tasks = [ task ]
      Metrics = Metric.Defaults
      Contenders =
        [ contender "sgd" "momentum(lr=0.01)" [ "lr", LogUniform(1e-3, 1e36); "decay", Uniform(0.0, 0.9) ]
          contender "adam" "adam" [ "lr", LogUniform(1e-4, 0.1); "eps", Choice [ 1e-8; 0.1 ] ] ]
      Protocol = FairProtocol.make (tuning, confirmation, Some frontier) }

let private prepared (files: DataParts) (study: StudyDesign) = PreparedTrials.Of((fun _ -> files), study)
let private options workers saveEvery = { Workers = workers; Threads = 1; SaveEvery = saveEvery }

let private inMemory files (study: StudyDesign) untilDecided =
    use run = StudyRun.InMemory(study, untilDecided, prepared files study)
    run.Run(options 2 TimeSpan.MaxValue, ignore, CancellationToken.None)

/// Without what is not repeatable.
let private repeatable (result: TrialResult) : string =
    TrialJson.write { result with Seconds = 0.0; SecondsToTarget = 0.0; Curve = { result.Curve with Seconds = [||] } }

/// A journal's records, up to their order and to seconds.
let private content (folder: string) : string list =
    let path = (StudyFolder folder).Journal

    (Journal.Read path).Records
    |> Seq.mapi (fun i record ->
        match StudyRecord.read path i record with
        | Finished result -> repeatable result
        | _ -> record.Text)
    |> Seq.sort
    |> Seq.toList

let private started folder =
    let trials = prepared files study
    StudyRun.Begin(study, true, folder, trials, trials.DataHashes)

let private resumed folder =
    StudyRun.Resume(
        folder,
        Some study,
        fun study ->
            let trials = prepared files study
            struct (trials :> ITrialSource, trials.DataHashes)
    )

let private refusal (act: unit -> 'any) : string =
    try
        act () |> ignore
        failtest "nothing was thrown"
    with :? StudyException as error ->
        error.Message

let private interrupted (folder: string) workers (pause: int) : unit =
    let mutable isComplete = false
    let mutable sitting = 0

    while not isComplete do
        use run = if sitting = 0 then started folder else resumed folder
        use cancel = new CancellationTokenSource()
        let mutable left = pause + sitting

        let progress (_: StudyProgress) =
            if Interlocked.Decrement(&left) = 0 then
                cancel.Cancel()

        isComplete <- (run.Run(options workers TimeSpan.Zero, progress, cancel.Token)).IsComplete
        sitting <- sitting + 1

    Expect.isGreaterThan sitting 3 "it was interrupted"

let private interruptions =
    testList
        "interruptions"
        [ testCase "any number of workers and any kills leave the same in the journal" (fun () ->
              let whole =
                  inFolder (fun folder ->
                      use run = started folder
                      let outcome = run.Run(options 1 TimeSpan.MaxValue, ignore, CancellationToken.None)
                      Expect.isTrue outcome.IsComplete "complete"
                      let endings = outcome.Results |> Array.map _.Ending |> Set.ofArray
                      Expect.isTrue (endings.Contains Ending.Pruned && endings.Contains Ending.Diverged) "some are pruned, some diverge"
                      content folder)

              for workers, pause in [ 1, 7; 3, 11; 3, 2 ] do
                  inFolder (fun folder ->
                      interrupted folder workers pause
                      Expect.equal (content folder) whole $"{workers} workers, {pause} news at a time"
                      Expect.isEmpty (Directory.GetFiles(StudyFolder(folder).Checkpoints)) "no checkpoint is left"))

          testCase "a study continues after a trial whose state overflows" (fun () ->
              // Above 1e51 the gradient of the second step is too large to square; up to 1e76 the loss is finite.
              let task = { task with Problem = Rosenbrock 2; Precision = TaskPrecision.Double; Target = Loss 1.0 }

              let steep =
                  { study with
                      Tasks = [ task ]
                      Contenders =
                          [ contender "adam" "adam" [ "lr", LogUniform(1e-3, 1e76) ]
                            contender "sgd" "momentum(lr=0.0001)" [ "lr", LogUniform(1e-5, 1e-3) ] ]
                      Protocol = FairProtocol.make ({ tuning with Pruning = NoPruning; Extensions = 0 }, confirmation, None) }

              let outcome = inMemory files steep false
              Expect.isTrue outcome.IsComplete "complete"

              Expect.exists
                  outcome.Results
                  (fun result -> result.Ending = Ending.Diverged && result.Steps = 16L && result.Health.FirstNonFinite = 17L)
                  "a trial ended at the check of its state")

          testCase "a run that was cancelled goes on in the same process, in a folder or in memory" (fun () ->
              let expected = (inMemory files study true).Results |> Array.map repeatable

              let twice (run: StudyRun) =
                  use cancel = new CancellationTokenSource()

                  let progress (news: StudyProgress) =
                      if news.Finished >= 5 then
                          cancel.Cancel()

                  let first = run.Run(options 2 TimeSpan.Zero, progress, cancel.Token)
                  Expect.isFalse first.IsComplete "cancelled"
                  let mutable finishedFirst = Int32.MaxValue
                  let observe (news: StudyProgress) = finishedFirst <- min finishedFirst news.Finished
                  let second = run.Run(options 2 TimeSpan.Zero, observe, CancellationToken.None)
                  Expect.isGreaterThanOrEqual finishedFirst 5 "what is finished stays so"
                  Expect.equal (second.Results |> Array.map repeatable) expected "results"

              using (StudyRun.InMemory(study, true, prepared files study)) twice

              inFolder (fun folder ->
                  using (started folder) twice
                  use again = resumed folder
                  Expect.isTrue (again.Run(options 1 TimeSpan.Zero, ignore, CancellationToken.None)).IsComplete "no result is there twice"))

          testCase
              "what a crash left half done is mended: journals without their study, results without files, checkpoints of what is finished"
              (fun () ->
                  inFolder (fun path ->
                      let folder = StudyFolder path
                      Directory.CreateDirectory path |> ignore
                      File.WriteAllText(folder.Journal + ".new", "torn")
                      use run = started path
                      let outcome = run.Run(options 2 TimeSpan.MaxValue, ignore, CancellationToken.None)
                      (run :> IDisposable).Dispose()
                      let trial = outcome.Results[3].Trial
                      let manifest = File.ReadAllText(folder.Result trial)
                      File.Delete(folder.Result trial)
                      Directory.CreateDirectory folder.Checkpoints |> ignore
                      File.WriteAllText(folder.Checkpoint trial, "left behind")
                      (resumed path :> IDisposable).Dispose()
                      Expect.equal (File.ReadAllText(folder.Result trial)) manifest "written anew"
                      Expect.isFalse (File.Exists(folder.Checkpoint trial)) "deleted"))

          testCase "trials under way go on from where they were saved" (fun () ->
              inFolder (fun path ->
                  use cancel = new CancellationTokenSource()

                  let progress (news: StudyProgress) =
                      if news.Step >= 6L then
                          cancel.Cancel()

                  using (started path) (fun run -> run.Run(options 1 TimeSpan.Zero, progress, cancel.Token) |> ignore)
                  let mutable from = 0L

                  let source (study: StudyDesign) =
                      let trials: ITrialSource = prepared files study

                      let observed =
                          { new ITrialSource with
                              member _.Start trial = trials.Start trial

                              member _.Restore(trial, path) =
                                  let run = trials.Restore(trial, path)
                                  from <- max from run.Step
                                  run }

                      struct (observed, (prepared files study).DataHashes)

                  use run = StudyRun.Resume(path, Some study, source)
                  run.Run(options 1 TimeSpan.MaxValue, ignore, CancellationToken.None) |> ignore
                  Expect.isGreaterThanOrEqual from 6L "not from the first step"))

          testCase "results of another version are refused" (fun () ->
              inFolder (fun path ->
                  let header =
                      { Study = StudyJson.print study
                        UntilDecided = true
                        Data = (prepared files study).DataHashes
                        Version = "0.0.1"
                        OwnRules = [||] }

                  using (Journal.Create (StudyFolder path).Journal) (fun journal -> journal.Append(StudyRecord.write (Header header)))
                  Expect.stringContains (refusal (fun () -> resumed path)) "started by version 0.0.1" "version"))

          testCase "a study file that is in the folder already stays as it is, unless it is another study's" (fun () ->
              inFolder (fun folder ->
                  let path = (StudyFolder folder).Study
                  let mine = "// mine\n" + StudyJson.print study
                  File.WriteAllText(path, mine)
                  (started folder :> IDisposable).Dispose()
                  Expect.equal (File.ReadAllText path) mine "kept")

              inFolder (fun folder ->
                  let path = (StudyFolder folder).Study
                  let other = StudyJson.print { study with Name = "other" }
                  File.WriteAllText(path, other)
                  Expect.stringContains (refusal (fun () -> started folder)) "$.name" "the difference"
                  Expect.equal (File.ReadAllText path) other "kept"))
          testCase "a folder with other files is refused, and stays as it is" (fun () ->
              inFolder (fun path ->
                  File.WriteAllText(Path.Combine(path, "notes.txt"), "mine")
                  Expect.stringContains (refusal (fun () -> started path)) "is not empty: it has 'notes.txt'" "message"
                  Expect.sequenceEqual (Directory.GetFileSystemEntries path) [ Path.Combine(path, "notes.txt") ] "entries")

              inFolder (fun path ->
                  // As a process leaves them that was killed before it wrote the journal.
                  for name in [ "lock"; "lock-running"; "journal.new"; ".abcdefgh.abc.tmp" ] do
                      File.WriteAllText(Path.Combine(path, name), "")

                  (started path :> IDisposable).Dispose()))

          testCase "another study, other images, a second process and a folder in use are refused" (fun () ->
              inFolder (fun path ->
                  let folder = StudyFolder path
                  use run = started path
                  Expect.throwsT<IOException> (fun () -> resumed path |> ignore) "in use"
                  (run :> IDisposable).Dispose()
                  Expect.stringContains (refusal (fun () -> started path)) "already holds a study" "begun"
                  let other = { study with Tasks = [ { task with Steps = 26L } ] }

                  let resumeAs (study: StudyDesign) (files: DataParts) =
                      StudyRun.Resume(
                          path,
                          Some study,
                          fun study ->
                              let trials = prepared files study
                              struct (trials :> ITrialSource, trials.DataHashes)
                      )

                  Expect.stringContains (refusal (fun () -> resumeAs other files)) "$.tasks[0].steps: 24 and 26" "another study"

                  Expect.stringContains
                      (refusal (fun () -> resumeAs study { files with Training = images 80 "other" }))
                      "The data, the given weights or the functions of the task"
                      "images"

                  let text = File.ReadAllText folder.Study
                  File.WriteAllText(folder.Study, text.Replace("\"equal_within\": 1.05", "\"equal_within\": 1.5"))
                  Expect.stringContains (refusal (fun () -> resumed path)) "equal_within: 1.05 and 1.5" "a changed file")) ]

/// A finished study in a folder, its results, and what it takes to look at it again.
let private inFinished (act: string -> StudyOutcome -> 'result) : 'result =
    inFolder (fun path ->
        use run = started path
        // One trial at a time: the order of the journal's records is then the study's.
        let outcome = run.Run(options 1 TimeSpan.MaxValue, ignore, CancellationToken.None)
        (run :> IDisposable).Dispose()
        act path outcome)

let private damage (act: unit -> 'any) : DataFormatException =
    try
        act () |> ignore
        failtest "nothing was thrown"
    with :? DataFormatException as error ->
        error

/// Rewrites a journal's records with right checksums, as somebody may who knows how.
let private forge (path: string) (change: string list -> string list) : unit =
    let journal = (StudyFolder path).Journal
    let records = [ for record in (Journal.Read journal).Records -> record.Text ]
    File.Delete journal

    using (Journal.Create journal) (fun journal -> change records |> List.iter journal.Append)

let private replaceIn (number: int) (before: string) (now: string) (records: string list) : string list =
    records
    |> List.mapi (fun i record ->
        if i = number - 1 then
            Expect.stringContains record before "what is replaced"
            record.Replace(before, now)
        else
            record)

let private forgeries: (string * int * (string list -> string list) * string) list =
    [ "a member that no record has", 2, replaceIn 2 "\"ending\":" "\"mood\":1,\"ending\":", "mood"
      "a member beside the content", 2, replaceIn 2 "{\"record\"" "{\"mood\":1,\"record\"", "does not write"
      "a member that is there twice", 2, replaceIn 2 "\"steps\":" "\"steps\":7,\"steps\":", "steps"
      "null in place of a list", 2, replaceIn 2 "\"dead_logits\":[" "\"dead_logits\":null,\"x\":[", "dead_logits"
      "null in place of a result", 2, (fun records -> records[0] :: "{\"record\":\"trial\",\"content\":null}" :: records.Tail.Tail), "null"
      "null in place of a record", 2, (fun records -> records[0] :: "null" :: records.Tail.Tail), "another kind"
      "a record without content", 2, (fun records -> records[0] :: "{\"record\":\"trial\"}" :: records.Tail.Tail), "missing"
      "a record of an unknown kind", 2, replaceIn 2 "{\"record\":\"trial\"" "{\"record\":\"trail\"", "'trail'"
      "a record that is not JSON", 2, (fun records -> records[0] :: "hello" :: records.Tail.Tail), "'h' is an invalid start"
      "an id that is not the trial's", 2, replaceIn 2 "\"id\":\"tuning/" "\"id\":\"../tuning/", "does not write"
      "a name that climbs out of the folder", 2, replaceIn 2 "\"contender\":\"" "\"contender\":\"../../../", "does not write"
      "a trial that the study has not", 2, replaceIn 2 "\"seed\":1000" "\"seed\":77", "does not write"
      "an ending by its number", 2, replaceIn 2 "\"ending\":\"" "\"ending\":3,\"x\":\"", "ending"
      "a hash with too many digits", 2, replaceIn 2 "\"parameters\":\"" "\"parameters\":\"0", "16 hexadecimal digits"
      "a result that is there twice", 3, (fun records -> records @ [ records[1] ]), "repeats"
      "a study that is there twice", 3, (fun records -> records @ [ records[0] ]), "repeats"
      "no study", 1, List.tail, "must be its study"
      "another task's images", 1, replaceIn 1 "\"data\":{\"small\"" "\"data\":{\"large\"", "hashes"
      "a study of another form", 1, replaceIn 1 "cutedl/journal/2" "cutedl/journal/9", "cutedl/journal/9" ]

let private damages =
    testList
        "damage"
        [ testCase "a record with a right checksum and wrong content is named, with its number and place, and nothing is lost" (fun () ->
              inFinished (fun path _ ->
                  let journal = (StudyFolder path).Journal
                  let whole = File.ReadAllBytes journal

                  for name, number, change, words in forgeries do
                      File.WriteAllBytes(journal, whole)
                      // What is there twice comes last.
                      let number = if words = "repeats" then (Journal.Read journal).Records.Count + 1 else number
                      forge path change
                      let forged = File.ReadAllBytes journal
                      let offset = (Journal.Read journal).Records[number - 1].Offset

                      for act in [ (fun () -> StudyRun.Read(path, Some study) |> ignore); (fun () -> ignore (resumed path)) ] do
                          let error = damage act
                          Expect.stringContains error.Message $"Record {number} is damaged. " name
                          Expect.stringContains error.Message words name
                          Expect.equal error.Offset offset name
                          Expect.equal (File.ReadAllBytes journal) forged name))

          testCase "a whole result of a trial that the study has not is named, and nothing is written outside of the folder" (fun () ->
              inFinished (fun path outcome ->
                  let result = outcome.Results[0]

                  let foreign =
                      [ { result.Trial with Seed = 77 }
                        { result.Trial with Contender = "../../../x" }
                        { result.Trial with Task = "../../x" }
                        { result.Trial with Setting = 99 }
                        { result.Trial with Phase = Phase.Document } ]

                  let whole = File.ReadAllBytes (StudyFolder path).Journal

                  for trial in foreign do
                      File.WriteAllBytes((StudyFolder path).Journal, whole)
                      forge path (fun records -> records @ [ StudyRecord.write (Finished { result with Trial = trial }) ])
                      let error = damage (fun () -> resumed path)
                      Expect.stringContains error.Message $"The study has no trial '{trial.Id}'" "named"

                  let other = { outcome.Results[1] with Trial = { outcome.Results[1].Trial with Optimizer = "adam" } }

                  File.WriteAllBytes((StudyFolder path).Journal, whole)
                  let id = $"\"id\":\"{other.Trial.Id}\""

                  forge
                      path
                      (List.map (fun record ->
                          if record.StartsWith "{\"record\":\"trial\"" && record.Contains id then
                              StudyRecord.write (Finished other)
                          else
                              record))

                  Expect.stringContains (damage (fun () -> resumed path)).Message "has the optimizer adam instead of" "another optimizer"))

          testCase "decisions about what the study has not, or made twice, are named" (fun () ->
              inFinished (fun path outcome ->
                  let whole = File.ReadAllBytes (StudyFolder path).Journal

                  for decision, words in
                      [ { outcome.Decisions[0] with About = "nobody" }, "no decision"
                        { Kind = DecisionKind.Looked; About = "confirmation"; At = 9L; Reason = "because" }, "no decision"
                        { outcome.Decisions[0] with Reason = "again" }, "repeats" ] do
                      File.WriteAllBytes((StudyFolder path).Journal, whole)
                      forge path (fun records -> records @ [ StudyRecord.write (Decided decision) ])
                      Expect.stringContains (damage (fun () -> resumed path)).Message words decision.Key))

          testCase
              "an unfinished last record is reported, left out by those who read, and dropped and run again by the next sitting"
              (fun () ->
                  inFinished (fun path outcome ->
                      let journal = (StudyFolder path).Journal
                      let bytes = File.ReadAllBytes journal
                      let records = (Journal.Read journal).Records
                      let last = records |> Seq.findIndexBack (fun record -> record.Text.StartsWith "{\"record\":\"trial\"")
                      File.WriteAllBytes(journal, Array.truncate (int records[last].Offset + 40) bytes)
                      let seen = StudyRun.Read(path, Some study)
                      Expect.stringContains (Array.exactlyOne seen.Notices) "unfinished record (40 bytes" "read"
                      Expect.equal seen.Results.Length (outcome.Results.Length - 1) "without its result"

                      for first, second in [ true, false; false, true; true, true ] do
                          let answers = System.Collections.Generic.Queue [ first; second ]
                          let seen = StudyRun.Read(path, Some study, StudyRegistry.Standard, (fun _ -> answers.Dequeue()))
                          Expect.isEmpty seen.Notices $"being written, {first} before and {second} after"

                      use run = resumed path
                      Expect.isEmpty (StudyRun.Read(path, Some study)).Notices "it may be being written"
                      let again = run.Run(options 2 TimeSpan.MaxValue, ignore, CancellationToken.None)
                      Expect.stringContains (Array.exactlyOne again.Notices) "It is dropped, and its trial runs again." "resumed"
                      Expect.equal (again.Results |> Array.map repeatable) (outcome.Results |> Array.map repeatable) "the same"
                      (run :> IDisposable).Dispose()
                      Expect.isEmpty (StudyRun.Read(path, Some study)).Notices "whole"))

          testCase
              "files of results that are missing, emptied or altered are written anew, and what killed processes left is removed"
              (fun () ->
                  inFinished (fun path outcome ->
                      let folder = StudyFolder path
                      let files = [ for result in outcome.Results -> folder.Result result.Trial ]
                      let whole = files |> List.map File.ReadAllText
                      File.Delete files[0]
                      File.WriteAllText(files[1], "")
                      File.WriteAllText(files[2], whole[2].Replace("\"steps\":2", "\"steps\":3"))
                      File.WriteAllText(files[3], "x" + whole[3].Substring 1)
                      let left = Path.Combine(Path.GetDirectoryName files[4] |> string, ".abcdefgh.ijk.tmp")
                      let mine = Path.Combine(Path.GetDirectoryName files[4] |> string, ".mine.tmp")
                      File.WriteAllText(left, "unfinished")
                      File.WriteAllText(mine, "mine")
                      use run = resumed path
                      Expect.stringStarts (Array.exactlyOne run.Notices) "4 files under" "said"
                      Expect.equal (files |> List.map File.ReadAllText) whole "as before"
                      Expect.isFalse (File.Exists left) "removed"
                      Expect.isTrue (File.Exists mine) "not of a killed process"
                      (run :> IDisposable).Dispose()
                      Expect.isEmpty (using (resumed path) _.Notices) "nothing more"))

          testCase "a folder that is removed while its study runs ends it, and is not made anew" (fun () ->
              for count in [ 1; 5; Int32.MaxValue ] do
                  inFolder (fun parent ->
                      let path = Path.Combine(parent, "study")
                      use run = started path
                      let mutable left = count

                      let progress (news: StudyProgress) =
                          if Interlocked.Decrement(&left) = 0 || (news.Finished = news.Planned && count = Int32.MaxValue) then
                              Directory.Delete(path, true)

                      let message =
                          try
                              run.Run(options 1 TimeSpan.Zero, progress, CancellationToken.None) |> ignore
                              "nothing was thrown"
                          with
                          | :? StudyException as error -> error.Message
                          | :? IOException as error -> error.Message

                      Expect.stringContains message "was removed or moved" $"after {count} news"
                      Expect.isFalse (Directory.Exists path) "not made anew")) ]

let private honesty =
    testList
        "honesty"
        [ testCase "every contender has the same initial weights, batches and dropouts" (fun () ->
              // Rates too small to change a weight: whatever a step's loss depends on besides the optimizer shows in its marks.
              let still =
                  [ contender "sgd" "momentum(lr=1e-30)" []
                    contender "adam" "adam(lr=1e-30)" []
                    contender "rms" "rmsprop(lr=1e-30) | ema(0.9)" [] ]

              let outcome = inMemory files { study with Contenders = still } false

              let marks =
                  [ for result in outcome.Results do
                        if result.Trial.Phase = Phase.Confirmation then
                            Expect.equal result.Fingerprint.Length 24 "a mark for each step"
                            result.Trial.Seed, result.Fingerprint ]

              Expect.equal marks.Length (3 * 3) "all"
              Expect.equal (marks |> List.distinct |> List.length) 3 "one for each seed, whoever it is"
              Expect.equal (marks |> List.distinctBy snd |> List.length) 3 "and other ones for other seeds")

          testCase "the test images have no part in anything but the scores of confirmed trials" (fun () ->
              let other = { files with Test = Some(images 30 "other test") }
              let seen, again = inMemory files study true, inMemory other study true

              let without (outcome: StudyOutcome) =
                  [ for result in outcome.Results -> repeatable { result with Test = Nullable() } ]

              Expect.equal (without again) (without seen) "results"
              Expect.equal again.Decisions seen.Decisions "decisions"

              for result in seen.Results do
                  let isConfirmed = result.Trial.Phase = Phase.Confirmation || result.Trial.Phase = Phase.Defaults
                  Expect.equal result.Test.HasValue (isConfirmed && result.Ending = Ending.Completed) result.Trial.Id)

          testCase "what was trained is what the result says" (fun () ->
              let outcome = inMemory files study true
              let trials = prepared files study

              for result in outcome.Results do
                  Expect.equal (Replay.check trials.Tasks[0] result ignore CancellationToken.None) BitEqual result.Trial.Id

              let wrong = { outcome.Results[0].Trial with Optimizer = "adam" }
              Expect.throwsT<ArgumentException> (fun () -> (trials :> ITrialSource).Start wrong |> ignore) "another optimizer") ]

let private rules =
    let fair tuning confirmation frontier = { study with Protocol = FairProtocol.make (tuning, confirmation, frontier) }
    let withTask task = { study with Tasks = [ task ] }
    let looks seeds = fair tuning { confirmation with InterimLooks = Some { Seeds = seeds } } None

    let asDocument =
        match task.Problem with
        | :? DataSetProblem as images -> { task with Problem = { images with Split = TestAsValidation } }
        | _ -> task

    let cases =
        [ { study with Tasks = [] }, "$.tasks: Expected a list of tasks with at least one item"
          { study with Contenders = [] }, "$.optimizers: Expected a list of optimizers with at least one item"
          { study with Contenders = [ contender "a/b" "adam" [] ] }, "$.optimizers[0]: Expected a name"
          { study with Contenders = [ contender "Adam" "adam" []; contender "adam" "adam" [] ] }, "a different"
          withTask { task with Steps = 0L }, "$.tasks[0].steps: Expected a whole number from 1"
          withTask { task with ValidateEvery = 0 }, "$.tasks[0].validate_every: Expected a whole number from 1 to 24, found 0."
          withTask { task with ValidateEvery = 25 }, "from 1 to 24, found 25."
          withTask { task with Target = Accuracy 1.5 }, "$.tasks[0].target.accuracy: Expected a number in (0, 1], found 1.5."
          withTask { task with Target = Target.Loss nan }, "$.tasks[0].target.loss"
          withTask asDocument, "validates on the test images"
          fair { tuning with Seeds = [] } confirmation None, "$.tuning.seeds: Expected a list of seeds with at least one item"
          fair { tuning with Seeds = [ 7; 7 ] } confirmation None, "Expected a list of distinct seeds, found [7, 7]."
          fair { tuning with Seeds = [ 2 ] } confirmation None, "seeds 2 are used for both"
          // One that only a look adds.
          fair { tuning with Seeds = [ 5 ] } confirmation None, "seeds 5 are used for both"
          fair { tuning with Trials = 0 } confirmation None, "$.tuning.trials: Expected a whole number from 1 to 10000, found 0."
          fair { tuning with Extensions = -1 } confirmation None, "found -1."
          fair { tuning with Pruning = SuccessiveHalving 1 } confirmation None,
          "$.tuning.pruning.successive_halving.eta: Expected a whole number from 2"
          fair { tuning with Pruning = Median 0 } confirmation None, "$.tuning.pruning.median.warm_up"
          fair { tuning with Search = Grid } confirmation None, "a grid searches one range"
          fair tuning { confirmation with Seeds = [] } None, "$.confirmation.seeds: Expected a list of seeds"
          fair tuning { confirmation with Alpha = 0.0 } None, "$.confirmation.alpha: Expected a number in (0, 1), found 0."
          fair tuning { confirmation with EqualWithin = 1.0 } None, "$.confirmation.equal_within: Expected a number in (1, ∞), found 1."
          looks [], "$.confirmation.looks: Expected a list of numbers of seeds with at least one item, found []."
          looks [ 5; 4 ], "5, 4"
          looks [ 2 ], "The last interim look is at 2"
          fair tuning confirmation (Some { frontier with Rates = [ 0.1; 0.1 ] }), "ascending order, found [0.1, 0.1]."
          fair tuning confirmation (Some { frontier with Seeds = [] }), "$.frontier.seeds"
          { study with Protocol = DocumentProtocol.make [] }, "$.seeds: Expected a list of seeds"
          { study with Contenders = [ contender "sgd" "momentum" [ "lr", Choice [ -1.0; 0.1 ] ] ] }, "lr" ]

    testList
        "rules"
        [ testCase "a study that means nothing is refused before it begins, with all that is wrong" (fun () ->
              Expect.isEmpty (StudyRules.broken study) "this one is sound"
              let source = prepared files study

              for study, words in cases do
                  let message = refusal (fun () -> StudyRun.InMemory(study, false, source))
                  Expect.stringContains message words $"%A{StudyRules.broken study}"

              let both = { study with Tasks = []; Contenders = [] }
              Expect.equal (StudyRules.broken both).Length 2 "all")

          testCase "every checkpoint has a file of its own" (fun () ->
              let trial =
                  (inMemory files { study with Protocol = DocumentProtocol.make [ 1 ] } false).Results[0].Trial

              let folder = StudyFolder "f"

              let one, other =
                  { trial with Task = "a.b"; Contender = "c" }, { trial with Task = "a"; Contender = "b.c" }

              Expect.notEqual (folder.Checkpoint one) (folder.Checkpoint other) "a.b/c and a/b.c") ]

let tests = testList "run" [ interruptions; damages; honesty; rules ]
