/// Generates random cases.
module internal CuteDl.Laws.Generators

open System
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers

let uniform (lower: float) (upper: float) : Gen<float> =
    Gen.choose (0, 1 <<< 30) |> Gen.map (fun i -> lower + (upper - lower) * float i / float (1 <<< 30))

/// Generates numbers that are uniform in the logarithm.
let logUniform (lower: float) (upper: float) : Gen<float> = uniform (log lower) (log upper) |> Gen.map exp

let signed (magnitudes: Gen<float>) : Gen<float> =
    Gen.map2 (fun isNegative magnitude -> if isNegative then -magnitude else magnitude) (Gen.elements [ true; false ]) magnitudes

/// Generates elements of gradients. Their squares are far from overflow and underflow, and none is 0.
let nonZero: Gen<float> = signed (logUniform 1e-3 1e3)

/// Generates elements of gradients, some of which are 0.
let moderate: Gen<float> = Gen.frequency [ 1, Gen.constant 0.0; 6, nonZero ]

/// Generates factors that multiply without rounding.
let powerOfTwo: Gen<float> =
    Gen.elements [ -6; -1; 1; 2; 8 ] |> Gen.map (fun k -> Math.Pow(2.0, float k))

let private flat (length: int) : (string * int list) list = [ "", [ length ] ]

/// Returns one tensor for each group, with a name that matches its pattern.
let private forGroups (subject: Subject) : (string * int list) list =
    let rec patterns (optimizer: CuteDl.Core.Optimizers.Optimizer) : (string * bool) list =
        if optimizer.Groups.Count > 0 then
            [ for group in optimizer.Groups do
                  match patterns group.Optimizer with
                  | [] -> group.Pattern, Subject.leaves group.Optimizer |> List.exists (fun leaf -> leaf.Kind.Has Trait.NeedsMatrix)
                  | inner -> yield! inner ]
        else
            [ for part in optimizer.Parts do
                  if optimizer.Parts.Count > 1 then
                      yield! patterns part ]

    [ for i, (pattern, isMatrix) in List.indexed (patterns subject.Optimizer) do
          pattern.Replace("*", $"t{i}").Replace("?", "t"), (if isMatrix then [ 2; 3 ] else [ 3 ]) ]

let private needsMatrix (subject: Subject) = Subject.needsMatrix subject

/// Generates tensors for the optimizer: a vector, a matrix and a vector, or the shapes that it needs.
let shapes (longest: int) (subject: Subject) : Gen<(string * int list) list> =
    let matrix =
        Gen.map2 (fun rows columns -> [ "weight", [ rows; columns ] ]) (Gen.choose (2, 4)) (Gen.choose (2, 4))

    if not subject.Options.Shapes.IsEmpty then
        Gen.constant subject.Options.Shapes
    elif Subject.isGroups subject then
        Gen.constant (forGroups subject)
    elif needsMatrix subject then
        matrix
    else
        Gen.frequency
            [ 3, Gen.choose (1, longest) |> Gen.map flat
              1, matrix
              1, Gen.map2 (fun weight size -> weight @ [ "bias", [ size ] ]) matrix (Gen.choose (1, 4)) ]

/// Generates one tensor with an even number of elements.
let evenShape (subject: Subject) : Gen<(string * int list) list> =
    if needsMatrix subject then
        Gen.elements [ [ "weight", [ 2; 3 ] ]; [ "weight", [ 4; 2 ] ] ]
    else
        Gen.choose (1, 4) |> Gen.map (fun n -> flat (2 * n))

/// Generates one vector with a limited number of elements.
let vector (longest: int) : Gen<(string * int list) list> = Gen.choose (1, longest) |> Gen.map flat

let private lengthOf (shapes: (string * int list) list) = shapes |> List.sumBy (snd >> List.fold (*) 1)

let private start: Gen<float> = signed (uniform 0.1 2.0)

/// Generates initial parameters.
let anywhere (length: int) : Gen<float array> =
    Gen.frequency [ 3, Gen.arrayOfLength length start; 1, Gen.constant (Array.zeroCreate length) ]

/// Generates initial parameters for laws that weight decay breaks: 0 for optimizers with weight decay.
let freeOfDecay (subject: Subject) (length: int) : Gen<float array> =
    if Subject.decays subject && not subject.Seeks then
        Gen.constant (Array.zeroCreate length)
    else
        anywhere length

/// Generates cases with the given tensors and numbers of steps.
let cases
    (shapes: Gen<(string * int list) list>)
    (starts: int -> Gen<float array>)
    (elements: Gen<float>)
    (fewest: int, most: int)
    (factors: Gen<float>)
    : Gen<Case> =
    gen {
        let! shapes = shapes
        let length = lengthOf shapes
        let! start = starts length
        let! steps = Gen.choose (fewest, most)
        let! gradients = Gen.arrayOfLength steps (Gen.arrayOfLength length elements)
        let! factor = factors
        let! choice = Gen.choose (0, 1 <<< 20)

        return
            { Shapes = shapes
              Start = start
              Gradients = gradients
              Factor = factor
              Choice = choice
              Schedule = None }
    }

/// Replaces the gradients of cases by one gradient for all steps.
let constantly (cases: Gen<Case>) : Gen<Case> =
    cases
    |> Gen.map (fun case -> { case with Gradients = Array.replicate case.Steps case.Gradients[0] })

let one: Gen<float> = Gen.constant 1.0

/// Generates the cases of most laws: a few steps with a few elements, from any initial parameters.
let usual (subject: Subject) : Gen<Case> = cases (shapes 8 subject) anywhere moderate (1, 12) one

/// Generates independent elements with initial parameters 0.
let elements (gradient: Gen<float>) (fewest: int, most: int) : Gen<Case> =
    cases (vector 4) (fun length -> Gen.constant (Array.zeroCreate length)) gradient (fewest, most) one

/// Returns sample tensors, to check that they fit the optimizer.
let sampleShapes (subject: Subject) : (string * int list) list = Gen.sampleWithSeed (Rnd 1UL) 10 1 (shapes 4 subject) |> Array.head
