/// Random schedules of every kind.
module CuteDl.Core.Tests.ScheduleSamples

open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators

/// Short enough for whole walks.
let steps: Gen<int64> = Gen.choose (1, 60) |> Gen.map int64

let rates: Gen<float> = Gen.frequency [ 1, Gen.constant 0.0; 8, logUniform 1e-6 10.0 ]

/// Not 0.
let positiveRates: Gen<float> = logUniform 1e-6 10.0

/// A value and a lower one.
let falling: Gen<float * float> =
    Gen.map2 (fun value share -> value, value * share) positiveRates (Gen.oneof [ Gen.constant 0.0; uniform 0.0 1.0 ])

/// Factors that lower.
let factors: Gen<float> = uniform 0.05 0.999

let anneals: Gen<Anneal> = Gen.elements [ Anneal.Cosine; Anneal.Linear ]

/// Steps from 1 on, each above the one before.
let ascending (least: int) (most: int) : Gen<int64 list> =
    gen {
        let! count = Gen.choose (least, most)
        let! gaps = Gen.listOfLength count steps
        return List.scan (+) 0L gaps |> List.tail
    }

let private at (parts: Gen<'part>) : Gen<(StepCount * 'part) list> =
    gen {
        let! starts = ascending 0 4
        let! parts = Gen.listOfLength starts.Length parts
        return List.zip (List.map Steps starts) parts
    }

let private curve (make: float * StepCount * float -> Schedule) : Gen<Schedule> =
    Gen.map3 (fun value steps ending -> make (value, Steps steps, ending)) rates steps rates

let warmRestarts: Gen<Schedule> =
    gen {
        let! value, ending = falling
        let! steps = steps
        let! growth = Gen.choose (1, 4)
        let! peakFactor = Gen.oneof [ Gen.constant 1.0; uniform 0.1 1.0 ]
        return Schedule.WarmRestarts(value, Steps steps, ending, int64 growth, peakFactor)
    }

let oneCycle: Gen<Schedule> =
    gen {
        let! peak = positiveRates
        let! steps = steps
        let! pctStart = Gen.oneof [ Gen.elements [ 0.0; 0.3; 1.0 ]; uniform 0.0 1.0 ]
        let! divFactor = Gen.oneof [ Gen.constant 25.0; uniform 1.0 100.0 ]
        let! finalDivFactor = Gen.oneof [ Gen.constant 1e4; logUniform 1.0 1e5 ]
        let! anneal = anneals
        return Schedule.OneCycle(peak, Steps steps, pctStart, divFactor, finalDivFactor, anneal)
    }

let cyclicModes: Gen<CyclicMode> =
    Gen.oneof
        [ Gen.elements [ CyclicMode.Triangular; CyclicMode.Triangular2; CyclicMode.ExponentialRange 1.0 ]
          uniform 0.9 1.0 |> Gen.map CyclicMode.ExponentialRange ]

let cyclic: Gen<Schedule> =
    gen {
        let! max, baseValue = falling
        let! up = steps
        let! down = Gen.oneof [ Gen.constant up; steps ]
        let! mode = cyclicModes
        return Schedule.Cyclic(baseValue, max, Steps up, Steps down, mode)
    }

let wsd: Gen<Schedule> =
    gen {
        let! value, ending = Gen.two rates
        let! start = Gen.oneof [ Gen.constant 0.0; rates ]
        let! warmup = Gen.oneof [ Gen.constant 0L; steps ]
        let! stable = Gen.oneof [ Gen.constant 0L; steps ]
        let! decay = steps
        return Schedule.Wsd(value, Steps warmup, Steps stable, Steps decay, ending, start)
    }

let linearToZero: Gen<Schedule> =
    Gen.map3
        (fun value warmup steps -> Schedule.LinearToZero(value, Steps(warmup + steps), Steps warmup))
        rates
        (Gen.oneof [ Gen.constant 0L; steps ])
        steps

let inverseSqrt: Gen<Schedule> =
    Gen.map3
        (fun value warmup timescale -> Schedule.InverseSqrt(value, Steps warmup, Steps(Option.defaultValue warmup timescale)))
        rates
        steps
        (Gen.oneof [ Gen.constant None; Gen.map Some steps ])

let piecewise: Gen<Schedule> =
    Gen.map3
        (fun value values interpolation -> Schedule.Piecewise(value, values, interpolation))
        rates
        (at rates)
        (Gen.oneof [ Gen.constant Interpolation.Constant; Gen.map Interpolation.Anneal anneals ])

/// By the name of the kind: those without parts.
let simple: (string * Gen<Schedule>) list =
    [ "constant", Gen.map Schedule.Constant rates
      "step", Gen.map3 (fun value every factor -> Schedule.Step(value, Steps every, factor)) rates steps (logUniform 0.01 3.0)
      "multi_step",
      Gen.map3
          (fun value milestones factor -> Schedule.MultiStep(value, List.map Steps milestones, factor))
          rates
          (ascending 0 5)
          (logUniform 0.01 3.0)
      "exponential",
      Gen.map3
          (fun value factor every -> Schedule.Exponential(value, factor, Steps every))
          rates
          (logUniform 0.5 1.5)
          (Gen.oneof [ Gen.constant 1L; steps ])
      "inverse_time",
      Gen.map3
          (fun value rate power -> Schedule.InverseTime(value, rate, power))
          rates
          rates
          (Gen.oneof [ Gen.constant 1.0; uniform 0.0 3.0 ])
      "linear", curve Schedule.Linear
      "polynomial",
      Gen.map2
          (fun (value, steps, ending) power -> Schedule.Polynomial(value, Steps steps, ending, power))
          (Gen.zip3 rates steps rates)
          (Gen.oneof [ Gen.constant 1.0; uniform 0.2 4.0 ])
      "cosine", curve Schedule.Cosine
      "warm_restarts", warmRestarts
      "one_cycle", oneCycle
      "cyclic", cyclic
      "wsd", wsd
      "linear_to_zero", linearToZero
      "inverse_sqrt", inverseSqrt
      "rex", curve Schedule.Rex
      "noam", Gen.map3 (fun scale modelSize warmup -> Schedule.Noam(scale, modelSize, Steps warmup)) rates steps steps
      "piecewise", piecewise ]

/// By the name of the kind: those with parts, the parts from a generator.
let composed (parts: Gen<Schedule>) : (string * Gen<Schedule>) list =
    [ "warmup",
      Gen.map3
          (fun steps schedule start -> Schedule.Warmup(Steps steps, schedule, start))
          (Gen.oneof [ Gen.constant 0L; steps ])
          parts
          rates
      "join", Gen.map2 (fun first next -> Schedule.Join(first, next)) parts (at parts)
      "product",
      Gen.map2 (fun first others -> Schedule.Product(first, others)) parts (Gen.choose (0, 2) |> Gen.bind (Gen.listOfLength >> (|>) parts)) ]

let private ofAny (kinds: (string * Gen<Schedule>) list) : Gen<Schedule> = Gen.oneof [ for _, schedules in kinds -> schedules ]

/// By the name of the kind; parts are up to two deep.
let byKind: (string * Gen<Schedule>) list =
    let flat = ofAny simple
    simple @ composed (Gen.frequency [ 2, flat; 1, ofAny (composed flat) ])

/// Of any kind.
let any: Gen<Schedule> = ofAny byKind

/// The values at the first steps.
let walk (count: int) (schedule: Schedule) : float array = Array.init count (fun t -> Schedule.at schedule (int64 t))

let sameBits (actual: float array) (expected: float array) (what: string) = Precision.expectSameBits Precision.double actual expected what
