/// Runs Expecto tests under Microsoft.Testing.Platform, which `dotnet test` and test explorers use.
module internal CuteDl.Testing.TestingPlatform

// Filtering by tree node is public but marked experimental.
#nowarn "57"

open System
open System.Text.RegularExpressions
open System.Threading.Tasks
open Expecto
open Expecto.Impl
open Microsoft.Testing.Platform.Builder
open Microsoft.Testing.Platform.Capabilities.TestFramework
open Microsoft.Testing.Platform.Extensions
open Microsoft.Testing.Platform.Extensions.Messages
open Microsoft.Testing.Platform.Extensions.TestFramework
open Microsoft.Testing.Platform.Helpers
open Microsoft.Testing.Platform.Requests

let private node name (properties: IProperty list) =
    TestNode(Uid = TestNodeUid name, DisplayName = name, Properties = PropertyBag properties)

let private timing (duration: TimeSpan) =
    let finish = DateTimeOffset.UtcNow
    TimingProperty(TimingInfo(finish - duration, finish, duration))

/// Returns a path for `--treenode-filter`, such as `/optimizers/adam/first step`.
let private treePath (test: FlatTest) =
    test.name |> List.map (fun part -> "/" + part.Replace("/", "%2F")) |> String.concat ""

let private matches (filter: ITestExecutionFilter) : FlatTest -> bool =
    match filter with
    | :? TestNodeUidListFilter as list ->
        let wanted = list.TestNodeUids |> Seq.map _.Value |> Set.ofSeq
        fun test -> wanted.Contains(Selection.fullName test)
    | :? TreeNodeFilter as tree -> fun test -> tree.MatchesFilter(treePath test, PropertyBag())
    | _ -> fun _ -> true

/// Removes Expecto's colours from a failure message, because files and test explorers do not show them.
let private expectation text : IProperty =
    let plain = Regex.Replace(text, "\u001b\\[[0-9;]*m", "").Trim()
    FailedTestNodeStateProperty(AssertException plain)

/// Reports a failed expectation as a failure, not as an error. Inside a task, Expecto reports it as an exception.
let private error (thrown: exn) : IProperty =
    match thrown with
    | :? ExpectoException -> expectation $"{thrown.Message}\n{thrown.StackTrace}"
    | _ -> ErrorTestNodeStateProperty thrown

/// Converts the calls of Expecto's printer to test results.
let private reporting (publish: TestNode -> Task) =
    let report name properties = publish (node name properties) |> Async.AwaitTask

    { TestPrinters.silent with
        beforeEach =
            fun name isSkipped -> if isSkipped then async.Zero() else report name [ InProgressTestNodeStateProperty.CachedInstance ]
        passed = fun name duration -> report name [ PassedTestNodeStateProperty.CachedInstance; timing duration ]
        ignored = fun name reason -> report name [ SkippedTestNodeStateProperty reason ]
        failed = fun name message duration -> report name [ expectation message; timing duration ]
        exn = fun name thrown duration -> report name [ error thrown; timing duration ] }

let private discover (publish: TestNode -> Task) (tests: FlatTest list) =
    task {
        for test in tests do
            do! publish (node (Selection.fullName test) [ DiscoveredTestNodeStateProperty.CachedInstance ])
    }

let private evaluate publish cancellationToken (tests: FlatTest list) =
    task {
        let config = { ExpectoConfig.defaultConfig with printer = reporting publish }
        let! _ = evalTestsWithCancel cancellationToken config (Test.fromFlatTests "." tests) false
        return ()
    }

type private Framework(test: Test) =
    let tests = Test.toTestCodeList test

    // Both interfaces below extend this one, so it is implemented separately.
    interface IExtension with
        member _.Uid = "CuteDl.Testing"
        member _.Version = "1.0.0"
        member _.DisplayName = "Expecto"
        member _.Description = "Expecto tests under Microsoft.Testing.Platform"
        member _.IsEnabledAsync() = Task.FromResult true

    interface IDataProducer with
        member _.DataTypesProduced = [| typeof<TestNodeUpdateMessage> |]

    interface ITestFramework with
        member _.CreateTestSessionAsync _ = CreateTestSessionResult(IsSuccess = true) |> Task.FromResult

        member this.ExecuteRequestAsync context =
            task {
                try
                    let request = context.Request :?> TestExecutionRequest
                    let selected = tests |> List.filter (matches request.Filter)

                    let publish node =
                        context.MessageBus.PublishAsync(this, TestNodeUpdateMessage(request.Session.SessionUid, node))

                    match request with
                    | :? DiscoverTestExecutionRequest -> do! discover publish selected
                    | _ -> do! evaluate publish context.CancellationToken selected
                finally
                    context.Complete()
            }

        member _.CloseTestSessionAsync _ = CloseTestSessionResult(IsSuccess = true) |> Task.FromResult

/// Runs the tests that the platform's command line selects. Returns the exit code of the program.
let run (test: Test) (args: string array) =
    task {
        let framework = Framework test
        let! builder = TestApplication.CreateBuilderAsync args
        builder.AddTreeNodeFilterService framework

        builder.RegisterTestFramework((fun _ -> TestFrameworkCapabilities()), (fun _ _ -> framework))
        |> ignore

        use! application = builder.BuildAsync()
        return! application.RunAsync()
    }
