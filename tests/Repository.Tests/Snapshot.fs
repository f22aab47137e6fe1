/// Files that a test writes and compares, so that a change shows in review.
module CuteDl.Repository.Tests.Snapshot

open System
open System.IO
open Expecto

/// Set to 1, the tests write their snapshots before they compare them.
[<Literal>]
let WriteVariable = "CUTEDL_WRITE_SNAPSHOTS"

/// <summary>Fails if a file differs from its present content, and shows the lines that were removed and added.</summary>
/// <param name="path">The file, relative to the root.</param>
/// <param name="advice">What to do about a difference, as a sentence.</param>
/// <param name="now">The content that the file should have.</param>
let expectFresh (path: string) (advice: string) (now: string) : unit =
    let file = Path.Combine(Repository.root, path)

    if Environment.GetEnvironmentVariable WriteVariable = "1" then
        File.WriteAllText(file, now)

    let kept = if File.Exists file then File.ReadAllText file else ""

    if kept <> now then
        let lines (text: string) = text.Split '\n' |> Set.ofArray

        let changed sign these those =
            Set.difference (lines these) (lines those) |> Seq.map (fun line -> $"{sign} {line}")

        let difference = Seq.append (changed "-" kept now) (changed "+" now kept) |> String.concat "\n"
        failtest $"{path} is not up to date. {advice} Then write it again with {WriteVariable}=1.\n{difference}"
