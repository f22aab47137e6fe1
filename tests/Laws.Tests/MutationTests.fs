/// Defects are caught, each by the law that is there for it, and what is right in their place is not.
module CuteDl.Laws.Tests.MutationTests

open Expecto
open CuteDl.Core.Optimizers
open CuteDl.Laws
open CuteDl.Laws.Tests.Mutations

let private named (id: string, name: string) (report: LawReport) =
    report.Results |> Seq.find (fun result -> result.Id = id && result.Name = name)

let private caught (law: string * string) (report: LawReport) =
    let result = named law report
    Expect.equal result.Verdict Verdict.Broken $"{report}"
    Expect.isNotEmpty result.CounterExample "counter-example"
    Expect.isTrue report.IsBroken "report"
    Expect.throwsT<LawsBrokenException> report.ThrowIfBroken "thrown"

let private holds (law: string * string) (report: LawReport) = Expect.equal (named law report).Verdict Verdict.Held $"{report}"

let private own (rule: IPart) = Optimizer.ofRule "mine" rule

let private downhill = "P31", "downhill at first"
let private decayShrinks = "P16", "decay shrinks"
let private signs = "P15", "signs"
let private rectified = "P15", "rectified steps"
let private linear = "P32", "linear in the rate"
let private elements = "P23", "elements are independent"
let private finite = "P21", "finite steps"
let private saved = "P29", "saved and resumed"
let private among = "P28", "between the points"
let private box = "P25", "clip to a box"
let private balls = "P25", "clip to balls"
let private globalBall = "P25", "clip to a ball"
let private adaptiveBalls = "P25", "clip to adaptive balls"

/// A rule's defaults under another kind's claim.
let private claimed (claim: string) (part: IPart) =
    Laws.checkAs (Rules.known |> List.find (fun kind -> kind.Name = claim)) (own part)

let private wrongClip = { WrongClip.Limit = 1.0; Stretches = false; OfLargest = false }

/// The rule with another rate.
let private remade (make: float -> IPart) =
    LawOptions.Defaults.WithValue("lr", 0.01).WithRemake(fun _ value -> own (make value))

let tests =
    testList
        "mutations"
        [ testCase "a sign lost when the rate is missing" (fun () ->
              caught downhill (Laws.check (own { SignLost.LearningRate = None }))
              holds downhill (Laws.check (own { SignLost.LearningRate = Some 0.1 })))
          testCase "the means' weights swapped in Lion" (fun () ->
              caught signs (Laws.checkAs Rules.lion.Kind (own { SwappedLion.LearningRate = 1e-4; Beta1 = 0.9; Beta2 = 0.99 }))
              holds signs (Laws.checkAs Rules.lion.Kind (own { SwappedLion.LearningRate = 1e-4; Beta1 = 0.99; Beta2 = 0.9 })))
          testCase "the rate squared in RAdam's rectified steps" (fun () ->
              let radam isWrong = own { SquaredRate.LearningRate = 1e-3; IsWrong = isWrong }
              caught rectified (Laws.checkAs Rules.rAdam.Kind (radam true))
              holds rectified (Laws.checkAs Rules.rAdam.Kind (radam false)))
          testCase "the same, seen in what the rate does" (fun () ->
              let check isWrong =
                  let options = remade (fun rate -> { SquaredRate.LearningRate = rate; IsWrong = isWrong })
                  Laws.checkAsWith Rules.rAdam.Kind options (own { SquaredRate.LearningRate = 0.01; IsWrong = isWrong })

              caught linear (check true)
              holds linear (check false))
          testCase "climbing that turns decay round" (fun () ->
              caught decayShrinks (Laws.check (own { FlippedDecay.LearningRate = 0.1; WeightDecay = 0.5 }))
              caught decayShrinks (Laws.check (Expression.parse "l2(0.1) | fixed() | maximize()"))
              holds decayShrinks (Laws.check (Expression.parse "maximize() | l2(0.1) | fixed()")))
          testCase "a velocity that starts at g and takes it up again" (fun () ->
              let report = Laws.checkAs Rules.momentum.Kind (own { DoubleStart.LearningRate = 1e-4; Decay = 0.9 })
              caught ("P1", "constant gradient") report
              caught ("P22", "leading zeros") report)
          testCase "a count of steps that goes up for each tensor" (fun () ->
              caught elements (Laws.check (own { CountsTensors.LearningRate = 0.1; Decay = 0.9 })))
          testCase "μ multiplied in twice in NAdam" (fun () ->
              let nadam legacy = own { Rules.nAdam.Defaults with Legacy = legacy }
              caught ("P11", "NAdam's coefficients") (Laws.checkAs Rules.nAdam.Kind (nadam true))
              holds ("P11", "NAdam's coefficients") (Laws.checkAs Rules.nAdam.Kind (nadam false)))
          testCase "the root of v − m² without a clamp" (fun () ->
              caught finite (Laws.check (own { Unclamped.LearningRate = 0.01; Decay = 0.9 }))
              holds finite (Laws.check (Expression.parse "rmsprop(centered=true, decay=0.9)")))
          testCase "steps that a rule counts for itself" (fun () ->
              // One optimizer, as its user has it: its count goes on from run to run.
              caught saved (Laws.check (own (CountsItself 0.1)))
              caught ("P29", "pure and in place") (Laws.check (own (CountsItself 0.1)))
              holds saved (Laws.check (own { DoubleStart.LearningRate = 1e-4; Decay = 0.9 })))
          testCase "clips that are no projections" (fun () ->
              caught balls (claimed "clip_norm" { wrongClip with Stretches = true })
              caught balls (claimed "clip_norm" { wrongClip with OfLargest = true })
              holds balls (claimed "clip_norm" wrongClip)
              caught box (claimed "clip_value" { wrongClip with OfLargest = true })
              holds box (claimed "clip_value" { ClipValue.Limit = 1.0 }))
          testCase "clips of one kind in another's place" (fun () ->
              caught balls (claimed "clip_norm" { ClipGlobalNorm.Limit = 1.0 })
              caught globalBall (claimed "clip_global_norm" { ClipNorm.Limit = 1.0 })
              caught box (claimed "clip_value" { ClipNorm.Limit = 1.0 })
              caught balls (claimed "clip_norm" { ClipValue.Limit = 1.0 })
              caught adaptiveBalls (claimed "clip_adaptive" { ClipNorm.Limit = 0.01 })
              holds globalBall (claimed "clip_global_norm" { ClipGlobalNorm.Limit = 1.0 })
              holds adaptiveBalls (claimed "clip_adaptive" { ClipAdaptive.Ratio = 0.01; Epsilon = 1e-3 }))
          testCase "an average that starts at 0 and is not corrected" (fun () ->
              let behind isCorrected =
                  Optimizer.chain
                      [ Optimizer.create { Fixed.LearningRate = 0.1 }
                        own { MovingAverage.Decay = 0.9; IsCorrected = isCorrected } ]

              caught among (Laws.check (behind false))
              holds among (Laws.check (behind true))) ]
