/// The page of all rules, transformations and schedules: docs/optimizers.md.
module internal CuteDl.Generate.OptimizerPage

open System.Globalization
open CuteDl.Core.Optimizers
open CuteDl.Generate.Markdown

let private introduction =
    """# Optimizers

This page lists every rule, transformation and schedule. It is generated from the code: `dotnet run --project tools/Generate`.
`cutedl list NAME` prints all arguments with their defaults and ranges. The [guide](guide.md#composing-optimizers) shows how to compose
optimizers.

**Notation.** w are the parameters, g is the gradient, Δ is the step (w ← w − Δ), and t = 1, 2, ... is the step number. Slots start at 0
unless stated otherwise. A hat divides a mean by 1 − βᵗ. ‖·‖ is the Euclidean norm of a tensor. "Exempt" lists the [laws](laws.md) that the
rule does not obey, each with the reason.

## Rules

"On MNIST" is a setting that reaches a validation accuracy of more than 95 % within five epochs. The last column is the accuracy after the
fifth epoch. The model is 784-128-10 with relu and linear logits. Batches have 64 shuffled images:

```
cutedl run "adam(lr=0.001)" --hidden 128 --output linear --order shuffle --max-epochs 5
```

The settings are not tuned, so the table is not a ranking.
"""

let private conventions =
    """
## Conventions

Rules of the same name differ between libraries. This table shows the conventions here; [Converting](laws.md#converting) shows how to
convert.

- A learning rate is "outside the slots" if Δ is proportional to the learning rate of the current step. It is "inside" a slot if the slot
  contains the learning rates of earlier steps.
- ε is "outside the root" in √s + ε, and "inside the root" in √(s + ε).
- The initial state lists slots and numbers by name. Some exist only with certain arguments. `Init` sets all of them to 0, and the first step
  uses the values listed here. Values such as `initial`, `lr`, `eps`, `reps` and `d0` are arguments of the rule.
- A mean is corrected if it is divided by 1 − βᵗ.
- Weight decay is the rule's own argument. Every rule can also use `l2(λ) | rule` (L2) and `rule | decoupled(λ)`.
"""

let private transformations =
    """
## Transformations

Transformations are used in chains, such as `clip_norm(1) | adam(lr=0.001)`. Before a rule they change the gradient, and after a rule the
step. The first argument needs no name.
"""

let private schedules =
    """
## Schedules

A schedule can replace any number that is not a count: `adam(lr=cosine(0.001, steps=5000))`. It counts the steps of its part, from 0.
A number of steps can be a share of the run: `adam(lr=warmup(5%, cosine(0.001)))`. The [guide](guide.md#composing-optimizers) explains shares
and schedules of your own.
"""

let private exempt (kind: RuleKind) =
    kind.Description.Exempt |> List.map (fun (law, reason) -> $"{law}: {reason}") |> String.concat "; "

let private facts: (RuleKind * RuleFacts) list =
    [ for kind in Rules.all do
          match kind.Role with
          | Role.Rule facts -> kind, facts
          | Role.OwnRule
          | Role.Transformation _ -> () ]

let private ruleRow (kind: RuleKind, facts: RuleFacts) =
    let learned = facts.Learns
    let note = if learned.Note = "" then "" else $" ({learned.Note})"
    let accuracy = learned.Accuracy.ToString("0.0000", CultureInfo.InvariantCulture)

    [ code kind.Name
      kind.Summary
      kind.Description.Formula
      kind.Description.Source
      facts.Reproduces
      exempt kind
      code learned.Optimizer + note
      accuracy ]

let private conventionRow (kind: RuleKind, facts: RuleFacts) =
    let state =
        match facts.InitialState with
        | [] -> "none"
        | slots -> slots |> List.map (fun (name, value) -> $"{name} = {value}") |> String.concat ", "

    [ code kind.Name
      string facts.Rate
      string facts.Epsilon
      state
      string facts.BiasCorrection
      string facts.WeightDecay ]

/// The text form with every argument at its default.
let private usage (kind: RuleKind) =
    let arguments =
        [ for argument in kind.Arguments do
              if argument.Follows = "" then
                  $"{argument.Name}={argument.Write argument.Default}" ]

    kind.Name + "(" + String.concat ", " arguments + ")"

let private transformationRow (kind: RuleKind) =
    [ code (usage kind); kind.Summary; kind.Description.Formula; kind.Description.Source; exempt kind ]

let file () : string =
    introduction
    + table [ "rule"; "description"; "formula"; "source"; "reproduces"; "exempt"; "on MNIST"; "accuracy" ] (List.map ruleRow facts)
    + conventions
    + table [ "rule"; "learning rate"; "ε"; "initial state"; "bias correction"; "weight decay" ] (List.map conventionRow facts)
    + transformations
    + table [ "transformation"; "description"; "formula"; "source"; "exempt" ] (List.map transformationRow Rules.transformations)
    + schedules
    + table
        [ "schedule"; "description"; "source" ]
        [ for kind in Schedules.all @ [ Schedules.plateau ] -> [ code kind.Usage; kind.Summary; kind.Source ] ]
