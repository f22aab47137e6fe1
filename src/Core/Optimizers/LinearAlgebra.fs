namespace CuteDl.Core.Optimizers

open System
open System.Numerics
open MathNet.Numerics.LinearAlgebra

/// <summary>Pure steps for one vector or one matrix of Math.NET Numerics. The results are new and dense.</summary>
module LinearAlgebra =

    /// <summary>Creates the initial state for a matrix of parameters: one tensor with a row for each input and a column for each unit.</summary>
    /// <param name="optimizer">The optimizer. Its groups need names, so it has none.</param>
    /// <param name="rows">The number of rows, at least 1.</param>
    /// <param name="columns">The number of columns, at least 1.</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">A number is below 1.</exception>
    /// <exception cref="T:System.ArgumentException">The optimizer does not fit: see <c>Optimizer.check</c>.</exception>
    let initMatrix<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (optimizer: Optimizer)
        (rows: int)
        (columns: int)
        : State<'T> =
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1, nameof rows)
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1, nameof columns)
        Optimizer.initFor<'T> optimizer (Layout.OfShapes [ "", [ rows; columns ] ])

    // Dense vectors give their own array, which a step does not change.
    let private elements (vector: Vector<'T>) : 'T array =
        match vector.AsArray() with
        | null -> vector.ToArray()
        | own -> own

    let private ofVector (result: State<'T> * 'T array) : State<'T> * Vector<'T> =
        let next, delta = result
        next, Vector<'T>.Build.Dense delta

    let private checkShape (state: State<'T>) (matrix: Matrix<'T>) (name: string) : unit =
        match [ for parameter in state.Layout.Parameters -> parameter.Shape ] with
        | [ [ rows; columns ] ] when rows = matrix.RowCount && columns = matrix.ColumnCount -> ()
        | _ ->
            raise (
                ArgumentException(
                    $"The {name} is a matrix of {matrix.RowCount} × {matrix.ColumnCount}, but the state is for {state.Layout}. Use a state from initMatrix.",
                    name
                )
            )

    let private ofMatrix (like: Matrix<'T>) (result: State<'T> * 'T array) : State<'T> * Matrix<'T> =
        let next, delta = result
        next, Matrix<'T>.Build.DenseOfRowMajor(like.RowCount, like.ColumnCount, delta)

    /// <summary>As <c>Optimizer.step</c>, for a vector.</summary>
    /// <exception cref="T:System.ArgumentException">As for <c>Optimizer.step</c>.</exception>
    let stepVector (optimizer: Optimizer) (state: State<'T>) (gradient: Vector<'T>) : State<'T> * Vector<'T> =
        Optimizer.step optimizer state (elements gradient) |> ofVector

    /// <summary>As <c>Optimizer.stepAt</c>, for vectors.</summary>
    /// <exception cref="T:System.ArgumentException">As for <c>Optimizer.stepAt</c>.</exception>
    let stepVectorAt (optimizer: Optimizer) (state: State<'T>) (parameters: Vector<'T>) (gradient: Vector<'T>) : State<'T> * Vector<'T> =
        Optimizer.stepAt optimizer state (elements parameters) (elements gradient) |> ofVector

    /// <summary>As <c>Optimizer.step</c>, for a matrix.</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="state">A state from <c>initMatrix</c>, or from a step; it does not change.</param>
    /// <param name="gradient">The gradient, with the rows and columns of the state.</param>
    /// <exception cref="T:System.ArgumentException">The shapes differ, or as for <c>Optimizer.step</c>.</exception>
    let stepMatrix (optimizer: Optimizer) (state: State<'T>) (gradient: Matrix<'T>) : State<'T> * Matrix<'T> =
        checkShape state gradient (nameof gradient)
        Optimizer.step optimizer state (gradient.ToRowMajorArray()) |> ofMatrix gradient

    /// <summary>As <c>Optimizer.stepAt</c>, for matrices.</summary>
    /// <exception cref="T:System.ArgumentException">The shapes differ, or as for <c>Optimizer.stepAt</c>.</exception>
    let stepMatrixAt (optimizer: Optimizer) (state: State<'T>) (parameters: Matrix<'T>) (gradient: Matrix<'T>) : State<'T> * Matrix<'T> =
        checkShape state parameters (nameof parameters)
        checkShape state gradient (nameof gradient)

        Optimizer.stepAt optimizer state (parameters.ToRowMajorArray()) (gradient.ToRowMajorArray())
        |> ofMatrix gradient
