/// Files are written whole or not at all.
module CuteDl.Core.Tests.AtomicFileTests

open System
open System.IO
open System.Runtime.InteropServices
open Microsoft.Win32.SafeHandles
open Expecto
open CuteDl.Core.Data
open CuteDl.Core.Tests.TemporaryFolder

let private write (path: string) (content: Stream -> unit) = AtomicFile.write path (Action<Stream> content)

let private writeText (path: string) (text: string) =
    write path (fun stream -> stream.Write(ReadOnlySpan(Text.Encoding.UTF8.GetBytes text)))

/// The error names the path, and the folder holds what it held before.
let private expectRefused (folder: string) (path: string) (content: Stream -> unit) =
    let before = filesIn folder

    try
        write path content
        failtest "nothing was thrown"
    with :? IOException as error ->
        Expect.stringContains error.Message (Path.GetFullPath path) "the path"

    Expect.equal (filesIn folder) before "the folder's files"

/// Linux reports what happens in a folder, in order. An event that names no file is about the folder itself.
module private FolderEvents =
    [<DllImport("libc", SetLastError = true)>]
    extern int private inotify_init1(int flags)

    [<DllImport("libc", SetLastError = true)>]
    extern int private inotify_add_watch(int file, string path, uint32 mask)

    let private opened, private movedTo, private isFolder = 0x20u, 0x80u, 0x40000000u
    let private closedOnExec, private notBlocking = 0x80000, 0x800
    let private header = 16

    /// True for a renamed file, false for the folder, opened.
    let during (folder: string) (act: unit -> unit) : bool list =
        let file = inotify_init1 (closedOnExec ||| notBlocking)
        use events = new FileStream(new SafeFileHandle(nativeint file, true), FileAccess.Read, 0)
        Expect.isGreaterThanOrEqual (inotify_add_watch (file, folder, opened ||| movedTo)) 0 "watched"
        act ()
        let bytes: byte array = Array.zeroCreate 65536
        let length = events.Read(bytes, 0, bytes.Length)

        let rec read (at: int) =
            [ if at < length then
                  let mask = BitConverter.ToUInt32(bytes, at + 4)
                  let name = BitConverter.ToInt32(bytes, at + 12)

                  if mask &&& movedTo <> 0u then
                      true
                  elif mask &&& isFolder <> 0u && name = 0 then
                      false

                  yield! read (at + header + name) ]

        read 0

let private written =
    testList
        "is written"
        [ testInFolder "new" (fun folder ->
              writeText (Path.Combine(folder, "new.txt")) "content"
              Expect.equal (filesIn folder) [ "new.txt" ] "files"
              Expect.equal (File.ReadAllText(Path.Combine(folder, "new.txt"))) "content" "content")
          testInFolder "and its new name is flushed" (fun folder ->
              // A folder is opened only to be flushed.
              if OperatingSystem.IsLinux() then
                  let events =
                      FolderEvents.during folder (fun () -> writeText (Path.Combine(folder, "new.txt")) "content")

                  Expect.equal events [ true; false ] "the rename, then the folder")
          testInFolder "over a longer one" (fun folder ->
              let path = Path.Combine(folder, "old.txt")
              writeText path "the longer content of before"
              writeText path "new"
              Expect.equal (filesIn folder) [ "old.txt" ] "files"
              Expect.equal (File.ReadAllText path) "new" "content")
          testInFolder "while the old one can be read whole" (fun folder ->
              let path = Path.Combine(folder, "old.txt")
              writeText path "old"

              write path (fun stream ->
                  stream.Write(ReadOnlySpan "new"B)
                  stream.Flush()
                  Expect.equal (File.ReadAllText path) "old" "content meanwhile")

              Expect.equal (File.ReadAllText path) "new" "content afterwards")
          testInFolder "by a name without a folder" (fun folder ->
              // A test must not change the process's current folder, so the name climbs out of it instead.
              let path = Path.GetRelativePath(Environment.CurrentDirectory, Path.Combine(folder, "relative.txt"))
              writeText path "content"
              Expect.equal (filesIn folder) [ "relative.txt" ] "files")
          testInFolder "for its owner only, if the old one was" (fun folder ->
              if not (OperatingSystem.IsWindows()) then
                  let path = Path.Combine(folder, "secret.txt")
                  writeText path "old"
                  let mode = UnixFileMode.UserRead ||| UnixFileMode.UserWrite
                  File.SetUnixFileMode(path, mode)
                  writeText path "new"
                  Expect.equal (File.GetUnixFileMode path) mode "mode") ]

let private refused =
    testList
        "is refused, and all is as before"
        [ testInFolder "in a folder that is not there" (fun folder -> expectRefused folder (Path.Combine(folder, "none", "new.txt")) ignore)
          testInFolder "in a file" (fun folder ->
              writeText (Path.Combine(folder, "file")) "content"
              expectRefused folder (Path.Combine(folder, "file", "new.txt")) ignore)
          testInFolder "as a folder" (fun folder ->
              let path = Path.Combine(folder, "folder")
              Directory.CreateDirectory path |> ignore

              for path in [ path; path + string Path.DirectorySeparatorChar ] do
                  expectRefused folder path (fun _ -> failtest "the content of a folder is asked for")

              Expect.isTrue (Directory.Exists path) "the folder")
          testCase "over a device" (fun () ->
              // A name that is no device's, so that a mistake does no harm.
              let path = "/dev/cutedl-test"
              Expect.throwsC (fun () -> writeText path "content") (fun error -> Expect.stringContains error.Message "device" "message")
              Expect.isFalse (File.Exists path) "the file")
          testInFolder "with a name too long" (fun folder -> expectRefused folder (Path.Combine(folder, String('x', 5000))) ignore)
          testInFolder "when the disk is full" (fun folder ->
              let path = Path.Combine(folder, "old.txt")
              writeText path "old"

              for target in [ path; Path.Combine(folder, "new.txt") ] do
                  expectRefused folder target (fun stream ->
                      stream.Write(ReadOnlySpan "new"B)
                      raise (IOException "No space left on device"))

              Expect.equal (File.ReadAllText path) "old" "the old content")
          testInFolder "when the content fails, whose own error is passed on" (fun folder ->
              let path = Path.Combine(folder, "old.txt")
              writeText path "old"

              Expect.throwsT<ArgumentException>
                  (fun () ->
                      write path (fun stream ->
                          stream.Write(ReadOnlySpan "new"B)
                          raise (ArgumentException "no such content")))
                  "the content's error"

              Expect.equal (filesIn folder) [ "old.txt" ] "files"
              Expect.equal (File.ReadAllText path) "old" "the old content")
          testCase "without a name" (fun () -> Expect.throwsT<ArgumentException> (fun () -> writeText "" "content") "an empty path") ]

let tests = testList "atomic file" [ written; refused ]
