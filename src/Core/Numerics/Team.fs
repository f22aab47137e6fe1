namespace CuteDl.Core.Numerics

open System
open System.Diagnostics
open System.Runtime.ExceptionServices
open System.Threading

/// Work in parts, which several threads can do at the same time. A part does not write what another part reads or writes.
[<AbstractClass>]
type internal SharedWork() =
    /// <summary>Does one part.</summary>
    /// <param name="part">The number of the part, from 0.</param>
    /// <param name="parts">The number of parts.</param>
    abstract Run: part: int * parts: int -> unit

    /// Returns the range of one part of a length, from the first element to the one after the last. Inner borders are multiples of a unit.
    static member Range(length: int, unit: int, part: int, parts: int) : struct (int * int) =
        let units = (int64 length + int64 unit - 1L) / int64 unit
        let border (part: int) = int (min (int64 length) (units * int64 part / int64 parts * int64 unit))
        struct (border part, border (part + 1))

/// The number of trainings under way. It is an object, because the address of a static field of F# can be that of a copy.
[<Sealed>]
type private TrainingCount() =
    let mutable count = 0
    member _.Count = Volatile.Read &count
    member _.Begin() : unit = Interlocked.Increment &count |> ignore
    member _.End() : unit = Interlocked.Decrement &count |> ignore

module private Trainings =
    let ofProcess = TrainingCount()

/// The habits of a helper.
module private Helper =
    /// The time for which a helper spins. Steps have pauses without shared work, such as the loss: it is longer than most of them.
    let spinTicks = Stopwatch.Frequency / 10_000L // 100 µs

    /// The time after which a helper without work ends.
    let sleepLimit = TimeSpan.FromSeconds 10.0

/// A thread that trains, and the threads that help it.
///
/// All trainings of a process share one budget: each of n trainings uses at most limit / n threads, itself included. So there are never more
/// threads at work than the limit, which is usually the number of processors.
///
/// The thread that trains offers the parts of a piece of work, takes parts itself, and waits for those that helpers have taken. A helper
/// that comes too late finds nothing left. Helpers spin for a short time between pieces of work, because waking takes longer than most pieces,
/// then sleep, and end after some seconds without work.
[<Sealed; AllowNullLiteral>]
type internal Team private () =

    /// The team of the current thread while it trains.
    [<ThreadStatic; DefaultValue>]
    static val mutable private current: Team

    /// The team of the current thread also between its trainings.
    [<ThreadStatic; DefaultValue>]
    static val mutable private spare: Team

    let mutable limit = 1
    let mutable dividesAll = false
    let mutable isRunning = false

    // The parts on offer in one number, so that a thread never takes a part of the next piece of work by mistake: the number of the piece (32
    // bits), of its parts (16 bits), and of the parts that are taken (16 bits).
    let mutable offer = 0L
    let mutable piece = 0
    let mutable work: SharedWork | null = null
    let mutable finished = 0
    let mutable failure: ExceptionDispatchInfo | null = null

    let mutable helpers = 0
    let mutable asleep = 0
    let bell = new SemaphoreSlim(0)

    static let partsOf (offer: int64) = int (offer >>> 16) &&& 0xFFFF
    static let takenOf (offer: int64) = int offer &&& 0xFFFF

    /// Takes parts and does them until none is left.
    let takeParts () =
        let mutable goesOn = true

        while goesOn do
            let seen = Volatile.Read &offer

            if takenOf seen >= partsOf seen then
                goesOn <- false
            elif Interlocked.CompareExchange(&offer, seen + 1L, seen) = seen then
                // The piece cannot be replaced before this part is finished.
                match work with
                | null -> ()
                | work ->
                    try
                        work.Run(takenOf seen, partsOf seen)
                    with error ->
                        Interlocked.CompareExchange(&failure, ExceptionDispatchInfo.Capture error, null) |> ignore

                Interlocked.Increment &finished |> ignore

    let isOffered () =
        let seen = Volatile.Read &offer
        takenOf seen < partsOf seen

    /// Takes back the announcement of a sleep. Returns false if the bell rings for it already.
    let rec getUp () : bool =
        let seen = Volatile.Read &asleep

        if seen = 0 then false
        elif Interlocked.CompareExchange(&asleep, seen - 1, seen) = seen then true
        else getUp ()

    /// Sleeps until the bell rings. Returns false if it did not for a long time.
    let sleep () : bool =
        Interlocked.Increment &asleep |> ignore

        if isOffered () then
            // This work may have been offered before the announcement. Then it rang no bell.
            if not (getUp ()) then
                bell.Wait()

            true
        elif bell.Wait Helper.sleepLimit then
            true
        elif getUp () then
            false
        else
            bell.Wait()
            true

    let help () =
        let mutable idleSince = Stopwatch.GetTimestamp()
        let mutable isNeeded = true

        while isNeeded do
            if isOffered () then
                takeParts ()
                idleSince <- Stopwatch.GetTimestamp()
            elif Stopwatch.GetTimestamp() - idleSince < Helper.spinTicks then
                Thread.SpinWait 2
            else
                isNeeded <- sleep ()
                idleSince <- Stopwatch.GetTimestamp()

        Interlocked.Decrement &helpers |> ignore

    /// Starts a helper. Returns false if the machine has no more threads: the work is then done without it.
    let hire () : bool =
        Interlocked.Increment &helpers |> ignore

        try
            Thread(help, IsBackground = true, Name = "CuteDl helper").Start()
            true
        with :? OutOfMemoryException ->
            Interlocked.Decrement &helpers |> ignore
            false

    /// Wakes as many sleeping helpers as can take a part.
    let rec wake (count: int) =
        let seen = Volatile.Read &asleep
        let called = min seen count

        if called > 0 then
            if Interlocked.CompareExchange(&asleep, seen - called, seen) = seen then
                bell.Release called |> ignore
            else
                wake count

    /// <summary>
    /// Makes this thread one that trains, until the result is disposed on the same thread. Does nothing on a thread that trains already.
    /// </summary>
    /// <param name="limit">The number of threads of all trainings together, at least 1.</param>
    /// <param name="dividesAll">True to divide the smallest pieces of work too, and between all threads of the limit, for tests.</param>
    static member Enter(limit: int, dividesAll: bool) : IDisposable =
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1)

        if isNull Team.current then
            let team = if isNull Team.spare then Team() else Team.spare
            team.Start(limit, dividesAll)
            Trainings.ofProcess.Begin()
            Team.spare <- team
            Team.current <- team

            let isInside = ref true

            { new IDisposable with
                member _.Dispose() =
                    if isInside.Value then
                        isInside.Value <- false
                        Team.current <- null
                        Trainings.ofProcess.End() }
        else
            { new IDisposable with
                member _.Dispose() = () }

    /// <summary>Returns the number of parts in which the current thread should divide its next piece of work; 1 if it should not.</summary>
    /// <param name="amount">The size of the piece, in any unit.</param>
    /// <param name="least">The smallest size of a part that is worth a helper, in the same unit.</param>
    /// <param name="most">The largest number of parts that the piece has.</param>
    static member Parts(amount: int64, least: int64, most: int) : int =
        match Team.current with
        | null -> 1
        | team -> team.PartsOf(amount, least, most)

    /// Does all parts of a piece of work, with the helpers of the current thread. Throws what a part threw, after all have ended.
    static member Run(work: SharedWork, parts: int) : unit =
        match Team.current with
        | null ->
            for part in 0 .. parts - 1 do
                work.Run(part, parts)
        // Other work can be divided within the only part.
        | _ when parts = 1 -> work.Run(0, 1)
        | team -> team.Share(work, parts)

    member private _.Start(threads: int, all: bool) =
        limit <- threads
        dividesAll <- all

    member private _.PartsOf(amount: int64, least: int64, most: int) : int =
        if limit = 1 || isRunning then
            1
        else
            let share = if dividesAll then limit else limit / Trainings.ofProcess.Count
            let useful = if dividesAll then share else int (min (int64 share) (amount / least))
            max 1 (min most useful)

    member private _.Share(next: SharedWork, parts: int) : unit =
        while Volatile.Read &helpers < parts - 1 && hire () do
            ()

        isRunning <- true
        work <- next
        finished <- 0
        failure <- null
        piece <- piece + 1

        Interlocked.Exchange(&offer, (int64 piece <<< 32) ||| (int64 parts <<< 16)) |> ignore

        wake (parts - 1)
        takeParts ()
        let mutable spin = SpinWait()

        while Volatile.Read &finished < parts do
            spin.SpinOnce -1

        work <- null
        isRunning <- false

        match failure with
        | null -> ()
        | failure -> failure.Throw()

/// <summary>The threads that the trainings of a process share.</summary>
/// <remarks>
/// <para>
/// A training uses other threads for large matrix products, convolutions, updates and validations. Results have the same bits with any number
/// of threads. If n trainings run at the same time, each uses at most limit / n threads, rounded down, but at least its own. Small models
/// train on one thread, because sharing their work would take longer.
/// </para>
/// <para>
/// Trainings, sweeps of learning rates and trials of studies enter the budget by themselves. Call <c>Enter</c> in a training loop of your own.
/// </para>
/// </remarks>
[<AbstractClass; Sealed>]
type ThreadBudget private () =
    /// <summary>
    /// Counts the current thread as one that trains, until the result is disposed on the same thread. Does nothing if it counts already.
    /// </summary>
    /// <param name="threads">The largest number of threads of all trainings together, at least 1.</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The number is below 1.</exception>
    static member Enter(threads: int) : IDisposable = Team.Enter(threads, false)

    /// <summary>As <c>Enter</c>, with one thread for each processor.</summary>
    static member Enter() : IDisposable = ThreadBudget.Enter Environment.ProcessorCount
