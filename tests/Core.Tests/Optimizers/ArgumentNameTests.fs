/// One name, one meaning: the arguments that a name stands for in an optimizer of several parts.
module CuteDl.Core.Tests.ArgumentNameTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators

/// Optimizers of two parts, in which the second can occur twice.
let private structures: (Optimizer -> Optimizer -> Optimizer) list =
    [ fun first second -> Optimizer.chain [ first; second ]
      fun first second -> Optimizer.chain [ second; first; second ]
      fun first second -> Optimizer.chain [ first; Optimizer.groups [ "*.bias", second; "*", Optimizer.chain [ second; first ] ] ] ]

/// Kinds that can be in groups.
let private kinds =
    Rules.known |> List.filter (fun kind -> not (obj.ReferenceEquals(kind, Rules.clipGlobalNorm.Kind)))

/// Two kinds, an argument of the first, an allowed value, and a structure.
let private cases =
    gen {
        let! first = Gen.elements (kinds |> List.filter (fun kind -> not kind.Arguments.IsEmpty))
        let! argument = Gen.elements first.Arguments

        let ofTheName =
            kinds
            |> List.filter (fun kind -> kind.Arguments |> List.exists (fun other -> other.Name = argument.Name))

        let! second = Gen.oneof [ Gen.elements kinds; Gen.elements ofTheName ]
        let lower = max -1.0 argument.Range.Lower
        let upper = min argument.Range.Upper (lower + 1.0)
        let! share = Gen.elements [ 0.25; 0.5; 0.75 ]

        let value =
            match argument.Form with
            | ValueForm.Number -> lower + share * (upper - lower)
            | ValueForm.Whole -> upper
            | ValueForm.Flag -> Math.Round share

        let! structure = Gen.elements structures
        return first, argument, second, value, structure
    }

/// A changed part of a kind; None if the kind refuses the value, or its values then contradict each other.
let private changed (kind: RuleKind) (name: string) (value: float) : Optimizer option =
    try
        Some(Optimizer.set name value (Optimizer.ofKind kind))
    with :? ArgumentException ->
        None

let private messageOf (body: unit -> Optimizer) : string =
    try
        failtest $"nothing was thrown, but {body ()} returned"
    with :? ArgumentException as error ->
        error.Message

let private qualified =
    property "a qualified name changes the parts of its kind, and no other" cases (fun (first, argument, second, value, structure) ->
        let name = $"{first.Name}.{argument.Name}"
        let before = structure (Optimizer.ofKind first) (Optimizer.ofKind second)

        match changed first argument.Name value with
        | Some part when obj.ReferenceEquals(first, second) -> Expect.equal (Optimizer.set name value before) (structure part part) name
        | Some part -> Expect.equal (Optimizer.set name value before) (structure part (Optimizer.ofKind second)) name
        | None -> ())

let private unqualified =
    property
        "a name with one meaning changes every part that has it, and a name with several is refused with its qualified names"
        cases
        (fun (first, argument, second, value, structure) ->
            let name = argument.Name
            let before = structure (Optimizer.ofKind first) (Optimizer.ofKind second)
            let set () = Optimizer.set name value before

            match second.Arguments |> List.tryFind (fun other -> other.Name = name) with
            | None -> Expect.equal (ArgumentNames.tryFind name before) (Ok [ argument ]) "found"
            | Some _ when obj.ReferenceEquals(first, second) -> Expect.equal (ArgumentNames.tryFind name before) (Ok [ argument ]) "found"
            | Some other when argument.IsShared && other.IsShared ->
                match changed first name value, changed second name value with
                | Some part, Some otherPart -> Expect.equal (set ()) (structure part otherPart) "set"
                | _ -> ()
            | Some _ ->
                let message = messageOf set
                Expect.stringContains message $"The name '{name}' has several meanings" "reason"
                Expect.stringContains message $"{first.Name}.{name}" "first"
                Expect.stringContains message $"{second.Name}.{name}" "second"

                let scheduled () = Optimizer.schedule name (Schedule.Linear(0.5, Steps 2L, 0.25)) before
                Expect.equal (messageOf scheduled) message "a schedule")

let private listed =
    property "every listed name can be set, and its short form means the same" cases (fun (first, _, second, _, structure) ->
        let optimizer = structure (Optimizer.ofKind first) (Optimizer.ofKind second)

        for name in ArgumentNames.list optimizer do
            Expect.isOk (ArgumentNames.tryFind name optimizer) name
            let short = ArgumentNames.shorten name optimizer
            Expect.equal (ArgumentNames.tryFind short optimizer) (ArgumentNames.tryFind name optimizer) short)

let private words =
    testList
        "words"
        [ testCase "decay is the forgetting factor of the velocities and means of four rules" (fun () ->
              let named (name: string) =
                  [ for kind in Rules.known do
                        if kind.Arguments |> List.exists (fun a -> a.Name = name) then
                            kind.Name ]

              Expect.equal (named "decay") [ "momentum"; "rmsprop"; "adadelta"; "nesterov" ] "decay"
              Expect.equal (named "beta") [ "signum"; "schedule_free_sgd"; "schedule_free"; "ema" ] "beta")
          testCase "a rule's weight decay is weight_decay, and a transformation's the factor" (fun () ->
              for kind in Rules.known do
                  for argument in kind.Arguments do
                      let isNamedSo = argument.Name = "weight_decay" || not kind.IsRule && argument.Name = "factor"
                      Expect.isTrue (isNamedSo || not argument.IsWeightDecay) $"{kind.Name}.{argument.Name} is a weight decay"
                      Expect.isTrue (argument.IsWeightDecay || argument.Name <> "weight_decay") $"{kind.Name}.{argument.Name} is none")
          testCase "weight decay can be turned off beside an average" (fun () ->
              Expect.equal
                  (Optimizer.set "weight_decay" 0.0 (Expression.parse "{ \"a\": adamw, \"*\": lion(weight_decay=1) } | ema"))
                  (Expression.parse "{ \"a\": adamw(weight_decay=0), \"*\": lion } | ema")
                  "all")
          testCase "the messages" (fun () ->
              let optimizer = Expression.parse "clip_value(1) | clip_norm(2) | rmsprop"

              Expect.stringStarts
                  (messageOf (fun () -> Optimizer.set "limit" 3.0 optimizer))
                  $"The name 'limit' has several meanings in {optimizer}. Use one of these names: clip_value.limit, clip_norm.limit."
                  "several meanings"

              Expect.stringContains
                  (messageOf (fun () -> Optimizer.set "rmsprop.dekay" 0.5 optimizer))
                  "has no argument 'rmsprop.dekay'. Did you mean rmsprop.decay?"
                  "a qualified name"

              Expect.stringContains
                  (messageOf (fun () -> Optimizer.set "xxxxxxxxxxxx" 3.0 optimizer))
                  "Known names are clip_value.limit, clip_norm.limit, lr, decay"
                  "known") ]

let tests = testList "argument names" [ qualified; unqualified; listed; words ]
