/// The machine code of hot loops, as the runtime's compiler prints it.
module CuteDl.Core.Tests.MachineCode

open System
open System.IO
open System.Reflection
open System.Text.RegularExpressions
open Expecto
open CuteDl.Core.Networks
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers

/// The argument that makes the test program run each kernel once.
let argument = "--run-kernels"

/// A loop without loops in it.
type Loop =
    {
        Instructions: int
        MultiplyAdds: int
        /// Vectors that are read from the stack or written to it, because they did not fit into the registers.
        VectorsOnStack: int
        Calls: int
    }

type Method = { Name: string; Loops: Loop list; HasBoundsChecks: bool }

/// All methods that a type declares.
let everything =
    BindingFlags.Public
    ||| BindingFlags.NonPublic
    ||| BindingFlags.Static
    ||| BindingFlags.Instance
    ||| BindingFlags.DeclaredOnly

/// The methods with the attribute Kernel.
let kernels: MethodInfo list =
    [ for t in typeof<Dense>.Assembly.GetTypes() do
          for m in t.GetMethods everything do
              if m.IsDefined(typeof<KernelAttribute>, false) then
                  m ]

/// Runs the products and the updates in single precision. Run in a process of its own: its kernels are compiled while it runs.
let runKernels () : unit =
    let numbers count = Array.init count (fun i -> float32 (i % 7) - 3.0f)

    let size = 64
    let square = numbers (size * size)

    for a in [ MatrixProduct.rowMajor size; MatrixProduct.transposed size ] do
        for b in [ MatrixProduct.rowMajor size; MatrixProduct.transposed size ] do
            MatrixProduct.multiply (ReadOnlySpan square) a (ReadOnlySpan square) b (Span(Array.zeroCreate (size * size))) size size size

    // One register of outputs.
    MatrixProduct.multiply
        (ReadOnlySpan square)
        (MatrixProduct.rowMajor size)
        (ReadOnlySpan square)
        (MatrixProduct.rowMajor 8)
        (Span(Array.zeroCreate (size * 8)))
        size
        size
        8

    let batch = SparseBatch<float32>(size, size)
    batch.Read(SparseRows.ofCells (Array.init (size * size) byte) size, ReadOnlySpan(Array.init size id))
    let table = numbers 256
    table[0] <- 0.0f
    SparseProduct.forward batch table (ReadOnlySpan square) (Span(Array.zeroCreate (size * size))) size
    SparseProduct.gradient batch table (ReadOnlySpan square) (Span(Array.zeroCreate (size * size))) size

    let rule = Expression.parse "adam"
    let state = Optimizer.init<float32> rule size
    Optimizer.stepInPlace rule state (Span(numbers size)) (ReadOnlySpan(numbers size))

let private label = Regex(@"^(G_M\d+_IG\d+):")
let private jump = Regex(@"^j\w+\s+(?:SHORT )?(G_M\d+_IG\d+)")

let private parse (name: string) (lines: string list) : Method =
    let instructions = ResizeArray<string>()
    let labels = Collections.Generic.Dictionary<string, int>()

    for line in lines do
        let found = label.Match line

        if found.Success then
            labels[found.Groups[1].Value] <- instructions.Count
        elif line.StartsWith("       ", StringComparison.Ordinal) && line.Trim() <> "" then
            instructions.Add(line.Trim())

    // A loop is what lies between a label and a later jump back to it.
    let loops =
        [ for last in 0 .. instructions.Count - 1 do
              let found = jump.Match instructions[last]

              if found.Success then
                  match labels.TryGetValue found.Groups[1].Value with
                  | true, first when first <= last -> first, last
                  | _ -> () ]

    let isInnermost (first, last) =
        loops
        |> List.forall (fun (otherFirst, otherLast) -> (otherFirst, otherLast) = (first, last) || otherFirst < first || otherLast > last)

    let count (body: string list) (condition: string -> bool) = body |> List.filter condition |> List.length

    { Name = name
      HasBoundsChecks = instructions.Exists(fun text -> text.Contains "RNGCHKFAIL")
      Loops =
        [ for first, last in List.filter isInnermost loops do
              let body = [ for i in first..last -> instructions[i] ]

              { Instructions = body.Length
                MultiplyAdds = count body _.StartsWith("vfmadd", StringComparison.Ordinal)
                VectorsOnStack = count body (fun text -> text.Contains "mm" && (text.Contains "[rbp" || text.Contains "[rsp"))
                Calls = count body _.StartsWith("call", StringComparison.Ordinal) } ] }

/// The machine code of all kernels that run, under settings of the runtime.
let compile (settings: (string * string) list) : Method list =
    let listing = Path.GetTempFileName()

    try
        let names = kernels |> List.map _.Name |> List.distinct |> String.concat " "
        let printing = [ "DOTNET_JitStdOutFile", listing; "DOTNET_JitDisasm", names ]
        let code, output = Process.run argument (printing @ settings)
        Expect.equal code 0 output

        let heading = "; Assembly listing for method "

        let folder (methods: (string * string list) list) (line: string) =
            if line.StartsWith(heading, StringComparison.Ordinal) then
                (line.Substring heading.Length, []) :: methods
            else
                match methods with
                | (name, lines) :: rest -> (name, line :: lines) :: rest
                | [] -> []

        File.ReadAllLines listing
        |> Array.fold folder []
        |> List.rev
        |> List.filter (fun (name, _) -> name.StartsWith("CuteDl.", StringComparison.Ordinal))
        |> List.map (fun (name, lines) -> parse name (List.rev lines))
    finally
        File.Delete listing
