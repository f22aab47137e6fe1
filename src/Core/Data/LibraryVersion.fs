namespace CuteDl.Core.Data

open System.Reflection

/// <summary>The version of this library, which its files name.</summary>
[<RequireQualifiedAccess>]
module LibraryVersion =
    /// <summary>The metadata key of the version in safetensors files.</summary>
    [<Literal>]
    let Key = "cutedl.version"

    /// <summary>The version, such as <c>0.1.0</c>.</summary>
    let current: string =
        match Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyInformationalVersionAttribute>() with
        | null -> ""
        | attribute -> attribute.InformationalVersion.Split('+')[0]
