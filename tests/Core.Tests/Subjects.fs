/// The table of optimizers that the properties of the document's rules run over.
module CuteDl.Core.Tests.Subjects

open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators

/// A kind of rule under test.
type Subject =
    { Kind: RuleKind
      Default: Optimizer }

    member subject.Name = subject.Kind.Name

/// An optimizer of a kind with the given values, through the text form: the one door that knows all kinds.
let build (kind: RuleKind) (values: (string * float) list) : Optimizer =
    let arguments =
        [ for name, value in values do
              let argument = kind.Arguments |> List.find (fun argument -> argument.Name = name)

              // A default that depends on another argument cannot be written down.
              if not (System.Double.IsNaN value && System.Double.IsNaN argument.Default) then
                  $"{name}={argument.Write value}" ]
        |> String.concat ", "

    Expression.parse $"{kind.Name}({arguments})"

let values (optimizer: Optimizer) : (string * float) list = [ for pair in optimizer.Values -> pair.Key, pair.Value ]

/// The value of an argument, if the kind has it.
let tryValue (name: string) (optimizer: Optimizer) : float option = values optimizer |> List.tryFind (fst >> (=) name) |> Option.map snd

/// The same optimizer with one argument changed; unchanged if it has no such argument.
let change (name: string) (f: float -> float) (optimizer: Optimizer) : Optimizer =
    build optimizer.Kind [ for key, value in values optimizer -> key, (if key = name then f value else value) ]

let all: Subject list = [ for kind in Rules.document -> { Kind = kind; Default = build kind [] } ]

/// Values in an argument's range: its default, usual ones, and those near the ends.
let private argumentValues (argument: Argument) : Gen<float> =
    let range = argument.Range

    let usual =
        match argument.IsTechnical, System.Double.IsInfinity range.Upper with
        | true, true -> logUniform 1e-12 1e-1
        | false, true -> logUniform 1e-6 1e1
        | _ -> uniform (range.Lower + (range.Upper - range.Lower) / 1000.0) (range.Upper - (range.Upper - range.Lower) / 1000.0)

    let ends =
        [ if range.LowerIncluded then range.Lower else range.Lower + 1e-6
          if range.UpperIncluded then range.Upper
          elif System.Double.IsInfinity range.Upper then 1e6
          else range.Upper - 1e-6 ]

    // Variants beyond the document's, which may obey other laws, stay off.
    if argument.IsTechnical && argument.Name <> "eps" then
        Gen.constant argument.Default
    else
        Gen.frequency [ 2, Gen.constant argument.Default; 6, usual; 1, Gen.elements ends ]

/// Optimizers of the kind with any valid hyper-parameters.
let optimizers (subject: Subject) : Gen<Optimizer> =
    gen {
        let! values = subject.Kind.Arguments |> List.map argumentValues |> Gen.sequenceToList
        let names = [ for argument in subject.Kind.Arguments -> argument.Name ]
        return build subject.Kind (List.zip names values)
    }

/// Those that move: a rate of 0 stands still, and so does Adadelta with ε = 0.
let movingOptimizers (subject: Subject) : Gen<Optimizer> =
    optimizers subject
    |> Gen.filter (values >> List.forall (fun (name, value) -> value > 0.0 || (name <> "lr" && name <> "eps")))

/// A law of the table, by its name in the tests.
type Law =
    | ZerosInFront
    | RateMultiplies
    | Rotation

/// Laws that a rule does not obey, and why. The tests hold each rule to breaking what it is exempt from.
let private exemptions: (Law * string * string) list =
    [ ZerosInFront, "adam", "its bias corrections count the steps"
      Rotation, "adagrad", "each element has its own effective learning rate"
      Rotation, "rmsprop", "each element has its own effective learning rate"
      Rotation, "adadelta", "each element has its own effective learning rate"
      Rotation, "adam", "each element has its own effective learning rate" ]

/// Why the rule need not obey the law, if it need not.
let exemption (law: Law) (subject: Subject) : string option =
    exemptions
    |> List.tryPick (fun (exempt, name, reason) -> if exempt = law && name = subject.Name then Some reason else None)
