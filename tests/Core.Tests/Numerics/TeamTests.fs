/// Threads that share work: each part is done once, errors arrive, and the budget holds.
module CuteDl.Core.Tests.TeamTests

open System
open System.Collections.Concurrent
open System.Threading
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Numerics

/// Work whose parts are a function.
type private Parts(run: int -> int -> unit) =
    inherit SharedWork()
    override _.Run(part, parts) = run part parts

let private onceEach =
    property
        "each part of each piece of work is done once, and before the next piece begins"
        (Gen.zip (Gen.choose (1, 4)) (Gen.choose (1, 9) |> Gen.listOf))
        (fun (threads, pieces) ->
            use _ = Team.Enter(threads, true)

            for parts in pieces do
                let times: int array = Array.zeroCreate parts

                let work =
                    Parts(fun part of' ->
                        Expect.equal of' parts "number of parts"
                        Interlocked.Increment &times[part] |> ignore)

                Team.Run(work, parts)
                Expect.all times ((=) 1) "times")

let private meeting =
    testCase "parts run at the same time, each on a thread of its own" (fun () ->
        use _ = Team.Enter(3, true)
        use meeting = new Barrier 3

        for _ in 1..200 do
            let seen = ConcurrentBag<int>()

            let work =
                Parts(fun _ _ ->
                    seen.Add Environment.CurrentManagedThreadId
                    Expect.isTrue (meeting.SignalAndWait 60_000) "all parts have begun")

            Team.Run(work, 3)
            Expect.equal (seen |> Seq.distinct |> Seq.length) 3 "threads")

let private afterSleep =
    testCase "helpers that sleep are woken" (fun () ->
        use _ = Team.Enter(2, true)
        use meeting = new Barrier 2
        let work = Parts(fun _ _ -> Expect.isTrue (meeting.SignalAndWait 60_000) "both parts have begun")

        // From less than a helper spins to more.
        for pause in [ 0; 1; 0; 2; 5; 0; 20; 1 ] do
            Thread.Sleep pause
            Team.Run(work, 2))

let private errors =
    testCase "an error of any part is thrown after all parts have ended, and the next piece of work runs" (fun () ->
        use _ = Team.Enter(3, true)

        for bad in 0..2 do
            let mutable ended = 0

            let work =
                Parts(fun part _ ->
                    if part = bad then
                        invalidOp $"part {part}"

                    Thread.Sleep 5
                    Interlocked.Increment &ended |> ignore)

            let message =
                try
                    Team.Run(work, 3)
                    "nothing"
                with :? InvalidOperationException as error ->
                    error.Message

            Expect.equal message $"part {bad}" "message"
            Expect.equal ended 2 "parts that ended"

        let mutable times = 0
        Team.Run(Parts(fun _ _ -> Interlocked.Increment &times |> ignore), 3)
        Expect.equal times 3 "parts")

let private nested =
    testCase "work is not divided within a part, whichever thread does it" (fun () ->
        use _ = Team.Enter(3, true)
        let inner: int array = Array.zeroCreate 3
        Team.Run(Parts(fun part _ -> inner[part] <- Team.Parts(1_000_000L, 1L, 100)), 3)
        Expect.equal inner [| 1; 1; 1 |] "parts within parts"
        Expect.equal (Team.Parts(1_000_000L, 1L, 100)) 3 "parts afterwards")

let private outside =
    testCase "a thread that does not train divides nothing, and neither does a new thread of one that does" (fun () ->
        let onNewThread () =
            let mutable parts = 0
            let thread = Thread(fun () -> parts <- Team.Parts(1_000_000L, 1L, 100))
            thread.Start()
            thread.Join()
            parts

        Expect.equal (onNewThread ()) 1 "outside"
        use _ = Team.Enter(3, true)
        Expect.equal (onNewThread ()) 1 "a new thread")

let private amounts =
    testCase "only work that is worth it is divided" (fun () ->
        use _ = Team.Enter(1000, false)
        // Other tests train at the same time, so the share is unknown, but it is more than 1.
        Expect.equal (Team.Parts(199L, 100L, 1000)) 1 "too little for two"
        Expect.equal (Team.Parts(200L, 100L, 1000)) 2 "enough for two"
        Expect.equal (Team.Parts(399L, 100L, 1000)) 3 "enough for three"
        Expect.equal (Team.Parts(1_000_000L, 100L, 2)) 2 "two at most"
        Expect.equal (Team.Parts(1_000_000L, 100L, 0)) 1 "not divisible")

/// The parts that each of some trainings at the same time gets of a limit.
let private shares (limit: int) (trainings: int) : int array =
    use inside = new Barrier(trainings)
    let shares: int array = Array.zeroCreate trainings

    let threads =
        [ for i in 0 .. trainings - 1 ->
              Thread(fun () ->
                  use _ = Team.Enter(limit, false)
                  inside.SignalAndWait()
                  shares[i] <- Team.Parts(1_000_000L, 1L, 1000)
                  inside.SignalAndWait()) ]

    for thread in threads do
        thread.Start()

    for thread in threads do
        thread.Join()

    shares

let private budget =
    property
        "trainings at the same time use no more threads than the limit, but each its own"
        (Gen.zip (Gen.choose (1, 12)) (Gen.choose (1, 5)))
        (fun (limit, trainings) ->
            let shares = shares limit trainings
            Expect.all shares (fun share -> share >= 1) "each at least one"
            Expect.isLessThanOrEqual (Array.sum shares) (max limit trainings) "all together")

let private entering =
    testCase "entering twice counts once, and a limit below 1 is refused" (fun () ->
        use outer = Team.Enter(3, true)
        let inner = Team.Enter(5, true)
        Expect.equal (Team.Parts(10L, 1L, 100)) 3 "the outer limit"
        inner.Dispose()
        Expect.equal (Team.Parts(10L, 1L, 100)) 3 "still inside"
        outer.Dispose()
        Expect.equal (Team.Parts(10L, 1L, 100)) 1 "outside"

        for limit in [ 0; -1 ] do
            Expect.throwsT<ArgumentOutOfRangeException> (fun () -> (ThreadBudget.Enter limit).Dispose()) $"limit {limit}")

let private ranges =
    property
        "the ranges of the parts follow each other, fill the length, and have borders at multiples of the unit"
        (Gen.zip3 (Gen.choose (0, 1000)) (Gen.choose (1, 70)) (Gen.choose (1, 9)))
        (fun (length, unit, parts) ->
            let ranges = [ for part in 0 .. parts - 1 -> SharedWork.Range(length, unit, part, parts) ]
            let mutable at = 0

            for struct (first, past) in ranges do
                Expect.equal first at "begins where the one before ends"
                Expect.isGreaterThanOrEqual past first "does not go back"
                Expect.isTrue (past = length || past % unit = 0) "border"
                at <- past

            Expect.equal at length "the last one ends at the end")

let tests =
    testList "threads that share work" [ onceEach; meeting; afterSleep; errors; nested; outside; amounts; budget; entering; ranges ]
