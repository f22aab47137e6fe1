/// The core, called in tail position by code that is compiled with the defaults of F#; see docs/adr/0016.
module CuteDl.TailCalls.Tests.Program

open System
open System.Reflection
open System.Threading
open Expecto
open CuteDl.Core.Optimizers
open CuteDl.Testing

let private code =
    match Assembly.GetExecutingAssembly().GetType "CuteDl.TailCalls.Tests.UserCode" with
    | null -> failwith "UserCode is missing."
    | code -> code

let private bytes (method: MethodInfo) : byte array =
    match method.GetMethodBody() with
    | null -> [||]
    | body ->
        match body.GetILAsByteArray() with
        | null -> [||]
        | bytes -> bytes

/// True if the method makes a tail call: the bytes FE 14.
let private hasTailCall (method: MethodInfo) : bool = bytes method |> Array.pairwise |> Array.contains (0xFEuy, 0x14uy)

let private prefixes =
    testList
        "calls with spans are in no tail position"
        [ testCase "calls with arrays are, so the compiler writes tail calls here" (fun () ->
              for name in [ "step"; "stepAt" ] do
                  Expect.isTrue (hasTailCall (nonNull (code.GetMethod name))) name)

          for name in [ "stepSpan"; "stepAtSpan"; "stepInPlace"; "measuredStepInPlace"; "averaged" ] do
              testCase name (fun () -> Expect.isFalse (hasTailCall (nonNull (code.GetMethod name))) name)

          testCase "the update of a rule of one's own" (fun () ->
              let flags = BindingFlags.Instance ||| BindingFlags.NonPublic ||| BindingFlags.Public
              let updates = typeof<UserCode.Own>.GetMethods flags |> Array.filter _.Name.EndsWith("Update")
              Expect.isNonEmpty updates "the method"
              Expect.isFalse (Array.exists hasTailCall updates) "a tail call") ]

/// Steps of each kind from the same start. Their arrays are new, so that collections move them.
let private run () =
    let optimizer = Optimizer.chain [ Expression.parse "adamw(lr=0.1)"; Expression.parse "ema" ]
    let own = Optimizer.create { UserCode.Own.LearningRate = 0.1 }
    let gradient t = Array.init 5 (fun i -> sin (float (5 * t + i)))
    let parameters = Array.create 5 1.0
    let state = Optimizer.init<float> optimizer 5

    for t in 1..20 do
        UserCode.stepInPlace optimizer state parameters (gradient t)

    let start = Optimizer.init<float> optimizer 5, Array.zeroCreate 5

    let at =
        (start, [ 1..20 ])
        ||> List.fold (fun (state, _) t -> UserCode.stepAtSpan optimizer state (Array.create 5 1.0) (gradient t))

    let start = Optimizer.init<float> own 5, Array.zeroCreate 5

    let ofOwn =
        (start, [ 1..20 ]) ||> List.fold (fun (state, _) t -> UserCode.stepSpan own state (gradient t))

    parameters, UserCode.averaged optimizer state parameters, at, ofOwn

let private stress (time: TimeSpan) =
    let expected = run ()
    let isDone = ref false

    let collect () =
        let garbage: byte array array = Array.zeroCreate 64

        while not (Volatile.Read &isDone.contents) do
            for i in 0 .. garbage.Length - 1 do
                garbage[i] <- Array.zeroCreate (1000 + i)

            GC.Collect(0, GCCollectionMode.Forced, true, true)

    let collector = Thread collect
    collector.Start()
    let clock = Diagnostics.Stopwatch.StartNew()

    try
        while clock.Elapsed < time do
            Expect.equal (run ()) expected "the same beside collections"
    finally
        Volatile.Write(&isDone.contents, true)
        collector.Join()

let private tests =
    testList
        "tail calls"
        [ prefixes
          testCase "steps beside collections equal quiet ones, for a second" (fun () -> stress (TimeSpan.FromSeconds 1.0))
          longTest "It collects garbage all the time." "steps beside collections equal quiet ones, for two minutes" (fun () ->
              stress (TimeSpan.FromMinutes 2.0)) ]

[<EntryPoint>]
let main args = Runner.main tests args
