/// A journal that was cut short, damaged, removed or written to by two processes.
module CuteDl.Studies.Tests.JournalTests

open System
open System.IO
open System.Text
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Studies

// In memory, if the system has such a place: every record is flushed to the disk, and a study has hundreds.
let private parent = if Directory.Exists "/dev/shm" then "/dev/shm" else Path.GetTempPath()

/// A folder that is gone when the test is over.
let inFolder (act: string -> 'result) : 'result =
    let folder = Directory.CreateDirectory(Path.Combine(parent, $"cutedl-studies-{Guid.NewGuid():N}"))

    try
        act folder.FullName
    finally
        folder.Delete true

let private isAllowed (letter: char) = letter <> '\n' && letter <> '\000' && not (Char.IsSurrogate letter)

let private clean (record: string | null) : string =
    match record with
    | null -> ""
    | record -> String.filter isAllowed record

let private written (path: string) (records: string list) =
    use journal = Journal.Create path
    records |> List.iter journal.Append

let private path folder = Path.Combine(folder, "journal")
let private texts (records: JournalRecord seq) = [ for record in records -> record.Text ]
let private read (path: string) = texts (Journal.Read path).Records
let private three = [ """{"a":1}"""; "second, ünïcödé"; "third, the last" ]

let private linesOf (records: string list) =
    records
    |> List.mapFold
        (fun before record ->
            let struct (sum, line) = JournalFormat.line before record
            line, sum)
        JournalFormat.start
    |> fst

/// One thing that may happen to a file of some lines.
type private Fault =
    | Cut of length: int
    | Zeroed of first: int * count: int
    | Changed of place: int * bits: byte
    /// The lines that are there, by their indices: some missing, doubled or moved.
    | Lines of int list

/// What must come of it.
type private Expected =
    | Whole of string list
    | Unfinished of string list
    | Damaged of record: int * offset: int64

let private apply (lines: byte array list) (fault: Fault) : byte array =
    let bytes = Array.concat lines

    match fault with
    | Cut length -> Array.truncate length bytes
    | Zeroed(first, count) ->
        Array.fill bytes first (min count (bytes.Length - first)) 0uy
        bytes
    | Changed(place, bits) ->
        bytes[place] <- bytes[place] ^^^ bits
        bytes
    | Lines indices -> Array.concat [ for i in indices -> lines[i] ]

/// A file is the beginning of what was written, or it is damaged where it departs from it.
let private model (records: string list) (lines: byte array list) (bytes: byte array) : Expected =
    let rec walk (count: int) (offset: int) (left: byte array list) =
        let rest = bytes.AsSpan offset

        match left with
        | _ when rest.IsEmpty -> Whole(List.truncate count records)
        | line :: others when rest.StartsWith(ReadOnlySpan line) -> walk (count + 1) (offset + line.Length) others
        | line :: _ when line.AsSpan().StartsWith rest -> Unfinished(List.truncate count records)
        | _ -> Damaged(count + 1, int64 offset)

    walk 0 0 lines

let private faults (lines: byte array list) : Gen<Fault> =
    let length = lines |> List.sumBy _.Length
    let ends = lines |> List.map _.Length |> List.scan (+) 0 |> List.tail
    let last = length - (List.last lines).Length
    let indices = Gen.choose (0, lines.Length - 1)

    Gen.oneof
        [ Gen.choose (0, length) |> Gen.map Cut
          Gen.map2 (fun first count -> Zeroed(first, count)) (Gen.choose (0, length - 1)) (Gen.choose (1, 100))
          Gen.constant (Zeroed(length / 2, length))
          // A line's end, which a crash could be mistaken for.
          Gen.elements ends |> Gen.map (fun end' -> Zeroed(end' - 1, 1))
          Gen.map2 (fun place bits -> Changed(place, byte bits)) (Gen.choose (0, length - 1)) (Gen.choose (1, 255))
          Gen.map2 (fun place bits -> Changed(place, byte bits)) (Gen.choose (last, length - 1)) (Gen.choose (1, 255))
          Gen.choose (1, 255) |> Gen.map (fun bits -> Changed(length - 1, byte bits))
          Gen.listOf indices |> Gen.map Lines ]

let private damagedJournals: Gen<string list * byte array> =
    gen {
        let! count = Gen.choose (1, 5)
        let! texts = Gen.listOfLength count (ArbMap.defaults |> ArbMap.generate<string | null>)
        // Records of a study are JSON, and never empty.
        let records = texts |> List.map (fun text -> "{" + clean text + "}")

        let lines = linesOf records
        let! fault = faults lines
        return records, apply lines fault
    }

let private found (path: string) : Expected =
    try
        let content = Journal.Read path
        let records = texts content.Records
        if content.Unfinished > 0L then Unfinished records else Whole records
    with :? DataFormatException as error ->
        let number = error.Message.Split("Record ")[1]
        Damaged(int (number.Split(' ')[0]), error.Offset)

/// What an action on a study's folder or journal is refused with.
let refusedWith (act: unit -> unit) : string =
    try
        act ()
        failtest "nothing was thrown"
    with :? IOException as error ->
        error.Message

let private model' =
    testList
        "model"
        [ property
              "only an unfinished last record is dropped; any other damage is named, and the file left as it is"
              damagedJournals
              (fun (records, bytes) ->
                  inFolder (fun folder ->
                      let path = path folder
                      File.WriteAllBytes(path, bytes)
                      let expected = model records (linesOf records) bytes
                      Expect.equal (found path) expected "read"

                      match expected with
                      | Whole kept
                      | Unfinished kept ->
                          using (Journal.Open path) (fun journal ->
                              Expect.equal (File.ReadAllBytes path) bytes "opened, and unchanged"
                              journal.Append "next")

                          Expect.equal (read path) (kept @ [ "next" ]) "continued"
                      | Damaged _ ->
                          Expect.throwsT<DataFormatException> (fun () -> (Journal.Open path :> IDisposable).Dispose()) "open"
                          Expect.equal (File.ReadAllBytes path) bytes "unchanged"))

          testCase "of what follows the last record, only the beginning of a record is dropped" (fun () ->
              for rest, isUnfinished in
                  [ "0123", true
                    "0123456789abcdef", true
                    "0123456789abcdef ", true
                    "0123456789abcdef {\"a", true
                    // The first half of a letter.
                    "0123456789abcdef \u00C3", true
                    "hello", false
                    "ABCD", false
                    "0123456789abcdef{", false
                    "0123456789abcdef \u00C3(", false
                    "0123456789abcdef \000", false
                    "\000", false
                    "0123\n", false
                    "\n", false ] do
                  inFolder (fun folder ->
                      written (path folder) three
                      let before = File.ReadAllBytes(path folder)
                      File.WriteAllBytes(path folder, Array.append before (Encoding.Latin1.GetBytes rest))

                      let expected = if isUnfinished then Unfinished three else Damaged(4, int64 before.Length)

                      Expect.equal (found (path folder)) expected rest)) ]

/// A journal's file with something done in place of its writing, flushing and cutting.
type private HookedFile(path: string) =
    inherit FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read, 0)
    member val BeforeWrite: byte array -> unit = ignore with get, set
    member val AfterFlush: unit -> unit = ignore with get, set
    member val BeforeCut: unit -> unit = ignore with get, set

    override file.Write(bytes: byte array, offset: int, count: int) =
        file.BeforeWrite bytes
        base.Write(bytes, offset, count)

    override file.Flush(toDisk: bool) =
        base.Flush toDisk
        file.AfterFlush()

    override file.SetLength(length: int64) =
        file.BeforeCut()
        base.SetLength length

let private hooked (path: string) : Journal * HookedFile =
    let file = new HookedFile(path)
    Journal.OpenWith(path, (fun () -> file)), file

let private writers =
    testList
        "writers"
        [ testProperty "gives back what was added, in several sittings" (fun (sittings: string list list) ->
              inFolder (fun folder ->
                  let sittings = sittings |> List.map (List.map clean)
                  written (path folder) []

                  for records in sittings do
                      use journal = Journal.Open(path folder)
                      records |> List.iter journal.Append

                  read (path folder) = List.concat sittings))

          testCase "records say where they begin" (fun () ->
              inFolder (fun folder ->
                  written (path folder) three
                  let offsets = linesOf three |> List.map (_.Length >> int64) |> List.scan (+) 0L
                  let found = [ for record in (Journal.Read(path folder)).Records -> record.Offset ]
                  Expect.equal found (List.truncate 3 offsets) "offsets"))

          testCase "a record has no line break, and no NUL" (fun () ->
              inFolder (fun folder ->
                  use journal = Journal.Create(path folder)

                  for record in [ "a\nb"; "a\000b" ] do
                      Expect.throwsT<ArgumentException> (fun () -> journal.Append record) "refused"))

          testCase "of two writers without a lock the second to add a record stops, and the journal is whole" (fun () ->
              inFolder (fun folder ->
                  written (path folder) three
                  use first = Journal.Open(path folder)
                  use second = Journal.Open(path folder)
                  first.Append "fourth"

                  for act in [ second.Verify; (fun () -> second.Append "mine") ] do
                      Expect.stringContains (refusedWith act) "Another process has written to" "why"

                  first.Append "fifth"
                  Expect.equal (read (path folder)) (three @ [ "fourth"; "fifth" ]) "the first's"))

          testCase "two records written to the same place at the same time leave a whole journal, and one writer stops" (fun () ->
              for earlier in [ "me"; "ours"; "of another"; "of another, and long" ] do
                  inFolder (fun folder ->
                      written (path folder) three
                      use first = Journal.Open(path folder)
                      let second, file = hooked (path folder)
                      use _ = second
                      file.BeforeWrite <- fun _ -> first.Append earlier

                      if earlier.Length > "mine".Length then
                          Expect.stringContains (refusedWith (fun () -> second.Append "mine")) "Another process has written to" earlier
                      else
                          second.Append "mine"

                      Expect.equal (read (path folder)) (three @ [ "mine" ]) "whole"

                      if earlier.Length <> "mine".Length then
                          Expect.stringContains
                              (refusedWith (fun () -> first.Append "more"))
                              "Another process has written to"
                              "the first stops"))

          testCase "a record that another process has written over is not taken for written, and the file is left as it is" (fun () ->
              inFolder (fun folder ->
                  written (path folder) three
                  use other = Journal.Open(path folder)
                  let journal, file = hooked (path folder)
                  use _ = journal

                  file.BeforeWrite <-
                      fun bytes ->
                          let own = File.ReadAllBytes(path folder)
                          other.Append(String('x', bytes.Length - JournalFormat.digits - 2))
                          let theirs = File.ReadAllBytes(path folder)
                          file.AfterFlush <- fun () -> File.WriteAllBytes(path folder, theirs)
                          File.WriteAllBytes(path folder, own)

                  Expect.stringContains (refusedWith (fun () -> journal.Append "mine")) "Another process has written to" "why"
                  Expect.equal (read (path folder)) (three @ [ "xxxx" ]) "the other's"))

          testCase "what a failed write has left is dropped with the next record, if it could not be dropped at once" (fun () ->
              inFolder (fun folder ->
                  written (path folder) three
                  let journal, file = hooked (path folder)
                  use _ = journal

                  file.BeforeWrite <-
                      fun bytes ->
                          file.BeforeWrite <- ignore
                          file.BeforeCut <- fun () -> raise (IOException "The file cannot be cut.")
                          file.Write(bytes, 0, 7)
                          raise (IOException "The disk is full.")

                  Expect.stringContains (refusedWith (fun () -> journal.Append "lost")) "The disk is full." "the write"
                  Expect.equal (found (path folder)) (Unfinished three) "a part is left"
                  Expect.stringContains (refusedWith (fun () -> journal.Append "lost again")) "The file cannot be cut." "and the next"
                  file.BeforeCut <- ignore
                  journal.Append "kept"
                  Expect.equal (read (path folder)) (three @ [ "kept" ]) "continued"))

          testCase "a journal in place of another of the same length is noticed" (fun () ->
              inFolder (fun folder ->
                  written (path folder) three
                  use journal = Journal.Open(path folder)
                  File.Delete(path folder)
                  written (path folder) (List.truncate 2 three @ [ "third, not last" ])
                  Expect.stringContains (refusedWith (fun () -> journal.Append "x")) "Another process" "why"))

          testCase "a folder that was removed is noticed" (fun () ->
              inFolder (fun folder ->
                  let inner = Path.Combine(folder, "study")
                  Directory.CreateDirectory inner |> ignore
                  use journal = Journal.Create(path inner)
                  journal.Append "first"
                  Directory.Delete(inner, true)

                  for act in [ journal.Verify; (fun () -> journal.Append "second") ] do
                      Expect.stringContains (refusedWith act) "was removed or moved" "why")) ]

let private locks =
    let take folder = FolderLock.Take(StudyFolder folder, 1, ignore)
    let isTaken folder = FolderLock.IsTaken(StudyFolder folder)

    testList
        "lock"
        [ testCase "two processes have no place in one folder" (fun () ->
              inFolder (fun folder ->
                  let first = take folder
                  Expect.stringContains (refusedWith (fun () -> ignore (take folder))) "Another process is running the study in" "why"
                  Expect.isTrue (isTaken folder) "taken"
                  (first :> IDisposable).Dispose()
                  Expect.isFalse (isTaken folder) "free"
                  use _ = take folder
                  ()))

          testCase "a lock file that is deleted meanwhile does not let a second process in" (fun () ->
              for name in [ "lock"; "lock-running" ] do
                  inFolder (fun path ->
                      use _ = take path
                      File.Delete(Path.Combine(path, name))
                      refusedWith (fun () -> ignore (take path)) |> ignore))

          testCase "a process waits for the lock, and for those that ask whether it is taken" (fun () ->
              for name in [ "lock"; "lock-running" ] do
                  inFolder (fun path ->
                      (take path :> IDisposable).Dispose()
                      let asking = new FileStream(Path.Combine(path, name), FileMode.Open, FileAccess.Read, FileShare.None)
                      let waits = ref 0

                      let wait () =
                          waits.Value <- waits.Value + 1

                          if waits.Value = 9 then
                              asking.Dispose()

                      (FolderLock.Take(StudyFolder path, 10, wait) :> IDisposable).Dispose()))

          testCase "a process that has waited for the first file has as long for the second" (fun () ->
              inFolder (fun path ->
                  (take path :> IDisposable).Dispose()

                  let hold name =
                      new FileStream(Path.Combine(path, name), FileMode.Open, FileAccess.Read, FileShare.None)

                  let first, second = hold "lock", hold "lock-running"
                  let waits = ref 0

                  let wait () =
                      waits.Value <- waits.Value + 1

                      match waits.Value with
                      | 9 -> first.Dispose()
                      | 18 -> second.Dispose()
                      | _ -> ()

                  (FolderLock.Take(StudyFolder path, 10, wait) :> IDisposable).Dispose()
                  Expect.equal waits.Value 18 "waits"))

          testCase "asking opens neither the lock nor a folder that is not there" (fun () ->
              inFolder (fun path ->
                  let folder = StudyFolder path
                  Expect.isFalse (FolderLock.IsTaken folder) "none"
                  Expect.isEmpty (Directory.GetFiles path) "nothing is made"
                  Expect.isFalse (isTaken (Path.Combine(path, "none"))) "no folder"
                  use only = new FileStream(folder.Lock, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None)
                  Expect.isFalse (FolderLock.IsTaken folder) "not by the first lock")) ]

let private folders =
    testList
        "folder"
        [ testCase "no path leaves the folder" (fun () ->
              let trial task contender =
                  { Phase = Phase.Tuning
                    Task = task
                    Contender = contender
                    Setting = 0
                    Seed = 1
                    Optimizer = "adam"
                    Values = [||] }

              inFolder (fun path ->
                  let folder = StudyFolder path

                  for task, contender in [ "../../..", "x"; "..", "../../../../x"; "a", "../../../../../../tmp/x" ] do
                      Expect.throwsT<StudyException> (fun () -> folder.Result(trial task contender) |> ignore) "a name that climbs"

                  Expect.stringStarts (folder.Checkpoint(trial "../../.." "x")) (folder.Checkpoints + "/") "a checkpoint"))

          testCase "links in the folder are refused, and the folder may be one" (fun () ->
              inFolder (fun path ->
                  let real, link, other =
                      Path.Combine(path, "real"), Path.Combine(path, "link"), Path.Combine(path, "other")

                  Directory.CreateDirectory real |> ignore
                  Directory.CreateDirectory other |> ignore
                  Directory.CreateSymbolicLink(link, real) |> ignore
                  let folder = StudyFolder link
                  Expect.equal folder.Results (Path.Combine(link, "trials")) "nothing there yet"
                  Directory.CreateSymbolicLink(Path.Combine(real, "trials"), other) |> ignore
                  File.CreateSymbolicLink(Path.Combine(real, "journal"), Path.Combine(other, "none")) |> ignore

                  for act in [ (fun () -> folder.Results); (fun () -> folder.Journal) ] do
                      Expect.throwsT<StudyException> (fun () -> act () |> ignore) "a link")) ]

let tests = testList "journal" [ model'; writers; locks; folders ]
