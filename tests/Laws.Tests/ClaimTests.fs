/// A rule that claims to be of a kind takes the steps of the library's rule.
module CuteDl.Laws.Tests.ClaimTests

open Expecto
open CuteDl.Testing
open CuteDl.Core.Optimizers
open CuteDl.Laws
open CuteDl.Laws.Tests.Transcriptions
open CuteDl.Laws.Tests.Impostors

let private isOracle (result: LawResult) = result.Id = "P33"

let private oracle (report: LawReport) = report.Results |> Seq.filter isOracle |> Seq.toList

/// The run's seed, and enough cases for a claim.
let private options (share: Share) =
    let coverage = Tier.current.Value
    LawOptions.Defaults.WithCases(share.Of coverage.Cases).WithSeed(int (coverage.Seed &&& 0x7fffffffUL))

let private own (rule: IPart) = Optimizer.ofRule "mine" rule

let private transcriptions: (RuleKind * IPart) list =
    let adam = Rules.adam.Defaults
    let adamW = Rules.adamW.Defaults
    let lion = Rules.lion.Defaults
    let rAdam = Rules.rAdam.Defaults
    let lamb = Rules.lamb.Defaults

    [ Rules.adam.Kind,
      { TorchAdam.LearningRate = adam.LearningRate
        Beta1 = adam.Beta1
        Beta2 = adam.Beta2
        Epsilon = adam.Epsilon }
      Rules.adam.Kind,
      { ProductAdam.LearningRate = adam.LearningRate
        Beta1 = adam.Beta1
        Beta2 = adam.Beta2
        Epsilon = adam.Epsilon }
      Rules.adamW.Kind,
      { ShrinkingAdamW.LearningRate = adamW.LearningRate
        Beta1 = adamW.Beta1
        Beta2 = adamW.Beta2
        Epsilon = adamW.Epsilon
        WeightDecay = adamW.WeightDecay }
      Rules.momentum.Kind,
      { MeanMomentum.LearningRate = Rules.momentum.Defaults.LearningRate
        Decay = Rules.momentum.Defaults.Decay }
      Rules.adadelta.Kind, { LateAdadelta.Decay = Rules.adadelta.Defaults.Decay; Epsilon = Rules.adadelta.Defaults.Epsilon }
      Rules.lion.Kind, { ComparingLion.LearningRate = lion.LearningRate; Beta1 = lion.Beta1; Beta2 = lion.Beta2 }
      Rules.rAdam.Kind,
      { DividingRAdam.LearningRate = rAdam.LearningRate
        Beta1 = rAdam.Beta1
        Beta2 = rAdam.Beta2
        Epsilon = rAdam.Epsilon }
      Rules.lamb.Kind,
      { SummingLamb.LearningRate = lamb.LearningRate
        Beta1 = lamb.Beta1
        Beta2 = lamb.Beta2
        Epsilon = lamb.Epsilon } ]

let private holds (kind: RuleKind) (options: LawOptions) (optimizer: Optimizer) =
    let report = Laws.checkAsWith kind options optimizer
    report.ThrowIfBroken()

    for result in oracle report do
        Expect.equal result.Verdict Verdict.Held result.Name

let private transcribed (kind: RuleKind, rule: IPart) =
    testCase $"{rule.GetType().Name} as {kind}" (fun () ->
        // All laws are checked, so the long tier has 1,000 cases of each.
        let coverage = options Share.Whole
        holds kind (coverage.WithCases(min 1000 coverage.Cases)) (own rule))

let private transcribedLong (kind: RuleKind, rule: IPart) =
    longTest "It takes 5,000 steps with 20 runs." $"{rule.GetType().Name} as {kind}" (fun () ->
        holds kind ((options (Share.OneIn(100, "The short cases are checked elsewhere."))).WithLongRun 5000) (own rule))

/// Transcriptions with other values, which the options give.
let private otherValues =
    [ for beta1, beta2, epsilon in [ 0.9, 0.999, 1e-8; 0.5, 0.9, 1e-3; 0.0, 0.5, 1e-10; 0.99, 0.9999, 1e-15 ] do
          testCase $"Adam with β₁ {beta1}, β₂ {beta2}, ε {epsilon}" (fun () ->
              let given =
                  [ "lr", 0.3; "beta1", beta1; "beta2", beta2; "eps", epsilon ]
                  |> List.fold
                      (fun (options: LawOptions) (name, value) -> options.WithValue(name, value))
                      (options (Share.OneIn(4, "All laws are checked for each of four settings.")))

              let torch: TorchAdam = { LearningRate = 0.3; Beta1 = beta1; Beta2 = beta2; Epsilon = epsilon }

              let product: ProductAdam = { LearningRate = 0.3; Beta1 = beta1; Beta2 = beta2; Epsilon = epsilon }

              holds Rules.adam.Kind (given.WithCases(min 1000 given.Cases)) (own torch)
              holds Rules.adam.Kind (given.WithCases(min 1000 given.Cases)) (own product)) ]

/// A rule is caught by the comparison with the library's rule.
let private caught (name: string) (kind: RuleKind) (rule: IPart) =
    testCase name (fun () ->
        let report = Laws.checkAs kind (own rule)
        let broken = oracle report |> List.filter (fun result -> result.Verdict = Verdict.Broken)
        Expect.isNonEmpty broken $"{report}"
        Expect.throwsT<LawsBrokenException> report.ThrowIfBroken "thrown")

let private adam = Rules.adam.Defaults
let private momentum = Rules.momentum.Defaults

let private shifted (rule: IRule) (later: IRule) (after: int64) (shift: int64) : IPart =
    { Rule = rule; Later = later; After = after; Shift = shift }

let private asAdam =
    testList
        "adam"
        [ caught "β₁ and β₂ swapped" Rules.adam.Kind { adam with Beta1 = adam.Beta2; Beta2 = adam.Beta1 }
          caught "β₂ of 0.999 for 0.99" Rules.adam.Kind { adam with Beta2 = 0.999 }
          caught "gradients clipped at 10,000" Rules.adam.Kind { First = { ClipValue.Limit = 1e4 }; Second = adam }
          caught
              "AMSGrad"
              Rules.adam.Kind
              { AmsGrad.LearningRate = adam.LearningRate
                Beta1 = adam.Beta1
                Beta2 = adam.Beta2
                Epsilon = adam.Epsilon }
          caught "correction off by one after 1,000 steps" Rules.adam.Kind (shifted adam adam 1000L -1L)
          caught "rate doubled after 30 steps" Rules.adam.Kind (shifted adam { adam with LearningRate = 2.0 * adam.LearningRate } 30L 0L)
          caught "one per cent more in single precision" Rules.adam.Kind { First = adam; Second = MoreInSingle() } ]

let private asAdamW =
    testList
        "adamw"
        [ caught "no weight decay" Rules.adamW.Kind { Rules.adamW.Defaults with WeightDecay = 0.0 }
          caught "fixed" Rules.adamW.Kind { Fixed.LearningRate = Rules.adamW.Defaults.LearningRate } ]

let private asAdadelta =
    testList
        "adadelta"
        [ for kind in [ Rules.fixedRate.Kind; Rules.adagrad.Kind; Rules.rmsProp.Kind; Rules.lion.Kind; Rules.rprop.Kind ] ->
              caught kind.Name Rules.adadelta.Kind kind.Defaults ]

let private asMomentum =
    testList
        "momentum"
        [ caught
              "rate times 1.1 after 30 steps"
              Rules.momentum.Kind
              (shifted momentum { momentum with LearningRate = 1.1 * momentum.LearningRate } 30L 0L) ]

/// Claims that hold although the kinds differ, each with the reason. The claim has the values that the rule describes, else its defaults.
let private equals: (RuleKind * RuleKind * string) list =
    [ Rules.sgd.Kind, Rules.fixedRate.Kind, "sgd without momentum is gradient descent"
      Rules.fixedRate.Kind, Rules.sgd.Kind, "sgd without momentum is gradient descent" ]

let private areEqual (rule: RuleKind) (claim: RuleKind) =
    equals
    |> List.exists (fun (first, second, _) -> obj.ReferenceEquals(first, rule) && obj.ReferenceEquals(second, claim))

/// Rules with values that make them equal to another kind, each with the values of the claim and the reason.
let private equalWith: (IPart * RuleKind * (string * float) list * string) list =
    [ Rules.momentum.Defaults,
      Rules.sgd.Kind,
      [ "lr", Rules.momentum.Defaults.LearningRate; "momentum", Rules.momentum.Defaults.Decay ],
      "at a constant learning rate, its place does not matter"
      Rules.nesterov.Defaults,
      Rules.sgd.Kind,
      [ "momentum", Rules.nesterov.Defaults.Decay; "nesterov", 1.0 ],
      "at a constant learning rate, its place does not matter"
      { Rules.lion.Defaults with Beta2 = Rules.lion.Defaults.Beta1 },
      Rules.signum.Kind,
      [],
      "lion with equal decays takes the sign of one mean"
      { Rules.adamW.Defaults with WeightDecay = 0.0 },
      Rules.adam.Kind,
      [ "lr", Rules.adamW.Defaults.LearningRate; "beta2", Rules.adamW.Defaults.Beta2 ],
      "without weight decay, adamw is adam"
      { Rules.rmsProp.Defaults with Centered = true }, Rules.rmsProp.Kind, [ "centered", 1.0 ], "the same rule with a flag" ]

/// Holds if the claim breaks a law, or is in the list.
let private matrixEntry (cases: int) (rule: RuleKind) (claim: RuleKind) =
    let report =
        Laws.checkAsWith claim (LawOptions.Defaults.WithCases(cases).WithLongRun 100) (Optimizer.ofKind rule)

    Expect.equal report.IsBroken (not (areEqual rule claim)) $"{rule} as {claim}\n{report}"

let private pairs =
    [ for rule in Rules.all do
          for claim in Rules.all do
              if not (obj.ReferenceEquals(rule, claim)) then
                  rule, claim ]

let private matrix =
    testList
        "no rule passes as another kind"
        [ testCase "each rule as the next kind" (fun () ->
              for rule, claim in List.pairwise (Rules.all @ [ Rules.all.Head ]) do
                  matrixEntry 5 rule claim)
          testCase "rules that are equal with these values" (fun () ->
              for rule, claim, _ in equals do
                  matrixEntry 50 rule claim

              for rule, claim, values, reason in equalWith do
                  let given =
                      values
                      |> List.fold
                          (fun (options: LawOptions) (name, value) -> options.WithValue(name, value))
                          (LawOptions.Defaults.WithCases 20)

                  let report = Laws.checkAsWith claim given (own rule)
                  Expect.isFalse report.IsBroken $"{reason}: {report}"
                  Expect.isTrue (Laws.checkAsWith Rules.adagrad.Kind given (own rule)).IsBroken reason)
          longTest "It checks more than a thousand claims." "each rule as each other kind" (fun () ->
              for rule, claim in pairs do
                  matrixEntry 10 rule claim) ]

let private verdict (id: string) (report: LawReport) = (report.Results |> Seq.find (fun result -> result.Id = id)).Verdict

let private ownAdam = RuleKind<OwnAdam>.Of

let private described =
    testList
        "a rule that describes itself"
        [ testCase "has its values compared" (fun () ->
              let settings = { ownAdam.Defaults with LearningRate = 0.3; Beta1 = 0.5; Beta2 = 0.7; Epsilon = 0.01 }

              holds Rules.adam.Kind (LawOptions.Defaults.WithCases 20) (Optimizer.create settings)
              // The options' value does not replace a described one.
              holds Rules.adam.Kind (LawOptions.Defaults.WithCases(20).WithValue("lr", 7.0)) (Optimizer.create settings)
              let wrong = Laws.checkAs Rules.adam.Kind (Optimizer.create { settings with EpsilonIsConstant = true })
              Expect.equal (verdict "P33" wrong) Verdict.Broken "another ε")
          testCase "has its schedules compared" (fun () ->
              let scheduled =
                  Optimizer.schedule "lr" (Schedule.parse "linear(0.1, steps=20)") (Optimizer.create ownAdam.Defaults)

              holds Rules.adam.Kind (LawOptions.Defaults.WithCases 20) scheduled)
          testCase "has arguments that laws change: scale and learning rate" (fun () ->
              let report = Laws.checkAs Rules.adam.Kind (Optimizer.create ownAdam.Defaults)
              Expect.equal (verdict "P9" report) Verdict.Held $"{report}"
              Expect.equal (verdict "P32" report) Verdict.Held $"{report}"
              let report = Laws.check (Optimizer.create ownAdam.Defaults)
              Expect.equal (verdict "P9" report) Verdict.Held $"{report}"
              Expect.equal (verdict "P32" report) Verdict.Held $"{report}"

              let constant = { ownAdam.Defaults with RateIsConstant = true }
              Expect.equal (verdict "P32" (Laws.checkAs Rules.adam.Kind (Optimizer.create constant))) Verdict.Broken "rate"

              let constant = { ownAdam.Defaults with EpsilonIsConstant = true }
              Expect.equal (verdict "P9" (Laws.checkAs Rules.adam.Kind (Optimizer.create constant))) Verdict.Broken "ε")
          testCase "has arguments that laws change in a chain too" (fun () ->
              let chained (rule: Optimizer) = Laws.check (Optimizer.chain [ rule; Expression.parse "scale(0.5)" ])
              let report = chained (Optimizer.create ownAdam.Defaults)
              Expect.equal (verdict "P9" report) Verdict.Held $"{report}"
              Expect.equal (verdict "P32" report) Verdict.Held $"{report}"

              for constant in
                  [ { ownAdam.Defaults with RateIsConstant = true }
                    { ownAdam.Defaults with EpsilonIsConstant = true } ] do
                  let report = chained (Optimizer.create constant)

                  Expect.isTrue
                      (report.Results
                       |> Seq.exists (fun result -> result.Verdict = Verdict.Exempt && result.CounterExample <> ""))
                      "found"

                  Expect.isFalse report.IsBroken "a custom rule need not scale"

              Expect.isFalse (chained (own momentum)).IsBroken "a rule that does not describe itself")
          testCase "is compared from C# as an optimizer of the facade" (fun () ->
              let source =
                  { new CuteDl.IOptimizerSource with
                      member _.Optimizer = Optimizer.create { ownAdam.Defaults with LearningRate = 0.3 } }

              let report = LawChecker.CheckAs(source, "adam", LawChecker.DefaultOptions.WithCases 20)
              report.ThrowIfBroken()
              Expect.equal (verdict "P33" report) Verdict.Held $"{report}")
          testCase "is not compared without a claim" (fun () ->
              let report = Laws.check (Optimizer.create ownAdam.Defaults)
              Expect.all (oracle report) (fun result -> result.Verdict = Verdict.Exempt && result.Cases = 0) $"{report}") ]

let private values =
    testCase "the options give the values of a rule that does not describe itself" (fun () ->
        let rule = own { adam with LearningRate = 0.5 }
        holds Rules.adam.Kind (LawOptions.Defaults.WithCases(20).WithValue("lr", 0.5)) rule
        Expect.equal (verdict "P33" (Laws.checkAsWith Rules.adam.Kind (LawOptions.Defaults.WithCases 20) rule)) Verdict.Broken "default")

let tests =
    testList
        "claims"
        [ testList "transcriptions of other hands hold" (List.map transcribed transcriptions)
          testList "transcriptions of other hands hold with other values" otherValues
          testList "transcriptions of other hands hold for 5,000 steps" (List.map transcribedLong transcriptions)
          testList "what is almost a kind breaks its claim" [ asAdam; asAdamW; asAdadelta; asMomentum ]
          matrix
          described
          values ]
