namespace CuteDl.Core.Optimizers

open System

/// <summary>Messages of exceptions, for readers who do not know the code.</summary>
module Refusal =

    /// <summary>Returns the message without what .NET adds for programmers: the parameter's name and its value.</summary>
    let sentence (error: exn) : string =
        match error with
        | :? ArgumentException as error when not (String.IsNullOrEmpty error.ParamName) ->
            match error.Message.LastIndexOf($" (Parameter '{error.ParamName}')", StringComparison.Ordinal) with
            | -1 -> error.Message
            | added -> error.Message.Substring(0, added)
        | _ -> error.Message
