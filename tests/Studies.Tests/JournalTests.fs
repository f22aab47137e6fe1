/// What a crash may do to a journal, and what it may not.
module CuteDl.Studies.Tests.JournalTests

open System
open System.IO
open Expecto
open CuteDl.Testing
open FsCheck
open CuteDl.Core.Data
open CuteDl.Studies

/// A folder that is gone when the test is over.
let inFolder (act: string -> 'result) : 'result =
    let folder = Directory.CreateTempSubdirectory "cutedl-studies-"

    try
        act folder.FullName
    finally
        folder.Delete true

let private clean (record: string | null) : string =
    match record with
    | null -> ""
    | record -> String.filter (fun letter -> letter <> '\n' && letter <> '\000' && not (Char.IsSurrogate letter)) record

let private written (path: string) (records: string list) =
    use journal = Journal.Create path
    records |> List.iter journal.Append

let private path folder = Path.Combine(folder, "journal")
let private three = [ """{"a":1}"""; "second"; "third, the last" ]

let private damagedAt (path: string) =
    Expect.throwsT<DataFormatException> (fun () -> Journal.Read path |> ignore) "damage is named"

let tests =
    testList
        "journal"
        [ testProperty "gives back what was added, in several sittings" (fun (sittings: string list list) ->
              inFolder (fun folder ->
                  let sittings = sittings |> List.map (List.map clean)
                  written (path folder) []

                  for records in sittings do
                      use journal = Journal.Open(path folder)
                      records |> List.iter journal.Append

                  List.ofSeq (Journal.Read(path folder)) = List.concat sittings))

          testProperty "cut anywhere, keeps every whole record before the cut and drops the torn one" (fun (cut: uint16) ->
              inFolder (fun folder ->
                  written (path folder) three
                  let bytes = File.ReadAllBytes(path folder)
                  let length = int cut % (bytes.Length + 1)
                  File.WriteAllBytes(path folder, bytes[.. length - 1])
                  let whole = bytes[.. length - 1] |> Array.filter ((=) 10uy) |> Array.length

                  let before =
                      use journal = Journal.Open(path folder)
                      journal.Append "after the crash"
                      List.ofSeq journal.Records

                  before = List.truncate whole three
                  && List.ofSeq (Journal.Read(path folder)) = List.truncate whole three @ [ "after the crash" ]))

          testCase "a last record of which a block was never filled is torn" (fun () ->
              inFolder (fun folder ->
                  written (path folder) three
                  let bytes = File.ReadAllBytes(path folder)
                  Array.fill bytes (bytes.Length - 8) 4 0uy
                  File.WriteAllBytes(path folder, bytes)
                  Expect.equal (List.ofSeq (Journal.Read(path folder))) (List.truncate 2 three) "two are left"))

          testProperty "one changed bit in a whole record is named" (fun (place: uint16) (bit: int) ->
              inFolder (fun folder ->
                  written (path folder) three
                  let bytes = File.ReadAllBytes(path folder)
                  // The bit that turns the last line's end into something else leaves a torn record.
                  let place = int place % (bytes.Length - 1)
                  bytes[place] <- bytes[place] ^^^ (1uy <<< (abs (bit % 8)))
                  File.WriteAllBytes(path folder, bytes)

                  try
                      List.ofSeq (Journal.Read(path folder)) |> ignore
                      // What may pass for torn: a zero byte, in the last record only.
                      bytes[place] = 0uy && place > Array.findIndexBack ((=) 10uy) bytes[.. bytes.Length - 2]
                  with :? DataFormatException ->
                      true))

          testCase "a record that is missing, doubled or moved is named" (fun () ->
              inFolder (fun folder ->
                  written (path folder) three
                  let lines = File.ReadAllLines(path folder)

                  for order in [ [ 0; 2 ]; [ 1; 2 ]; [ 0; 0; 1; 2 ]; [ 0; 2; 1 ] ] do
                      File.WriteAllText(path folder, String.concat "" [ for i in order -> lines[i] + "\n" ])
                      damagedAt (path folder)))

          testCase "what is no journal is named" (fun () ->
              inFolder (fun folder ->
                  File.WriteAllText(path folder, "hello\n")
                  damagedAt (path folder)))

          testCase "a torn record leaves nothing behind a shorter one that takes its place" (fun () ->
              inFolder (fun folder ->
                  written (path folder) three
                  File.AppendAllText(path folder, String('\000', 20) + String('x', 500) + "\n")
                  using (Journal.Open(path folder)) (fun journal -> journal.Append "short")
                  Expect.equal (Seq.toList (Journal.Read(path folder))) (three @ [ "short" ]) "records"))

          testCase "a record has no line break, and no NUL" (fun () ->
              inFolder (fun folder ->
                  use journal = Journal.Create(path folder)

                  for record in [ "a\nb"; "a\000b" ] do
                      Expect.throwsT<ArgumentException> (fun () -> journal.Append record) "refused"))

          testCase "two have no place in one folder" (fun () ->
              inFolder (fun folder ->
                  let first = FolderLock.Take folder

                  let message =
                      try
                          use _ = FolderLock.Take folder
                          ""
                      with :? IOException as error ->
                          error.Message

                  Expect.stringContains message "another process is at work in" "why"
                  Expect.isTrue (FolderLock.IsTaken folder) "taken"
                  (first :> IDisposable).Dispose()
                  Expect.isFalse (FolderLock.IsTaken folder) "free"
                  use _ = FolderLock.Take folder
                  ())) ]
