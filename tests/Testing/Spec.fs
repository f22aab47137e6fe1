namespace CuteDl.Testing

open System
open System.Collections.Generic
open System.Threading.Tasks
open Expecto

/// <summary>Expecto tests for C#. Expectations are in <see cref="T:Expecto.Expect"/>.</summary>
[<AbstractClass; Sealed>]
type Spec =

    /// <summary>A named group. Its name comes before the names of its tests.</summary>
    static member List(name: string, [<ParamArray>] tests: Test array) = testList name (List.ofArray tests)

    /// <summary>A named group of computed tests.</summary>
    static member List(name: string, tests: IEnumerable<Test>) = testList name (List.ofSeq tests)

    /// <summary>A group whose tests run one after another, never in parallel with others.</summary>
    static member Sequenced(test: Test) = testSequenced test

    /// <summary>A test. It passes if the body returns.</summary>
    static member Test(name: string, body: Action) = testCase name body.Invoke

    /// <summary>An asynchronous test.</summary>
    static member Test(name: string, body: Func<Task>) = testTask name { do! body.Invoke() }

    /// <summary>A test of the long tier. The quick tier reports it as skipped.</summary>
    /// <param name="name">The name of the test.</param>
    /// <param name="reason">The reason why it is long, as a sentence.</param>
    /// <param name="body">The test. It fails if it throws.</param>
    static member Long(name: string, reason: string, body: Action) = longTest reason name body.Invoke

    /// <summary>An asynchronous test of the long tier.</summary>
    static member Long(name: string, reason: string, body: Func<Task>) =
        testTask name {
            skipIfQuick reason
            do! body.Invoke()
        }

    /// <summary>A test that is always reported as skipped.</summary>
    static member Pending(name: string, body: Action) = ptestCase name body.Invoke

    /// <summary>A property that FsCheck has built, such as <c>Prop.ForAll(arbitrary, ...)</c>.</summary>
    static member Property(name: string, property: FsCheck.Property) = testProperty name property

    /// <summary>A property that checks a share of the run's cases, because a single case is expensive.</summary>
    static member Property(name: string, share: Share, property: FsCheck.Property) = testPropertyWith share name property

    /// <summary>A property. It holds if the predicate is true for every generated value.</summary>
    static member Property<'value>(name: string, predicate: Func<'value, bool>) = testProperty name (fun value -> predicate.Invoke value)

    /// <summary>A property of two values.</summary>
    static member Property<'first, 'second>(name: string, predicate: Func<'first, 'second, bool>) =
        testProperty name (fun first second -> predicate.Invoke(first, second))

    /// <summary>A property of three values.</summary>
    static member Property<'first, 'second, 'third>(name: string, predicate: Func<'first, 'second, 'third, bool>) =
        testProperty name (fun first second third -> predicate.Invoke(first, second, third))

    /// <summary>Runs a body that must throw exactly this type of exception. Returns the exception.</summary>
    /// <exception cref="T:Expecto.AssertException">The body threw nothing, or another type of exception.</exception>
    static member Throws<'error when 'error :> exn>(body: Action) : 'error =
        let thrown =
            try
                body.Invoke()
                None
            with error ->
                Some error

        match thrown with
        | Some error when error.GetType() = typeof<'error> -> downcast error
        | Some error -> failtestf "Expected %s, but %s was thrown: %s" typeof<'error>.Name (error.GetType().Name) error.Message
        | None -> failtestf "Expected %s, but nothing was thrown." typeof<'error>.Name
