/// PyTorch's schedules: the rate before each of 60 steps.
module CuteDl.Core.Tests.PyTorchScheduleTests

open Expecto
open CuteDl.Core.Optimizers

/// The same schedules in our text form; the base rate is 0.1.
let private schedules: (string * string) list =
    [ "step(size=10,gamma=0.5)", "step(0.1, every=10, factor=0.5)"
      "multistep(5,20,40;0.1)", "multi_step(0.1, 5, 20, 40, factor=0.1)"
      "exponential(0.95)", "exponential(0.1, factor=0.95)"
      // PyTorch's goes on as a wave where others stay at the end.
      "cosine(T=50,min=0.001)", "join(cosine(0.1, steps=50, end=0.001), 50, cosine(0.001, steps=50, end=0.1))"
      "warm_restarts(T0=7,mult=2,min=0.001)", "warm_restarts(0.1, steps=7, growth=2, end=0.001)"
      "linear(0.2->1 over 15)", "linear(0.02, steps=15, end=0.1)"
      "constant(0.3 for 12)", "product(piecewise(0.3, 12, 1), 0.1)"
      "polynomial(T=40,power=2)", "polynomial(0.1, steps=40, power=2)"
      "one_cycle(max=0.5,total=61)", "one_cycle(0.5, steps=61)"
      "one_cycle_linear(max=0.5,total=61)", "one_cycle(0.5, steps=61, anneal=linear)"
      "cyclic_triangular(0.01..0.1,up=8)", "cyclic(0.01, max=0.1, up=8)"
      "cyclic_triangular2(0.01..0.1,up=8)", "cyclic(0.01, max=0.1, up=8, mode=triangular2)" ]

let private plateauName = "plateau(factor=0.5,patience=3)"

let private agrees (name: string) (rateAt: int -> float) =
    let expected = Reference.pyTorch.Value.Schedules[name]
    Expect.equal expected.Length 60 "steps"
    expected |> Array.iteri (fun t rate -> Close.relative 1e-10 (rateAt t) rate $"step {t}")

let tests =
    testList
        "PyTorch schedules"
        [ for name, text in schedules do
              testCase $"{name} agrees to 1e-10 at every step" (fun () ->
                  let schedule = Schedule.parse text
                  agrees name (fun t -> Schedule.at schedule (int64 t)))
          // The same line, as a warm-up.
          testCase "linear(0.2->1 over 15) agrees as a warm-up, too" (fun () ->
              let schedule = Schedule.parse "warmup(15, 0.1, start=0.02)"
              agrees "linear(0.2->1 over 15)" (fun t -> Schedule.at schedule (int64 t)))
          testCase $"{plateauName} agrees to 1e-10 at every step" (fun () ->
              Expect.stringContains
                  Reference.pyTorch.Value.ScheduleNote
                  "before each of 60 steps, base lr 0.1; the plateau metric at step k is |(7k mod 13) - 6| + 100/(k+1)"
                  "what the file says of its plateau"

              let plateau = Plateau.parse "plateau(0.1, factor=0.5, patience=3)"
              let metric k = abs (float (7 * k % 13) - 6.0) + 100.0 / float (k + 1)

              let states =
                  [| 0..59 |] |> Array.scan (fun state k -> Plateau.observe plateau state (metric k)) Plateau.initial

              agrees plateauName (fun t -> Plateau.value plateau states[t]))
          testCase "all of them are compared" (fun () ->
              let compared = plateauName :: List.map fst schedules
              Expect.equal (set compared) (set Reference.pyTorch.Value.Schedules.Keys) "names") ]
