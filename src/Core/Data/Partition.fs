namespace CuteDl.Core.Data

open System
open MathNet.Numerics
open CuteDl.Core.Numerics

/// <summary>Divides examples among parts. The seed decides which part gets an example.</summary>
module Partition =
    /// Returns the number of examples of each class in each part: the exact share, rounded down or up. All classes and all parts have their
    /// sizes. Such a rounding exists (Bacharach 1966), and augmenting paths find it. In doubt, the last part and the class with the largest
    /// remainder there come first.
    let private quotas (sizes: int array) (counts: int array) : int array array =
        let total = int64 (Array.sum sizes)
        let share label part = int64 counts[label] * int64 sizes[part]

        let quotas =
            counts
            |> Array.mapi (fun label _ -> sizes |> Array.mapi (fun part _ -> int (share label part / total)))

        let isRounded label part = share label part % total > 0L
        let isUp = counts |> Array.map (fun _ -> Array.create sizes.Length false)

        let free =
            sizes |> Array.mapi (fun part size -> size - (quotas |> Array.sumBy (fun quota -> quota[part])))

        let last = sizes.Length - 1

        let parts = [ last .. -1 .. 0 ]
        let labels = [ 0 .. counts.Length - 1 ]

        /// Rounds one more part of a class up. If all its parts are full, another class first moves to another part.
        let rec roundUp (visited: bool array) (label: int) : bool =
            let candidates =
                parts |> List.filter (fun part -> isRounded label part && not (visited[part] || isUp[label][part]))

            match List.tryFind (fun part -> free[part] > 0) candidates with
            | Some part ->
                free[part] <- free[part] - 1
                isUp[label][part] <- true
                true
            | None ->
                candidates
                |> List.exists (fun part ->
                    let moves other = isUp[other][part] && roundUp visited other

                    let isSeen = visited[part]
                    visited[part] <- true

                    match if isSeen then None else List.tryFind moves labels with
                    | Some other ->
                        isUp[other][part] <- false
                        isUp[label][part] <- true
                        true
                    | None -> false)

        let byRemainder =
            [| 0 .. counts.Length - 1 |]
            |> Array.sortBy (fun label -> struct (-(share label last % total), label))

        for label in byRemainder do
            for _ in 1 .. counts[label] - Array.sum quotas[label] do
                roundUp (Array.create sizes.Length false) label |> ignore

        for label in 0 .. counts.Length - 1 do
            for part in 0..last do
                if isUp[label][part] then
                    quotas[label][part] <- quotas[label][part] + 1

        quotas

    /// Gives the first examples of an order to the last part, the next ones to the part before it, and so on.
    let private deal (partOf: int array) (quota: int array) (order: int array) : unit =
        let mutable next = 0

        for part in quota.Length - 1 .. -1 .. 0 do
            for _ in 1 .. quota[part] do
                partOf[order[next]] <- part
                next <- next + 1

    let private checkSizes (sizes: int array) (count: int) : unit =
        if sizes |> Array.exists (fun size -> size < 0) || Array.sumBy int64 sizes <> int64 count then
            let given = String.Join(" + ", sizes)

            raise (ArgumentException($"The parts have {given} examples. They must have {count} together, and none below 0.", nameof sizes))

    /// Returns the indices of each part, ascending.
    let private collect (parts: int) (partOf: int array) : int array array =
        let indices = Array.init parts (fun _ -> ResizeArray<int>())
        partOf |> Array.iteri (fun index part -> indices[part].Add index)
        indices |> Array.map _.ToArray()

    /// <summary>Returns the indices of each part, ascending. Any example can be in any part.</summary>
    /// <param name="sizes">The number of examples of each part. Together they have all.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="count">The number of examples.</param>
    /// <exception cref="T:System.ArgumentException">The sizes do not have all examples together.</exception>
    let random (sizes: int array) (seed: int) (count: int) : int array array =
        checkSizes sizes count
        let partOf = Array.zeroCreate count

        if count > 0 then
            deal partOf sizes (Combinatorics.GeneratePermutation(count, RandomStream.stream seed "split"))

        collect sizes.Length partOf

    /// <summary>
    /// Returns the indices of each part, ascending. Each part has the share of each class that all examples have, to within one example.
    /// </summary>
    /// <param name="sizes">The number of examples of each part. Together they have all.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="labels">The class of each example, from 0.</param>
    /// <exception cref="T:System.ArgumentException">The sizes do not have all examples together.</exception>
    let stratified (sizes: int array) (seed: int) (labels: int array) : int array array =
        checkSizes sizes labels.Length
        let ofClass = Array.init (Array.fold max -1 labels + 1) (fun _ -> ResizeArray<int>())
        labels |> Array.iteri (fun index label -> ofClass[label].Add index)
        let quotas = ofClass |> Array.map _.Count |> quotas sizes
        let partOf = Array.zeroCreate labels.Length

        ofClass
        |> Array.iteri (fun label indices ->
            if indices.Count > 0 then
                let order = Combinatorics.GeneratePermutation(indices.Count, RandomStream.stream seed $"split/{label}")
                deal partOf quotas[label] (order |> Array.map (fun i -> indices[i])))

        collect sizes.Length partOf

    /// <summary>Returns the sets of the parts, stratified by class if the targets are classes.</summary>
    /// <param name="sizes">The number of examples of each part. Together they have all.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="set">The examples.</param>
    /// <exception cref="T:System.ArgumentException">The sizes do not have all examples together.</exception>
    let split (sizes: int array) (seed: int) (set: DataSet) : DataSet array =
        let parts =
            match set.Targets with
            | Targets.Labels(labels, _) -> stratified sizes seed labels
            | Targets.Values _ -> random sizes seed set.Count

        parts |> Array.map (fun indices -> DataSet.choose indices set)
