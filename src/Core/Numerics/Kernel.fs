namespace CuteDl.Core.Numerics

open System

/// Marks a method with a hot loop. The runtime compiles it with all optimizations before its first call. Otherwise the first calls would
/// run unoptimized code, which is up to a hundred times slower here, and a short training would end before it is replaced. It is the flag
/// MethodImplOptions.AggressiveOptimization, which the F# compiler drops: a step of the build sets it.
[<Sealed; AttributeUsage(AttributeTargets.Method)>]
type internal KernelAttribute() =
    inherit Attribute()
