namespace CuteDl.Core.Optimizers

/// Tells rules of one's own apart from all others of the same name. A state belongs to one of them only.
module internal OwnRules =

    /// Returns the identity of a kind of one's own; empty for the kinds of the library, whose arguments can change with its version.
    let identity (kind: RuleKind) : string = if Registry.Standard.Has kind then "" else kind.Identity

    /// Describes an identity in a sentence about the kind's name.
    let describe (identity: string) : string = if identity = "" then "the library's rule" else $"the type {identity}"
