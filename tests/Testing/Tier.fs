/// The coverage of a test run. Four environment variables determine it, and only this file reads them.
module CuteDl.Testing.Tier

open System
open System.Globalization

/// The environment variable that names the tier: quick or long.
[<Literal>]
let Variable = "CUTEDL_TEST_TIER"

/// The environment variable that replaces the tier's number of cases per property.
[<Literal>]
let CasesVariable = "CUTEDL_TEST_CASES"

/// The environment variable with the seed of all cases.
[<Literal>]
let SeedVariable = "CUTEDL_TEST_SEED"

/// The environment variable with a single case to repeat, as a failing property prints it.
[<Literal>]
let CaseVariable = "CUTEDL_TEST_CASE"

type Tier =
    /// For every build: 100 cases per property, and long tests are skipped.
    | Quick
    /// Before a release: 10,000 cases per property, and long tests run.
    | Long

/// A case of a property: the state of the random generator before the case is generated, and its size.
type Case =
    { Seed: uint64
      Gamma: uint64
      Size: int }

    override case.ToString() = $"%d{case.Seed},%d{case.Gamma},%d{case.Size}"

type Coverage =
    {
        Tier: Tier
        /// The number of cases of a property without a reduced share.
        Cases: int
        /// The seed. Each property derives its own random numbers from it and from its name.
        Seed: uint64
        /// The only case that properties check, if there is one.
        Case: Case option
    }

let private whole (text: string) =
    match UInt64.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
    | true, number -> Some number
    | false, _ -> None

let private wrong variable text allowed =
    failwith $"The environment variable {variable} is '{text}'. It must be {allowed}."

/// <summary>Returns the coverage that the environment variables define.</summary>
/// <param name="valueOf">Returns the value of a variable, or an empty text if it is not set.</param>
let read (valueOf: string -> string) : Coverage =
    let tier =
        match valueOf Variable with
        | ""
        | "quick" -> Quick
        | "long" -> Long
        | text -> wrong Variable text "quick or long"

    let cases =
        match valueOf CasesVariable, tier with
        | "", Quick -> 100
        | "", Long -> 10_000
        | text, _ ->
            match whole text with
            | Some number when number >= 1UL && number <= 1_000_000_000UL -> int number
            | _ -> wrong CasesVariable text "a whole number from 1 to 1000000000"

    // The same seed in every run, so that the test command never fails by chance. Long runs get other seeds.
    let seed =
        match valueOf SeedVariable with
        | "" -> 1UL
        | text -> whole text |> Option.defaultWith (fun () -> wrong SeedVariable text "a whole number")

    let case =
        match valueOf CaseVariable with
        | "" -> None
        | text ->
            match text.Split ',' |> Array.map whole with
            | [| Some seed; Some gamma; Some size |] when size <= 1_000_000UL -> Some { Seed = seed; Gamma = gamma; Size = int size }
            | _ -> wrong CaseVariable text "three whole numbers with commas, as a failing property prints them"

    { Tier = tier; Cases = cases; Seed = seed; Case = case }

/// The coverage of this run.
let current: Lazy<Coverage> =
    lazy (read (fun variable -> Environment.GetEnvironmentVariable variable |> Option.ofObj |> Option.defaultValue ""))
