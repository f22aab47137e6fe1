namespace CuteDl.Studies

open System
open System.Numerics
open System.Threading
open CuteDl.Core.Data
open CuteDl.Core.Models
open CuteDl.Core.Optimizers
open CuteDl.Core.Training

/// <summary>The source of a task's data set.</summary>
type DataSource =
    /// <summary>MNIST, from the data package.</summary>
    | Mnist
    /// <summary>
    /// A folder with four files in MNIST's format. <c>expansion</c> is the largest allowed ratio of unpacked to packed size.
    /// </summary>
    | Folder of path: string * classes: int * expansion: int
    /// <summary>Examples in memory, with their name in results.</summary>
    | Held of name: string * data: DataParts

/// <summary>Reads a source.</summary>
type DataReader = Func<DataSource, DataParts>

/// <summary>A problem at the start of one trial. No other trial shares it, so it need not be thread-safe.</summary>
type IProblemInstance<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> =
    /// <summary>The parameters, the loss and gradient of each step, and the validation.</summary>
    abstract Workload: IWorkload<'T>

    /// <summary>The initial parameters.</summary>
    abstract Initial: 'T array

    /// <summary>
    /// Returns the quality on examples that no step and no validation used; ValueNone if there are none. It is called at most once, at the
    /// end of a confirmation trial.
    /// </summary>
    /// <param name="parameters">The learned parameters.</param>
    /// <param name="cancellation">Ends the scoring.</param>
    /// <exception cref="T:System.OperationCanceledException">Cancelled.</exception>
    abstract Test: parameters: 'T array * cancellation: CancellationToken -> Quality voption

    /// <summary>Returns the state of the model's units at the current parameters of the workload.</summary>
    abstract Health: unit -> Health

    /// <summary>Returns the model with learned parameters; null if the problem has no model.</summary>
    /// <param name="parameters">The learned parameters.</param>
    abstract Model: parameters: 'T array -> TrainedModel | null

/// <summary>A problem with its data read. It is immutable: any number of trials can use it on any number of threads.</summary>
type IPreparedProblem =
    /// <summary>The tensors that optimizers change. They do not depend on the seed.</summary>
    abstract Layout: Layout

    /// <summary>
    /// Everything in the problem that its results depend on, on one line. Problems with equal identities give bit-identical results.
    /// </summary>
    abstract Identity: string

    /// <summary>A hash of the data; empty if the problem has none. A study resumes only with equal data.</summary>
    abstract DataHash: string

    /// <summary>Returns a new instance for a trial.</summary>
    /// <param name="seed">The seed of the initial parameters, the order of examples and everything else that is random.</param>
    abstract Start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> : seed: int -> IProblemInstance<'T>

/// <summary>
/// A problem to learn. Each kind is a type of its own, and studies know problems only through this interface. A value is immutable and
/// thread-safe.
/// </summary>
type IProblem =
    /// <summary>The name of the kind in study files.</summary>
    abstract Kind: string

    /// <summary>True if validations have an accuracy, so that it can be the target.</summary>
    abstract HasAccuracy: bool

    /// <summary>True if the accuracy is on examples that are not trained on, so that contenders are compared by it.</summary>
    abstract ComparesAccuracy: bool

    /// <summary>True if validations use the test examples, which the fair protocol scores only once, at the end.</summary>
    abstract ValidatesOnTest: bool

    /// <summary>True if the problem has data, whose hash belongs to a study.</summary>
    abstract HasData: bool

    /// <summary>The number of examples per step, at least 1.</summary>
    abstract ExamplesAStep: int

    /// <summary>The number of steps per epoch; None if it is unknown, or if there are no epochs.</summary>
    abstract StepsAnEpoch: int64 option

    /// <summary>The number of classes; 0 if there are none, or if it is unknown.</summary>
    abstract Classes: int

    /// <summary>The loss of guessing among the classes; infinite if it is unknown.</summary>
    abstract GuessedLoss: float

    /// <summary>Returns mistakes that can be found in the problem itself.</summary>
    /// <param name="path">The place of the task in the study, for example <c>$.tasks[0]</c>.</param>
    abstract Findings: path: string -> Finding list

    /// <summary>Returns the tensors of the problem, or the reason why it cannot be trained. Reads data in folders.</summary>
    abstract Layout: unit -> Result<Layout, string>

    /// <summary>Returns the problem with paths relative to a folder made absolute.</summary>
    abstract InFolder: folder: string -> IProblem

    /// <summary>
    /// Returns the problem as the source document trains it, and the number of steps per epoch; ValueNone if the document has no such
    /// problem, so that it is trained as it is.
    /// </summary>
    abstract ForDocument: read: DataReader -> struct (IProblem * int) voption

    /// <summary>Reads the data.</summary>
    /// <param name="task">The name of the task, for messages.</param>
    /// <param name="read">Reads a source of data.</param>
    /// <exception cref="T:System.ArgumentException">A value is out of its range, or the data do not fit.</exception>
    abstract Prepare: task: string * read: DataReader -> IPreparedProblem
