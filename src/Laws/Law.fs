namespace CuteDl.Laws

open System
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers

/// A law of the table.
[<NoComparison; NoEquality>]
type internal Law =
    {
        Id: string
        Name: string
        /// The kinds to which the law applies, in a few words.
        AppliesTo: string
        Statement: string
        Source: string
        /// The reason why the law does not concern the optimizer, if any.
        IsElsewhere: Subject -> string option
        /// True if exemptions by its number apply to it.
        MayBeExempt: bool
        /// Returns the reason for an exemption by the law itself, independent of the rule's documentation.
        Excuse: Subject -> string option
        /// True if the law distinguishes kinds of rules. With a custom rule and without a claim, both results are correct.
        IsCharacteristic: bool
        /// The generator of cases.
        Cases: Subject -> Gen<Case>
        /// The precondition of a case; shrinking keeps it.
        Speaks: Case -> bool
        /// Returns the expected and the actual value if these differ.
        Check: Subject -> Case -> string option
        /// The maximum number of cases.
        Most: int
        /// True if a counter-example is shrunk.
        Shrinks: bool
    }

[<RequireQualifiedAccess>]
module internal Law =

    /// A law for every optimizer that is not exempt.
    let general id name statement source cases check =
        { Id = id
          Name = name
          AppliesTo = "any"
          Statement = statement
          Source = source
          IsElsewhere = fun _ -> None
          MayBeExempt = true
          Excuse = fun _ -> None
          IsCharacteristic = false
          Cases = cases
          Speaks = fun _ -> true
          Check = check
          Most = Int32.MaxValue
          Shrinks = true }

    /// A law for some kinds of rules, with constant arguments.
    let about (kinds: RuleKind list) id name statement source cases check =
        let names = String.Join(", ", kinds)

        { general id name statement source cases check with
            AppliesTo = names
            IsElsewhere =
                fun subject ->
                    if not ((Subject.kinds subject).Length = 1 && kinds |> List.exists (fun kind -> Subject.isOf kind subject)) then
                        Some $"concerns only {names}"
                    elif not (Subject.schedules subject).IsEmpty then
                        Some "concerns only constant arguments"
                    else
                        None }

    /// Adds a reason why the law does not concern an optimizer.
    let unless (problem: Subject -> string option) (law: Law) =
        { law with
            IsElsewhere = fun subject -> law.IsElsewhere subject |> Option.orElseWith (fun () -> problem subject) }

    /// Restricts a law to optimizers with these arguments off or 0.
    let whenOff (flags: string list) (law: Law) =
        law
        |> unless (fun subject ->
            flags
            |> List.tryFind (fun name -> Subject.value name subject <> 0.0)
            |> Option.map (fun name -> $"concerns only {subject.Kind.Name} without {name}"))

    let costly (most: int) (law: Law) = { law with Most = most }

    let speaksOf (speaks: Case -> bool) (law: Law) = { law with Speaks = speaks }

    let characteristic (law: Law) = { law with IsCharacteristic = true }

    /// The result of FsCheck: the number of cases, and the shrunk counter-example.
    type private Finding() =
        member val Cases = 0 with get, set
        member val Broken: Case option = None with get, set

        interface IRunner with
            member _.OnStartFixture _ = ()
            member _.OnArguments(_, _, _) = ()
            member _.OnShrink(_, _) = ()

            member finding.OnFinished(_, result) =
                match result with
                | TestResult.Passed(data, _) -> finding.Cases <- data.NumberOfTests
                | TestResult.Exhausted data -> finding.Cases <- data.NumberOfTests
                | TestResult.Failed(data, _, shrunk, _, _, _, _) ->
                    finding.Cases <- data.NumberOfTests
                    finding.Broken <- shrunk |> List.tryPick tryUnbox<Case>

    let private complaint (law: Law) (subject: Subject) (case: Case) : string option =
        try
            law.Check subject case
        with error when not (error :? OutOfMemoryException) ->
            Some $"{error.GetType().Name} was thrown: {error.Message}"

    /// Checks the law on random cases. Returns their number, and the counter-example if there is one.
    let private judge (law: Law) (subject: Subject) : int * string option =
        let mayDrop =
            subject.Options.Shapes.IsEmpty
            && not (Subject.isGroups subject)
            && not (Subject.needsMatrix subject)

        let shrink (case: Case) =
            (if law.Shrinks then Case.shrink mayDrop case else Seq.empty)
            |> Seq.filter (fun smaller -> (smaller.Steps > 0 || case.Steps = 0) && smaller.Length > 0 && law.Speaks smaller)

        let arbitrary = Arb.fromGenShrink (Gen.filter law.Speaks (law.Cases subject), shrink)
        // Stored, because some cases break the law only once.
        let last = ref ""

        let holds (case: Case) =
            match complaint law subject case with
            | None -> true
            | Some said ->
                last.Value <- said
                false

        let property = Prop.forAll arbitrary holds
        let finding = Finding()

        let config =
            Config.Quick
                .WithRunner(finding)
                .WithMaxTest(min law.Most subject.Options.Cases)
                .WithReplay(Some { Rnd = Rnd(uint64 subject.Options.Seed); Size = None })

        Check.One(config, property)

        match finding.Broken with
        | None -> finding.Cases, None
        | Some case ->
            let said =
                complaint law subject case
                |> Option.defaultWith (fun () ->
                    $"{last.Value}; the second attempt passed, so a step does not depend on its arguments alone")

            match Case.describe case with
            | "" -> finding.Cases, Some said
            | tried -> finding.Cases, Some $"{tried}: {said}"

    /// Checks the law for an optimizer.
    let result (law: Law) (subject: Subject) : LawResult =
        let result verdict cases counterExample reason =
            { Id = law.Id
              Name = law.Name
              Statement = law.Statement
              Source = law.Source
              Verdict = verdict
              Cases = cases
              CounterExample = counterExample
              Reason = reason }

        let exemption =
            (if law.MayBeExempt then Subject.exemption law.Id subject else None)
            |> Option.orElseWith (fun () -> law.Excuse subject)

        match law.IsElsewhere subject, exemption with
        | Some reason, None -> result Verdict.Exempt 0 "" reason
        | Some _, Some reason -> result Verdict.Exempt 0 "" reason
        | None, Some reason ->
            let cases, counterExample = judge law { subject with Seeks = true }
            result Verdict.Exempt cases (Option.defaultValue "" counterExample) reason
        | None, None ->
            match judge law subject with
            | cases, None -> result Verdict.Held cases "" ""
            | cases, Some counterExample when law.IsCharacteristic && Subject.claimsNothing subject ->
                result Verdict.Exempt cases counterExample "a custom rule, which does not claim this law"
            | cases, Some counterExample -> result Verdict.Broken cases counterExample ""
