namespace CuteDl.Studies

open System
open System.Runtime.InteropServices
open System.Security.Cryptography
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers

/// <summary>Given initial weights do not fit the model: an array is missing, unknown, of another shape, or not finite.</summary>
[<Sealed>]
type InitialWeightsException(message: string) =
    inherit Exception(message)

/// <summary>The initial parameters of a model.</summary>
type StartingWeights =
    /// <summary>Random weights. The trial's seed decides them. Biases are 0.</summary>
    | Drawn of Initialization
    /// <summary>
    /// One draw from normal(0, 0.01) for the source document's model with 784 inputs and 10 units. The documented results start from it.
    /// </summary>
    | Reference
    /// <summary>
    /// The arrays of a numpy archive (.npz): layers.0.weight (inputs × units), layers.0.bias (units), layers.1.weight, ... of float16, float32
    /// or float64. <c>expansion</c> is the largest allowed ratio of unpacked to packed size.
    /// </summary>
    | File of path: string * expansion: int

/// <summary>Reads given weights.</summary>
[<RequireQualifiedAccess>]
module internal StartingWeights =
    let private shape (sizes: int list) = String.Join(" × ", sizes)

    let private fail message : 'any = raise (InitialWeightsException message)

    /// Returns the arrays as the parameters of a model. Arrays and parameters must correspond one to one.
    let private fit (source: string) (arrays: Map<string, Tensor>) (model: Model) : float array =
        let parameters = Model.parameters model
        let known = parameters |> List.map _.Name

        match arrays.Keys |> Seq.tryFind (fun name -> not (List.contains name known)) with
        | Some name ->
            fail $"The array '{name}' in {source} does not belong to the model {model}. The arrays of the model are {Quotation.list known}."
        | None -> ()

        let result = Array.zeroCreate<float>(Model.parameterCount model)

        for parameter in parameters do
            let expected = shape parameter.Shape

            match arrays.TryFind parameter.Name with
            | None -> fail $"The array '{parameter.Name}' ({expected}) is missing in {source}. The model {model} needs it."
            | Some array when array.Shape <> parameter.Shape ->
                fail $"The array '{parameter.Name}' in {source} has the shape {shape array.Shape}, but the model {model} needs {expected}."
            | Some array ->
                let values =
                    match array.Cells with
                    | F32 values -> Array.map float values
                    | F64 values -> values
                    | I64 _
                    | U8 _ -> fail $"The array '{parameter.Name}' in {source} holds integers. It must hold float32 or float64."

                match values |> Array.tryFindIndex (Double.IsFinite >> not) with
                | Some index ->
                    fail (
                        FormattableString.Invariant
                            $"Element {index} of the array '{parameter.Name}' in {source} is {values[index]}. It must be finite."
                    )
                | None -> values.CopyTo(result, parameter.Offset)

        result

    let private reference: Lazy<Map<string, Tensor>> =
        lazy
            (match typeof<StartingWeights>.Assembly.GetManifestResourceStream "reference.npz" with
             | null -> invalidOp "The assembly has no reference weights."
             | stream ->
                 use stream = stream
                 Npz.readStream "reference.npz" stream)

    /// Returns the SHA-256 of values, in hexadecimal digits.
    let checksum (values: float array) : string =
        Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(ReadOnlySpan values)))

    /// Returns given weights; None for drawn ones.
    let read (model: Model) (weights: StartingWeights) : float array option =
        match weights with
        | Drawn _ -> None
        | Reference -> Some(fit "the reference weights" reference.Value model)
        | File(path, expansion) -> Some(fit path (Npz.readWithin expansion path) model)
