namespace CuteDl.Studies

open System
open System.Globalization

/// Names a lease of a study. No two leases have the same token: the epoch grows whenever a coordinator starts.
[<Struct>]
type internal LeaseToken =
    { Epoch: int64
      Number: int64 }

    override token.ToString() = FormattableString.Invariant $"{token.Epoch}.{token.Number}"

    /// <summary>Reads what <c>ToString</c> wrote.</summary>
    /// <exception cref="T:System.FormatException">The text is not a token.</exception>
    static member Parse(text: string) : LeaseToken =
        let number (part: string) = Int64.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture)

        match text.Split '.' |> Array.map number with
        | [| true, epoch; true, number |] -> { Epoch = epoch; Number = number }
        | _ -> raise (FormatException $"'{text}' is not the token of a lease. A token has two whole numbers, such as 3.17.")

/// A worker that asks for trials.
type internal WorkerIdentity =
    {
        /// The name of one process. A process that starts again has another name.
        Name: string
        /// The version of the library.
        Version: string
        /// A hash of the worker's data, and of its own rules and problems.
        Data: string
        /// Why the worker cannot read the study or its data; empty if it can.
        Problem: string
    }

/// A thread of a worker that trains one trial at a time.
type internal WorkerSlot = { Worker: string; Number: int }

/// What the holder of a lease does with its trial.
[<RequireQualifiedAccess>]
type internal LeaseWork =
    /// Trains it to the first of these steps that is not before its own step, or to its end.
    | Train of pauses: int64 list
    /// Trains it to a step, if it is not there, and ends it there.
    | Prune of at: int64

    /// Returns the step at which training from a step pauses or ends; the largest number for the end of the trial.
    member work.GoalFrom(step: int64) : int64 =
        match work with
        | Prune at -> at
        | Train pauses -> pauses |> List.tryFind (fun pause -> pause >= step) |> Option.defaultValue Int64.MaxValue

/// A lease, as it is stored.
type internal StoredLease =
    {
        /// The id of the trial.
        Trial: string
        Token: LeaseToken
        Slot: WorkerSlot
    }

/// A trial that is lent to a slot until a deadline. Each message of the slot moves the deadline.
type internal Lease =
    {
        Token: LeaseToken
        Trial: Trial
        Slot: WorkerSlot
        Work: LeaseWork
        /// The assignment of the schedule.
        Assignment: int64
        /// On the clock of the coordinator that runs now.
        Deadline: TimeSpan
        /// The newest step that the holder reported.
        Step: int64
        /// True if the trial came further than under any lease before.
        HasProgress: bool
    }

    /// What is stored of it: enough for the next coordinator.
    member lease.Stored: StoredLease = { Trial = lease.Trial.Id; Token = lease.Token; Slot = lease.Slot }

/// What the leases of a trial without a result came to.
type internal LeaseAttempts =
    {
        /// The number of leases that ended without progress, since the last one with progress.
        Idle: int
        /// The furthest step that was reported.
        Furthest: int64
        /// Why these leases ended, in sentences, oldest first.
        Reasons: string list
    }

    static member None = { Idle = 0; Furthest = 0L; Reasons = [] }

/// Two trainings of a trial with different results.
type internal Violation =
    {
        /// The id of the trial.
        Trial: string
        /// The hash of the result that was kept, which is the first one.
        Kept: string
        /// The hash of the other result.
        Other: string
        /// The worker of the other result.
        Worker: string
    }

/// A message to the coordinator. Messages can be lost, arrive twice or late.
[<RequireQualifiedAccess>]
type internal LeaseRequest =
    /// A slot is free. A slot that has a lease gets it again, in case the first answer was lost.
    | Take of worker: WorkerIdentity * slot: int
    /// A slot is training.
    | Beat of token: LeaseToken * slot: WorkerSlot * id: string * step: int64
    /// A slot has trained to a pruning check: with the steps of the trial, its steps with all due validations done, and its validations.
    | Reach of token: LeaseToken * slot: WorkerSlot * id: string * step: int64 * reached: int64 * curve: Curve
    /// A slot gives a trial back that has to wait. The trial's checkpoint is stored.
    | Park of token: LeaseToken * id: string
    /// A slot gives a trial back because its process ends, or because its machine failed. The reason is empty if it did not fail.
    | Release of token: LeaseToken * id: string * failure: string
    /// A slot hands in a result.
    | Complete of slot: WorkerSlot * result: TrialResult
    /// Trials that were set aside are lent again.
    | Retry
    /// Nothing happened, but time has passed.
    | Tick

/// The answer to a message.
[<RequireQualifiedAccess>]
type internal LeaseReply =
    /// To <c>Take</c>: train this trial from its newest checkpoint.
    | Granted of Lease
    /// To <c>Take</c>: nothing can be trained now. Ask again soon.
    | Wait
    /// To <c>Take</c>: nothing is left to train.
    | Over
    /// To <c>Take</c>: the worker cannot train this study, and why.
    | Refused of reason: string
    /// To <c>Beat</c>: train on.
    | GoOn
    /// To <c>Reach</c>: train on, or end the trial.
    | Continue of LeaseWork
    /// To <c>Reach</c>: the trial has to wait. Store its checkpoint and send <c>Park</c>.
    | MustPark
    /// To <c>Beat</c> and <c>Reach</c>: another slot has the trial, or it has a result. Drop it.
    | Lost
    /// To <c>Complete</c>: the result is stored.
    | Kept
    /// To <c>Complete</c>: an equal result was stored before.
    | Known
    /// To <c>Complete</c>: a different result was stored before.
    | Differs of Violation
    /// To <c>Complete</c>: the study has no such trial.
    | Rejected of reason: string
    /// To other messages.
    | Noted

/// A change of what is stored. The effects of a message are stored in order, all or none, before its answer is sent.
[<RequireQualifiedAccess>]
type internal LeaseEffect =
    | KeepResult of TrialResult
    | KeepDecision of StudyDecision
    /// Replaces the lease of its trial, if it has one.
    | KeepLease of StoredLease
    | DropLease of id: string
    /// Replaces the attempts of the trial.
    | KeepAttempts of id: string * LeaseAttempts
    | KeepViolation of Violation

/// What is stored of a study, apart from its header and checkpoints.
type internal StoredLeases =
    { Results: TrialResult list
      Decisions: StudyDecision list
      Leases: StoredLease list
      Attempts: Map<string, LeaseAttempts>
      Violations: Violation list }

    static member Empty = { Results = []; Decisions = []; Leases = []; Attempts = Map.empty; Violations = [] }

    /// Returns what is stored after an effect.
    member stored.With(effect: LeaseEffect) : StoredLeases =
        let without (id: string) = stored.Leases |> List.filter (fun lease -> lease.Trial <> id)

        match effect with
        | LeaseEffect.KeepResult result -> { stored with Results = result :: stored.Results }
        | LeaseEffect.KeepDecision decision -> { stored with Decisions = decision :: stored.Decisions }
        | LeaseEffect.KeepLease lease -> { stored with Leases = lease :: without lease.Trial }
        | LeaseEffect.DropLease id -> { stored with Leases = without id }
        | LeaseEffect.KeepAttempts(id, attempts) -> { stored with Attempts = Map.add id attempts stored.Attempts }
        | LeaseEffect.KeepViolation violation -> { stored with Violations = violation :: stored.Violations }
