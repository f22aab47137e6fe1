namespace CuteDl.Testing

open System
open System.Reflection
open Expecto
open FsCheck
open FsCheck.FSharp

/// The share of the run's cases that a property checks.
type Share =
    private
        { Divisor: int
          Reason: string }

    /// <summary>One case out of a number, for a property whose single case is expensive. At least one case is checked.</summary>
    /// <param name="divisor">The number of cases per checked case, at least 2.</param>
    /// <param name="reason">The reason why a case is expensive, as a sentence. A failure message shows it.</param>
    static member OneIn(divisor: int, reason: string) : Share =
        if divisor < 2 then
            invalidArg (nameof divisor) $"The divisor of a share is {divisor}. It must be at least 2."

        { Divisor = divisor; Reason = reason }

    /// Every case of the run.
    static member Whole: Share = { Divisor = 1; Reason = "" }

    /// Returns the number of cases to check out of the run's number.
    member share.Of(cases: int) : int = max 1 (cases / share.Divisor)

    /// Explains a share below the whole, for a message.
    member share.Explanation: string =
        if share.Divisor = 1 then "" else $" (one in {share.Divisor}: {share.Reason})"

/// Runs a property with the number of cases of the tier, and describes a failure so that it can be repeated.
module internal PropertyRun =

    /// FNV-1a. Unlike the hash of a string, it is the same in every process.
    let private hash (text: string) =
        let mutable hash = 14695981039346656037UL

        for letter in text do
            hash <- (hash ^^^ uint64 letter) * 1099511628211UL

        hash

    type private Finding() =
        member val Result: TestResult voption = ValueNone with get, set

        interface IRunner with
            member _.OnStartFixture _ = ()
            member _.OnArguments(_, _, _) = ()
            member _.OnShrink(_, _) = ()
            member finding.OnFinished(_, result) = finding.Result <- ValueSome result

    let private arguments (values: obj list) = values |> List.map (sprintf "%A") |> String.concat "\n"

    let private projectName () =
        match Assembly.GetEntryAssembly() with
        | null -> "PROJECT"
        | assembly -> assembly.GetName().Name |> Option.ofObj |> Option.defaultValue "PROJECT"

    let private command (variables: (string * string) list) (name: string) =
        let settings =
            variables |> List.map (fun (variable, value) -> $"{variable}={value} ") |> String.concat ""
        // In single quotes, a shell interprets only the quote itself.
        let quoted = name.Replace("'", "'\\''")
        $"{settings}dotnet run -c Release --project tests/{projectName ()} -- --run '{quoted}'"

    let private thrown (outcome: Outcome) =
        match outcome with
        | Outcome.Failed(:? AssertException as failure) -> failure.Message
        | Outcome.Failed error -> string error
        | Outcome.Rejected -> "The case was rejected."
        | Outcome.Passed -> "The case passed when it ran again: it depends on more than its values."

    let check (share: Share) (leaf: string) (property: 'testable) : unit =
        let coverage = Tier.current.Value
        let path = CurrentTest.name ()
        let name = if List.isEmpty path then leaf else String.concat "." path

        let cases, replay =
            match coverage.Case with
            | Some case -> 1, { Rnd = Rnd(case.Seed, case.Gamma); Size = Some case.Size }
            | None -> share.Of coverage.Cases, { Rnd = Rnd(hash $"{coverage.Seed} {name}"); Size = None }

        let finding = Finding()

        Check.One(
            Config.Quick.WithRunner(finding).WithMaxTest(cases).WithMaxRejected(max 1000 (10 * cases)).WithReplay(Some replay),
            property
        )

        match finding.Result with
        | ValueNone -> failtest "FsCheck gave no result."
        | ValueSome(TestResult.Passed _) -> ()
        | ValueSome(TestResult.Exhausted data) ->
            failtest $"Only {data.NumberOfTests} of {cases} cases met the property's condition. The generator must meet it more often."
        | ValueSome(TestResult.Failed(data, original, shrunk, outcome, _, seed, size)) ->
            let case: Tier.Case = { Seed = seed.Seed; Gamma = seed.Gamma; Size = size }
            let repeatCase = command [ Tier.CaseVariable, string case ] name

            let repeatAll =
                command [ Tier.SeedVariable, string coverage.Seed; Tier.CasesVariable, string coverage.Cases ] name

            [ $"Case {data.NumberOfTests} of {cases}{share.Explanation} fails; after {data.NumberOfShrinks} shrinks:"
              arguments shrunk
              if data.NumberOfShrinks > 0 then
                  "At first it was:"
                  arguments original
              thrown outcome
              "To repeat this case:"
              $"    {repeatCase}"
              if coverage.Case.IsNone then
                  "To repeat all cases before it too:"
                  $"    {repeatAll}" ]
            |> String.concat "\n"
            |> failtest

/// Properties and long tests for the F# test projects.
[<AutoOpen>]
module Properties =

    /// A property that checks a share of the run's cases. FsCheck generates the function's arguments by type.
    let testPropertyWith (share: Share) (name: string) (property: 'testable) : Test =
        testCase name (fun () -> PropertyRun.check share name property)

    /// A property. FsCheck generates the function's arguments by type.
    let testProperty (name: string) (property: 'testable) : Test = testPropertyWith Share.Whole name property

    /// A property over a generator that checks a share of the run's cases. It holds if the check does not throw.
    let propertyWith (share: Share) (name: string) (values: Gen<'value>) (check: 'value -> unit) : Test =
        testPropertyWith share name (Prop.forAll (Arb.fromGen values) check)

    /// A property over a generator. It holds if the check does not throw.
    let property (name: string) (values: Gen<'value>) (check: 'value -> unit) : Test = propertyWith Share.Whole name values check

    let internal skipIfQuick (reason: string) : unit =
        match Tier.current.Value.Tier with
        | Tier.Long -> ()
        | Tier.Quick -> skiptest $"{reason} {Tier.Variable}=long runs it."

    /// <summary>A test of the long tier. The quick tier reports it as skipped.</summary>
    /// <param name="reason">The reason why it is long, as a sentence.</param>
    /// <param name="name">The name of the test.</param>
    /// <param name="body">The test. It fails if it throws.</param>
    let longTest (reason: string) (name: string) (body: unit -> unit) : Test =
        testCase name (fun () ->
            skipIfQuick reason
            body ())
