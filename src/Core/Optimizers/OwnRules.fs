namespace CuteDl.Core.Optimizers

/// Tells rules of one's own apart from all others of the same name. A state belongs to one of them only.
module internal OwnRules =

    /// Returns the identity of a kind of one's own; empty for the kinds of the library, whose arguments can change with its version.
    let identity (kind: RuleKind) : string = if Registry.Standard.Has kind then "" else kind.Identity

    /// Returns the names and identities of the kinds of one's own in an optimizer, in order.
    let ofOptimizer (optimizer: Optimizer) : (string * string) list =
        [ for kind, _ in optimizer.Singles do
              match identity kind with
              | "" -> ()
              | own -> kind.Name, own ]
        |> List.distinct

    /// Describes an identity in a sentence about the kind's name.
    let describe (identity: string) : string = if identity = "" then "the library's rule" else $"the type {identity}"
