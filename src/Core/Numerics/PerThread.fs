namespace CuteDl.Core.Numerics

open System

/// One object for each thread, made at its first use there.
[<AbstractClass; Sealed>]
type internal PerThread<'W when 'W: not struct and 'W: (new: unit -> 'W)> private () =
    [<ThreadStatic; DefaultValue>]
    static val mutable private value: 'W

    /// The object of the current thread.
    static member Value: 'W =
        if isNull (box PerThread<'W>.value) then
            PerThread<'W>.value <- new 'W()

        PerThread<'W>.value
