namespace CuteDl.Core.Data

open System
open System.Runtime.InteropServices
open System.Security.Cryptography

/// <summary>A training set and the parts that the data have besides it, before a division for training.</summary>
type DataParts =
    {
        /// <summary>The training examples.</summary>
        Training: DataSet
        /// <summary>The validation examples; None if they are not yet held out of the training examples.</summary>
        Validation: DataSet option
        /// <summary>The test examples, if there are any.</summary>
        Test: DataSet option
        /// <summary>True to standardise the inputs with the means and deviations of the final training set.</summary>
        IsStandardized: bool
    }

/// <summary>The sets that a training uses. Batches have standardised inputs if there is a standardisation.</summary>
type DataSets =
    {
        /// <summary>The training examples.</summary>
        Training: DataSet
        /// <summary>The validation examples.</summary>
        Validation: DataSet
        /// <summary>The test examples, which no step and no validation uses.</summary>
        Test: DataSet option
        /// <summary>The standardisation of the inputs, fitted on the training examples.</summary>
        Standardization: Standardization option
    }

/// <summary>Describes and identifies sets.</summary>
module DataSets =
    /// <summary>Returns sets without a standardisation and without a test set.</summary>
    let ofPair (training: DataSet) (validation: DataSet) : DataSets =
        { Training = training; Validation = validation; Test = None; Standardization = None }

    let private bytesOf
        (values: 'value array)
        : ReadOnlySpan<byte> when 'value: struct and 'value :> ValueType and 'value: (new: unit -> 'value) =
        MemoryMarshal.AsBytes(ReadOnlySpan values)

    /// Appends a set. Sets of bytes with at most 256 classes have no kinds in front, so that their checksum stays what it has always been.
    let private append (hash: IncrementalHash) (set: DataSet) =
        let number (value: int) = hash.AppendData(BitConverter.GetBytes value)

        match set.Features, set.Targets with
        | Features.Bytes bytes, Targets.Labels(labels, classes) when classes <= 256 ->
            number set.Width
            number set.Count
            hash.AppendData bytes
            hash.AppendData(Array.map byte labels)
        | features, targets ->
            // No width is 0, so this cannot begin a set of the form above.
            number 0
            number set.Width
            number set.Count

            match features with
            | Features.Bytes values ->
                number 1
                hash.AppendData values
            | Features.Singles values ->
                number 2
                hash.AppendData(bytesOf values)
            | Features.Doubles values ->
                number 3
                hash.AppendData(bytesOf values)

            match targets with
            | Targets.Labels(labels, classes) ->
                number 1
                number classes
                hash.AppendData(bytesOf labels)
            | Targets.Values(width, values) ->
                number 2
                number width
                hash.AppendData(bytesOf values)

    /// <summary>
    /// Returns the SHA-256 of sets, in hexadecimal digits. It covers sizes, inputs and targets of each set, in order, and the standardisation.
    /// </summary>
    let checksum (data: DataSets) : string =
        use sha256 = IncrementalHash.CreateHash HashAlgorithmName.SHA256

        for set in data.Training :: data.Validation :: Option.toList data.Test do
            append sha256 set

        match data.Standardization with
        | Some standardization ->
            sha256.AppendData(bytesOf standardization.Means)
            sha256.AppendData(bytesOf standardization.Deviations)
        | None -> ()

        Convert.ToHexStringLower(sha256.GetHashAndReset())

/// <summary>Divides the parts of data for a training.</summary>
module DataParts =
    /// <summary>Returns parts without a validation set, and without a standardisation.</summary>
    let create (training: DataSet) (test: DataSet option) : DataParts =
        { Training = training; Validation = None; Test = test; IsStandardized = false }

    let private toSets (parts: DataParts) (training: DataSet) (validation: DataSet) (test: DataSet option) : DataSets =
        { Training = training
          Validation = validation
          Test = test
          Standardization = if parts.IsStandardized then Some(Standardization.fit training) else None }

    /// <summary>Returns the sets of a training that validates on the test set, as the source document does.</summary>
    /// <exception cref="T:System.ArgumentException">There is no test set.</exception>
    let testAsValidation (parts: DataParts) : DataSets =
        match parts.Test with
        | Some test -> toSets parts parts.Training test None
        | None -> raise (ArgumentException("The data have no test set to validate on. Hold out a part for validation.", nameof parts))

    /// <summary>Returns the sets of a training that validates on the validation set of the data.</summary>
    /// <exception cref="T:System.ArgumentException">There is no validation set.</exception>
    let given (parts: DataParts) : DataSets =
        match parts.Validation with
        | Some validation -> toSets parts parts.Training validation parts.Test
        | None -> raise (ArgumentException("The data have no validation set. Hold out a part for validation.", nameof parts))

    /// <summary>Returns the sets of a training that validates on a hold-out of the training set; see <c>Partition.split</c>.</summary>
    /// <exception cref="T:System.ArgumentException">The size of the hold-out does not fit, or there is a validation set.</exception>
    let holdOut (validation: int) (seed: int) (parts: DataParts) : DataSets =
        match parts.Validation with
        | Some _ -> raise (ArgumentException("The data have a validation set already. Use it, or do not give one.", nameof parts))
        | None ->
            let split = Partition.split [| parts.Training.Count - validation; validation |] seed parts.Training
            toSets parts split[0] split[1] parts.Test
