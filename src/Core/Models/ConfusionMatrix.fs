namespace CuteDl.Core.Models

open System
open System.Globalization
open System.Text

/// <summary>How often a model answered each class, for the examples of each class.</summary>
/// <param name="counts">
/// The number of examples by true class, then by answer: a square, row-major. The array is not copied, and must not change.
/// </param>
/// <param name="classes">The number of classes.</param>
/// <exception cref="T:System.ArgumentException">The counts are no square of this size, or a count is negative.</exception>
[<Sealed>]
type ConfusionMatrix(counts: int array, classes: int) =
    do
        if int64 counts.Length <> int64 classes * int64 classes || classes < 1 then
            raise (ArgumentException($"There are {counts.Length} counts, but {classes} classes need their square.", nameof counts))

        if counts |> Array.exists (fun count -> count < 0) then
            raise (ArgumentException("A count is negative. Counts must be at least 0.", nameof counts))

    let ofTruth =
        Array.init classes (fun truth -> Seq.sum (seq { for answer in 0 .. classes - 1 -> counts[truth * classes + answer] }))

    let ofAnswer =
        Array.init classes (fun answer -> Seq.sum (seq { for truth in 0 .. classes - 1 -> counts[truth * classes + answer] }))

    let right label = counts[label * classes + label]
    let share part whole = float part / float whole

    let check (name: string) (label: int) : unit =
        if label < 0 || label >= classes then
            raise (ArgumentOutOfRangeException(name, label, $"The class must be from 0 to {classes - 1}."))

    /// <summary>The number of classes.</summary>
    member _.Classes = classes

    /// <summary>The number of examples.</summary>
    member _.Examples = Array.sum ofTruth

    /// <summary>The number of examples of a class that got an answer.</summary>
    /// <param name="truth">The true class.</param>
    /// <param name="answer">The class that the model answered.</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">There is no such class.</exception>
    member _.Item
        with get (truth: int, answer: int) =
            check (nameof truth) truth
            check (nameof answer) answer
            counts[truth * classes + answer]

    /// <summary>The share of examples that got their class; NaN without examples.</summary>
    member matrix.Accuracy =
        share (Seq.sum (seq { for label in 0 .. classes - 1 -> right label })) matrix.Examples

    /// <summary>Returns the share of the answers of a class that were right; NaN if it was never the answer.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">There is no such class.</exception>
    member _.Precision(label: int) : float =
        check (nameof label) label
        share (right label) ofAnswer[label]

    /// <summary>Returns the share of the examples of a class that got it as answer; NaN if it has no examples.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">There is no such class.</exception>
    member _.Recall(label: int) : float =
        check (nameof label) label
        share (right label) ofTruth[label]

    /// <summary>Returns a table: a row for each true class, a column for each answer, recall at the right and precision below.</summary>
    override matrix.ToString() =
        let share (value: float) =
            if Double.IsNaN value then "-" else value.ToString("0.0000", CultureInfo.InvariantCulture)

        let rows =
            [ [ "true"; yield! [ for answer in 0 .. classes - 1 -> string answer ]; "recall" ]
              for truth in 0 .. classes - 1 do
                  [ string truth
                    yield! [ for answer in 0 .. classes - 1 -> string counts[truth * classes + answer] ]
                    share (matrix.Recall truth) ]
              [ "precision"
                yield! [ for answer in 0 .. classes - 1 -> share (matrix.Precision answer) ]
                share matrix.Accuracy ] ]

        let widths = rows |> List.transpose |> List.map (List.map String.length >> List.max)
        let text = StringBuilder()

        for i, row in List.indexed rows do
            let cells =
                List.zip widths row
                |> List.mapi (fun column (width, cell) -> if column = 0 then cell.PadRight width else cell.PadLeft width)

            text.Append(if i = 0 then "" else "\n").Append(String.Join("  ", cells)) |> ignore

        text.ToString()
