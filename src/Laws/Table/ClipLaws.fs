/// Laws about clipping: clips are projections onto convex sets.
module internal CuteDl.Laws.ClipLaws

open System
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Laws
open CuteDl.Laws.Generators
open CuteDl.Laws.Running

let private norm (values: float array) = sqrt (Array.sumBy (fun x -> x * x) values)

/// Generates gradients with norms around the limit, and parameters, because limits can depend on them.
let private aroundLimit (limit: float) (subject: Subject) : Gen<Case> =
    let elements =
        Gen.frequency [ 1, Gen.constant 0.0; 6, signed (logUniform (0.01 * limit) (100.0 * limit)) ]

    cases (shapes 6 subject) anywhere elements (2, 2) (Gen.elements [ 1.0; 1e-3 ])

/// Returns two gradients, the second moved towards the first, and the clipped result of each.
let private clipped (subject: Subject) (case: Case) =
    let first = case.Gradients[0]
    let second = Array.map2 (fun a b -> a + case.Factor * (b - a)) first case.Gradients[1]
    let clip (gradient: float array) = (deltas subject.Optimizer { case with Gradients = [| gradient |] })[0]
    first, second, clip

let private box =
    Law.about
        [ Rules.clipValue.Kind ]
        "P25"
        "clip to a box"
        "|Δ_i| ≤ c, values within the limit stay, signs are kept, clipping twice equals clipping once, two gradients never move further apart"
        "Mikolov 2012"
        (fun subject -> aroundLimit (Subject.value "limit" subject) subject)
        (fun subject case ->
            let limit = Subject.value "limit" subject
            let first, second, clip = clipped subject case
            let one, other = clip first, clip second
            let broken i = $"of g₁ = {Case.vector first}, element {i + 1}: "

            let at (holds: int -> bool) (says: int -> string) () =
                Seq.init case.Length id
                |> Seq.tryFind (holds >> not)
                |> Option.map (fun i -> $"{broken i}expected {says i}, got {Case.number one[i]}")

            firstOf
                [ at (fun i -> abs one[i] <= limit) (fun _ -> $"at most {Case.number limit}")
                  at (fun i -> abs first[i] > limit || one[i] = first[i]) (fun _ -> "no change")
                  at (fun i -> abs first[i] <= limit || abs one[i] = limit) (fun _ -> $"±{Case.number limit}")
                  at (fun i -> sign one[i] = sign first[i]) (fun _ -> "the same sign")
                  fun () -> same [| one |] [| clip one |] |> Option.map (sprintf "clipped twice: %s")
                  fun () ->
                      Seq.init case.Length id
                      |> Seq.tryFind (fun i -> not (abs (one[i] - other[i]) <= abs (first[i] - second[i]) * (1.0 + 1e-12)))
                      |> Option.map (fun i ->
                          let before, behind = Case.number (abs (first[i] - second[i])), Case.number (abs (one[i] - other[i]))
                          $"{broken i}expected a distance of at most {before}, got {behind}") ])
    |> Law.speaksOf (fun case -> case.Steps = 2)

/// Returns the positions of the elements of each tensor.
let private tensors (case: Case) : (int list * int array) list =
    case.Shapes
    |> List.mapFold
        (fun start (_, shape) ->
            let length = List.fold (*) 1 shape
            (shape, Array.init length ((+) start)), start + length)
        0
    |> fst

/// Returns the columns of matrices. A vector is one unit.
let private units (case: Case) : int array list =
    [ for shape, places in tensors case do
          match shape with
          | [ _; columns ] ->
              for column in 0 .. columns - 1 do
                  places |> Array.indexed |> Array.filter (fun (i, _) -> i % columns = column) |> Array.map snd
          | _ -> places ]

/// A law for clips that scale every group of elements down to the norm of its limit.
let private balls kind name statement source (limitOf: Subject -> float) (groups: Subject -> Case -> (int array * float) list) =
    Law.about [ kind ] "P25" name statement source (fun subject -> aroundLimit (limitOf subject) subject) (fun subject case ->
        let first, second, clip = clipped subject case
        let one, other = clip first, clip second
        let twice = clip one

        groups subject case
        |> List.tryPick (fun (places, limit) ->
            let of' (values: float array) = places |> Array.map (fun i -> values[i])
            let g, delta = of' first, of' one
            let length, came = norm g, norm delta
            let distance a b = norm (Array.map2 (-) a b)
            let before, behind = distance g (of' second), distance delta (of' other)
            let where = $"for g = {Case.vector g} with the limit {Case.number limit}: "

            firstOf
                [ fun () ->
                      expect (came <= limit * (1.0 + 1e-12)) (fun () ->
                          $"{where}expected ‖Δ‖ ≤ {Case.number limit}, got {Case.number came}")
                  fun () ->
                      expect (length > limit * (1.0 - 1e-12) || g = delta) (fun () ->
                          $"{where}expected no change, got {Case.vector delta}")
                  fun () ->
                      expect (length <= limit || came >= limit * (1.0 - 1e-9)) (fun () ->
                          $"{where}expected ‖Δ‖ = {Case.number limit}, got {Case.number came}")
                  fun () ->
                      expect (Array.forall2 (fun g d -> abs (d * length - g * came) <= 1e-9 * length * came) g delta) (fun () ->
                          $"{where}expected the same direction, got {Case.vector delta}")
                  fun () -> close 1e-12 [| delta |] [| of' twice |] |> Option.map (sprintf "%sclipped twice: %s" where)
                  fun () ->
                      expect (behind <= before * (1.0 + 1e-9) + 1e-12 * came) (fun () ->
                          $"{where}expected a distance of at most {Case.number before}, got {Case.number behind}") ]))
    |> Law.speaksOf (fun case -> case.Steps = 2)

let private limit (subject: Subject) = Subject.value "limit" subject
let private pascanu = "Pascanu, Mikolov & Bengio 2013, algorithm 1"

let private ball =
    balls
        Rules.clipNorm.Kind
        "clip to balls"
        "each tensor: ‖Δ‖ = min(‖g‖, c), a gradient within the limit stays, the direction is kept, clipping twice equals clipping once, two gradients never move further apart"
        pascanu
        limit
        (fun subject case -> [ for _, places in tensors case -> places, limit subject ])

let private globalBall =
    balls
        Rules.clipGlobalNorm.Kind
        "clip to a ball"
        "all tensors together: ‖Δ‖ = min(‖g‖, c), a gradient within the limit stays, the direction is kept, clipping twice equals clipping once, two gradients never move further apart"
        pascanu
        limit
        (fun subject case -> [ Array.init case.Length id, limit subject ])

let private adaptiveBalls =
    let limitOf (subject: Subject) (weights: float) = Subject.value "ratio" subject * max (Subject.value "eps" subject) weights

    balls
        Rules.clipAdaptive.Kind
        "clip to adaptive balls"
        "each unit: ‖Δ‖ = min(‖g‖, ratio max(‖w‖, ε)), a gradient within the limit stays, the direction is kept, clipping twice equals clipping once, two gradients never move further apart"
        "Brock et al. 2021, eq. 3"
        (fun subject -> limitOf subject 1.0)
        (fun subject case -> [ for places in units case -> places, limitOf subject (norm (places |> Array.map (fun i -> case.Start[i]))) ])

let all = [ box; ball; globalBall; adaptiveBalls ]
