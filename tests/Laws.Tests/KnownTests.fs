/// Every optimizer of the core, and what can be made of them, breaks no law.
module CuteDl.Laws.Tests.KnownTests

open Expecto
open CuteDl.Testing
open CuteDl.Core.Optimizers
open CuteDl.Laws

let private settings =
    [ "adagrad(lr_decay=0.1, initial=0.5, inside=true)"
      "adagrad(lr=0)"
      "rmsprop(centered=true, momentum=0.9)"
      "rmsprop(inside=true)"
      "adadelta(eps_delta=1e-4, lr=0.5)"
      "adadelta(inside=true)"
      "adam(correction=false)"
      "adam(inside=true)"
      "adam(lr=1, beta1=0.5, beta2=0.999, eps=0.1)"
      "adam(beta1=0.999, beta2=0.5)"
      "yogi(correction=true)"
      "adan(weight_decay=0.1)"
      "nadam(legacy=true)"
      "nadam(momentum_decay=0.1)"
      "radam(beta2=0.9)"
      "radam(beta2=0.5)"
      "adamax(beta1=0.99, beta2=0.9)"
      "ademamix(warmup=5, weight_decay=0.1)"
      "momentum(lr=1, decay=0.1)"
      "momentum(decay=0.999)"
      "momentum(decay=0.99999)"
      "sgd(momentum=0.9)"
      "sgd(momentum=0.9, nesterov=true)"
      "sgd(momentum=0.9, dampening=0.5)"
      "lion(weight_decay=1)"
      "lars(weight_decay=0.1)"
      "lamb(weight_decay=0.1)"
      "novograd(weight_decay=0.1)"
      "muon(weight_decay=0.1)"
      "dadapt_adam(weight_decay=0.1)"
      "prodigy(weight_decay=0.1)"
      "schedule_free_sgd(lr=0.1, beta=0.5, warmup=5)"
      "schedule_free_adamw(weight_decay=0.1, warmup=3)"
      "schedule_free_adamw(paper=true, weight_decay=0.1)"
      "schedule_free_adamw(warmup=3, r=1, power=1)"
      "schedule_free(beta=0.5, r=1, power=1)"
      "stable_adamw(weight_decay=0.1)"
      "adopt(clip=false)"
      "outer(k=2, momentum=0.5, nesterov=false)"
      "outer(k=1, lr=1, momentum=0)"
      "normalize(all=true)"
      "cautious(plus_one=true)"
      "trust_ratio(0.5, min_norm=1, eps=0.1)"
      "l2(0.1)"
      "decoupled(0.1)"
      "decoupled(0.1, rate_power=2, peak_rate=0.5)"
      "l1(0.1)"
      "accumulate(3)"
      "freeze(on=false)"
      "lookahead(k=1)"
      "lookahead(k=3, alpha=1)"
      "ema(debiased=false)"
      "swa(start=3, every=2)" ]

let private compositions =
    [ "clip_norm(1) | adam(lr=0.01)"
      "clip_global_norm(1) | l2(0.01) | momentum(lr=0.1) | ema(0.9)"
      "centralize() | adamw() | lookahead(k=3)"
      "maximize() | adam() | decoupled(0.01)"
      "adam() | cautious() | decoupled(0.1, rate_power=1)"
      "clip_value(0.5) | lamb() | cautious()"
      "{ \"*.bias\": adam(), \"*\": momentum() } | cautious()"
      "adam(lr=cosine(0.01, steps=20)) | decoupled(0.1, rate_power=2, peak_rate=0.01)"
      "adam(beta1=0) | schedule_free()"
      "normalize() | adam() | clip_update_rms() | trust_ratio()"
      "momentum(lr=0.1) | outer(k=3)"
      "accumulate(2) | sgd(lr=0.1, momentum=0.9)"
      "skip_non_finite() | rmsprop()"
      "noise(0.1) | sgd()"
      "fixed(lr=0.1) | adam()"
      "adam() | scale(0.5)"
      "adam(lr=cosine(0.01, steps=20))"
      "momentum(lr=warmup(5, exponential(0.1, factor=0.5, every=3)))"
      "{ \"*.bias\": sgd(lr=0.1), \"*\": adamw(lr=0.01) }"
      "{ \"*.bias\": adam(), \"*\": muon() }"
      "clip_global_norm(1) | { \"a*\": sgd(), \"?\": rmsprop(), \"*\": adam(lr=linear(0.1, steps=5)) }" ]

/// One of each kind, and what can be made of them.
let private schedules =
    [ "0.1"
      "step(0.1, every=3, factor=0.5)"
      "multi_step(0.1, 2, 5, 6, factor=0.5)"
      "exponential(0.1, factor=0.9)"
      "exponential(0.001, factor=1.2, every=4)"
      "inverse_time(0.1, rate=0.5, power=0.5)"
      "linear(0.1, steps=7, end=0.2)"
      "polynomial(0.1, steps=7, end=0.01, power=2)"
      "cosine(0.1, steps=8, end=0.01)"
      "warm_restarts(0.1, steps=3, growth=2, peak_factor=0.5)"
      "one_cycle(0.1, steps=20)"
      "one_cycle(0.1, steps=10, pct_start=0, anneal=linear)"
      "cyclic(0.01, max=0.1, up=3, down=5)"
      "cyclic(0.01, max=0.1, up=3, mode=triangular2)"
      "cyclic(0.01, max=0.1, up=4, mode=exp_range, gamma=0.9)"
      "wsd(0.1, warmup=3, stable=4, decay=5, end=0.01, start=0.02)"
      "linear_to_zero(0.1, steps=9, warmup=3)"
      "inverse_sqrt(0.1, warmup=4, timescale=9)"
      "rex(0.1, steps=8, end=0.01)"
      "noam(1, model_size=64, warmup=10)"
      "piecewise(0.1, 3, 0.2, 9, 0.01)"
      "piecewise(0.1, 3, 0.2, 9, 0.01, interpolation=linear)"
      "piecewise(0.1, 3, 0.2, 9, 0.01, interpolation=cosine)"
      "warmup(5, cosine(0.1, steps=10))"
      "join(linear(0.1, steps=5, end=0.2), 5, cosine(0.2, steps=10), 20, 0.01)"
      "product(linear(1, steps=10), cyclic(0.01, max=0.1, up=3))" ]

/// The run's cases and seed.
let private options (share: Share) =
    let coverage = Tier.current.Value
    LawOptions.Defaults.WithCases(share.Of coverage.Cases).WithSeed(int (coverage.Seed &&& 0x7fffffffUL))

/// The reports of all rules and transformations at their defaults, and of a schedule. Several tests read them.
let private reports =
    [ for name in "fixed(lr=cosine(0.1, steps=8))" :: [ for kind in Rules.known -> kind.Name ] ->
          name, lazy (Laws.checkWith (options Share.Whole) (Expression.parse name)) ]

let private breaksNothing (name: string, report: Lazy<LawReport>) = testCase name (fun () -> report.Value.ThrowIfBroken())

/// For optimizers made of rules that are all checked by themselves.
let private breaksNothingMade (name: string) =
    let share = Share.OneIn(5, "A case of each of the laws, for each of 80 optimizers.")
    testCase name (fun () -> (Laws.checkWith (options share) (Expression.parse name)).ThrowIfBroken())

/// The reports of all rules as if they were custom ones that claim to be what they are.
let private claims =
    let share = Share.OneIn(10, "A comparison with the library's rule takes 20 disturbed runs a case.")

    [ for kind in Rules.all -> kind.Name, lazy (Laws.checkAsWith kind (options share) (Optimizer.ofRule "mine" kind.Defaults)) ]

let private holdsAsClaim (name: string, report: Lazy<LawReport>) =
    testCase name (fun () ->
        Expect.equal report.Value.Claim name "claim"
        report.Value.ThrowIfBroken()

        for result in report.Value.Results do
            if result.Id = "P33" then
                Expect.equal result.Verdict Verdict.Held result.Name)

let private verdicts =
    lazy
        [ for name, report in reports @ claims do
              for result in report.Value.Results -> name, result ]

let private exempt id =
    [ for name, result in verdicts.Value do
          if result.Id = id && result.Verdict = Verdict.Exempt && result.CounterExample <> "" then
              name ]

let tests =
    testList
        "known optimizers"
        [ testList "break no law: rules and transformations" (List.map breaksNothing reports)
          testList "break no law: other settings" (List.map breaksNothingMade settings)
          testList "break no law: chains, groups and schedules" (List.map breaksNothingMade compositions)
          testList "break no law: every kind of schedule" [ for schedule in schedules -> breaksNothingMade $"fixed(lr={schedule})" ]
          testCase "every kind of schedule is among them" (fun () ->
              for kind in Schedules.all do
                  if kind.Name <> "constant" then
                      Expect.exists schedules (fun schedule -> schedule.StartsWith $"{kind.Name}(") kind.Name)
          testList "break no law as one's own rule that claims to be one" (List.map holdsAsClaim claims)
          testCase "every law holds for some optimizer" (fun () ->
              for struct (id, name, _, _, _) in Laws.known do
                  let holds =
                      verdicts.Value
                      |> List.exists (fun (_, result) -> result.Id = id && result.Name = name && result.Verdict = Verdict.Held)

                  Expect.isTrue holds $"{id} {name}")
          testCase "laws hold only for the kinds that they name" (fun () ->
              for struct (id, name, appliesTo, _, _) in Laws.known do
                  if not (appliesTo.StartsWith "any") then
                      let holders =
                          [ for optimizer, result in verdicts.Value do
                                if result.Id = id && result.Name = name && result.Verdict = Verdict.Held then
                                    optimizer ]

                      Expect.isNonEmpty holders $"{id} {name}"
                      Expect.containsAll (appliesTo.Split ", ") holders $"{id} {name}")
          testCase "all laws of the list are there" (fun () ->
              let ids = [ for struct (id, _, _, _, _) in Laws.known -> id ] |> List.distinct
              Expect.equal ids [ for n in 1..33 -> $"P{n}" ] "numbers")
          testCase "the adaptive rules do break the laws of the linear ones" (fun () ->
              Expect.containsAll (exempt "P5") [ "adagrad"; "rmsprop"; "adadelta"; "adam"; "adamw"; "lion"; "yogi"; "noise" ] "rotation"
              Expect.containsAll (exempt "P16") [ "adam"; "adamw"; "rmsprop"; "adagrad" ] "decay forms"
              Expect.containsAll (exempt "P22") [ "adam"; "nadam"; "lookahead"; "schedule_free_sgd" ] "zeros in front"
              Expect.containsAll (exempt "P23") [ "lars"; "lamb"; "clip_norm"; "adafactor"; "muon"; "skip_non_finite" ] "elements"
              Expect.containsAll (exempt "P9") [ "fixed"; "momentum"; "radam"; "adabelief"; "clip_value" ] "scale") ]
