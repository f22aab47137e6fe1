namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

/// Checks what problems and trainers of one's own have in common.
module internal OwnName =
    /// Throws if a name is not valid, or belongs to a problem of the library.
    let require (name: string) : unit =
        if name = "" || not (Char.IsAsciiLetterLower name[0] && Seq.forall StudyRegistry.IsNameCharacter name) then
            raise (
                ArgumentException(
                    $"The name {Quotation.quote name} must start with a small letter and have only small letters, digits and underscores.",
                    nameof name
                )
            )

        if StudyRegistry.IsBuiltIn name then
            raise (ArgumentException($"The library has a problem {name}. Give the problem another name.", nameof name))

    /// Throws if there cannot be so many classes.
    let requireClasses (what: string) (classes: int) : unit =
        if classes < 0 || classes = 1 then
            raise (
                ArgumentOutOfRangeException(
                    nameof classes,
                    classes,
                    $"A {what} cannot have {classes} classes. Use 0 for a problem without classes, or at least 2."
                )
            )
