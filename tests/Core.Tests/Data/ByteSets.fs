/// Sets of bytes with labels.
module CuteDl.Core.Tests.ByteSets

open Expecto
open CuteDl.Core.Data

let bytesOf (set: DataSet) : byte array =
    match set.Features with
    | Features.Bytes bytes -> bytes
    | Features.Singles _
    | Features.Doubles _ -> failtest "not bytes"

let labelsOf (set: DataSet) : int array = set.Targets.Classes

/// The same examples with other bytes.
let withBytes (bytes: byte array) (set: DataSet) : DataSet = DataSet(set.Shape, Features.Bytes bytes, set.Targets)
