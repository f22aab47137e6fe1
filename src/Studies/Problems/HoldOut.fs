namespace CuteDl.Studies

open System
open MathNet.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Numerics

/// <summary>Splits labelled examples into a training set and a hold-out.</summary>
module HoldOut =
    /// Returns the number of held-out examples of each class: proportional, with the remaining ones given to the largest remainders. Of
    /// equal remainders, the lower class comes first.
    let private quotas (held: int) (counts: int array) : int array =
        let total = Array.sum counts
        let share (count: int) = int64 held * int64 count
        let quotas = counts |> Array.map (fun count -> int (share count / int64 total))

        let byRemainder =
            [| 0 .. counts.Length - 1 |]
            |> Array.sortBy (fun label -> struct (-(share counts[label] % int64 total), label))

        for label in Array.truncate (held - Array.sum quotas) byRemainder do
            quotas[label] <- quotas[label] + 1

        quotas

    let private choose (set: DataSet) (indices: int array) : DataSet =
        let features = Array.zeroCreate<byte>(indices.Length * set.Width)

        indices
        |> Array.iteri (fun row index -> Array.Copy(set.Features, index * set.Width, features, row * set.Width, set.Width))

        DataSet(set.Shape, features, indices |> Array.map (fun index -> set.Labels[index]))

    /// <summary>
    /// Returns the indices of the examples that stay and of those in the hold-out, both ascending. Each class contributes in proportion to
    /// its size. The seed selects the examples.
    /// </summary>
    /// <param name="held">The size of the hold-out, at least 1 and less than the number of examples.</param>
    /// <param name="seed">The seed of the selection.</param>
    /// <param name="labels">The class of each example.</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The size of the hold-out is not from 1 to the number of examples minus
    /// 1.</exception>
    let stratified (held: int) (seed: int) (labels: byte array) : struct (int array * int array) =
        if held < 1 || held >= labels.Length then
            raise (
                ArgumentOutOfRangeException(
                    nameof held,
                    held,
                    $"The hold-out must have from 1 to {labels.Length - 1} of the {labels.Length} examples."
                )
            )

        let ofClass = Array.init 256 (fun _ -> ResizeArray<int>())
        labels |> Array.iteri (fun index label -> ofClass[int label].Add index)
        let quotas = ofClass |> Array.map _.Count |> quotas held
        let isHeld: bool array = Array.zeroCreate labels.Length

        ofClass
        |> Array.iteri (fun label indices ->
            if quotas[label] > 0 then
                let order = Combinatorics.GeneratePermutation(indices.Count, RandomStream.stream seed $"split/{label}")

                for i in 0 .. quotas[label] - 1 do
                    isHeld[indices[order[i]]] <- true)

        let all = [| 0 .. labels.Length - 1 |]
        struct (all |> Array.filter (fun index -> not isHeld[index]), all |> Array.filter (fun index -> isHeld[index]))

    /// <summary>Returns the training set and the hold-out; see <c>stratified</c>.</summary>
    let split (held: int) (seed: int) (set: DataSet) : struct (DataSet * DataSet) =
        let struct (stay, held) = stratified held seed set.Labels
        struct (choose set stay, choose set held)
