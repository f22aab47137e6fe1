namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

/// All that differs between the functions of the library.
type internal FunctionDescription =
    {
        Kind: string
        /// Everything that the results depend on. Functions with equal identities are equal.
        Identity: string
        Layout: Layout
        /// Returns the function for a seed.
        Landscape: int -> Landscape
        ExamplesAStep: int
        /// The number of classes; 0 if there are none.
        Classes: int
        /// The loss of guessing among the classes; infinite if there are none.
        GuessedLoss: float
    }

    /// Returns a function of one tensor, without examples.
    static member Of(kind: string, identity: string, dimensions: int, landscape: int -> Landscape) : FunctionDescription =
        { Kind = kind
          Identity = identity
          Layout = Layout.OfShapes [ "x", [ dimensions ] ]
          Landscape = landscape
          ExamplesAStep = 1
          Classes = 0
          GuessedLoss = infinity }

/// <summary>
/// A function to minimize, of the library. It has no data in files. Validations use the examples that are trained on, if there are any. Equal
/// functions have the same kind and the same numbers.
/// </summary>
[<AbstractClass>]
type FunctionProblem internal (description: FunctionDescription) =
    member private _.Identity = description.Identity

    /// <summary>True for a function of the same kind with the same numbers.</summary>
    override _.Equals(other: obj | null) =
        match other with
        | :? FunctionProblem as other -> other.Identity = description.Identity
        | _ -> false

    override _.GetHashCode() = description.Identity.GetHashCode StringComparison.Ordinal

    /// <summary>Returns the kind with its numbers: <c>rosenbrock(2)</c>.</summary>
    override _.ToString() = description.Identity

    interface IProblem with
        member _.Kind = description.Kind
        member _.HasAccuracy = description.Classes > 0
        member _.ComparesAccuracy = false
        member _.ValidatesOnTest = false
        member _.HasData = false
        member _.ExamplesAStep = description.ExamplesAStep
        member _.StepsAnEpoch = None
        member _.Classes = description.Classes
        member _.GuessedLoss = description.GuessedLoss
        member _.Findings _ = []
        member _.Layout() = Ok description.Layout
        member problem.InFolder _ = problem
        member _.ForDocument _ = ValueNone

        member _.Prepare(_, _) =
            Landscape.prepared description.Layout description.Identity "" description.Landscape
