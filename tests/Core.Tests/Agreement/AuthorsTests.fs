/// Newer rules and transformations against numbers from the code of their authors. A wrapper of theirs is a transformation after a rule.
module CuteDl.Core.Tests.AuthorsTests

open System
open Expecto
open CuteDl.Core.Optimizers

/// The learning rate of the three kinds of decay: up to 0.01 in ten steps, then down to a tenth of it.
let private upAndDown = "join(linear(0.001, steps=9, end=0.01), 9, linear(0.01, steps=90, end=0.001))"

/// The name of each configuration, and our text form.
let configurations: (string * string) list =
    [ "nadamw", "nadamw(lr=0.01, weight_decay=0.03)"
      "nadamw_no_decay", "nadamw(lr=0.01, weight_decay=0)"
      "stable_adamw", "stable_adamw(lr=0.01)"
      "stable_adamw_no_decay", "stable_adamw(lr=0.01, beta2=0.999, eps=0.3, weight_decay=0)"
      "adopt", "adopt(lr=0.01)"
      "adopt_no_clip", "adopt(lr=0.01, clip=false)"
      // The authors' first call does not decay.
      "adopt_decoupled_decay", "adopt(lr=0.01) | decoupled(piecewise(0, 1, 0.03), rate_power=1)"
      "adopt_l2", "l2(0.02) | adopt(lr=0.01, eps=0.3)"
      "laprop", "laprop(lr=0.01)"
      // The authors decay after the step, without the learning rate: (1 − λ) (w − Δ).
      "laprop_decay", "laprop(lr=0.01, eps=0.001) | scale(0.9997) | decoupled(0.0003)"

      "cautious_adamw", "adam(lr=0.01, beta2=0.999, eps=1e-6) | cautious() | decoupled(0.03, rate_power=1)"
      "cautious_lion", "lion(lr=0.001, beta1=0.95, beta2=0.98) | cautious(plus_one=true)"
      "cautious_lion_decay", "lion(lr=0.001, beta1=0.95, beta2=0.98) | cautious(plus_one=true) | decoupled(0.1, rate_power=1)"

      "adamw_corrected_decay", $"adam(lr={upAndDown}, beta2=0.999) | decoupled(0.5, rate_power=2, peak_rate=0.01)"
      "adamw_independent_decay", $"adam(lr={upAndDown}, beta2=0.999) | decoupled(0.005, rate_power=1, peak_rate=0.01)"
      "adamw_fixed_decay", $"adam(lr={upAndDown}, beta2=0.999) | decoupled(0.005)"

      "normalized_sgd_all_tensors", "normalize(all=true) | sgd(lr=0.01)"
      "normalized_sgd_each_tensor", "normalize() | sgd(lr=0.01, momentum=0.9)"
      "adam_trust_ratio", "adam(lr=0.01, beta2=0.999) | trust_ratio()"
      "adam_trust_ratio_options", "adam(lr=0.01, beta2=0.999) | trust_ratio(0.5, min_norm=2.5, eps=0.001)"

      "lookahead_adam", "adam(lr=0.01, beta2=0.999) | lookahead(5)"
      "lookahead_adam_alpha", "adam(lr=0.01, beta2=0.999) | lookahead(7, alpha=0.8)"
      "outer_nesterov_over_sgd", "sgd(lr=0.01) | outer(5)"
      "outer_nesterov_over_momentum_sgd", "sgd(lr=0.01, momentum=0.9) | outer(7)"

      "schedule_free_adamw", "schedule_free_adamw(lr=0.01)"
      "schedule_free_adamw_warmup", "schedule_free_adamw(lr=0.01, weight_decay=0.02, warmup=10)"
      "schedule_free_adamw_weights", "schedule_free_adamw(lr=0.01, warmup=15, r=2, power=1)"
      "schedule_free_adamw_paper", "schedule_free_adamw(lr=0.01, eps=0.001, weight_decay=0.02, warmup=10, paper=true)"
      "schedule_free_adamw_inner_momentum",
      "adam(lr=linear(0.002, steps=4, end=0.01), beta2=0.999) | decoupled(0.02, rate_power=1) | schedule_free()"
      "schedule_free_sgd", "schedule_free_sgd(lr=0.05)"
      "schedule_free_sgd_warmup", "sgd(lr=linear(0.005, steps=9, end=0.05)) | decoupled(0.02, rate_power=1) | schedule_free(r=1)"
      "schedule_free_wrapper_momentum_sgd", "sgd(lr=0.01, momentum=0.5) | schedule_free()"
      "schedule_free_wrapper_momentum_sgd_decay", "sgd(lr=0.01, momentum=0.9) | decoupled(0.02, rate_power=1) | schedule_free(r=1)" ]

let private layout = Layout.OfShapes [ "matrix", [ 3; 4 ]; "vector", [ 5 ] ]

/// Relative, with a floor on the size of an element, as the file was checked.
let private expectClose (what: string) (actual: float array) (expected: float array) =
    Array.iteri2 (fun i a b -> Close.within (1e-10 * max 1e-3 (abs b)) a b $"{what}, element {i}") actual expected

/// The averages of the parameters, or the slow weights.
let private averages (optimizer: Optimizer) (state: State<float>) (w: float array) : float array =
    match state.SlotNames |> List.tryFind _.EndsWith("slow", StringComparison.Ordinal) with
    | Some slow -> state[slow].ToArray()
    | None -> Optimizer.averaged optimizer state (ReadOnlySpan w)

let private agrees (name: string, text: string) =
    testCase $"{name} agrees to 1e-10 at every recorded step" (fun () ->
        let reference = Reference.authors.Value
        let recorded = Map reference.ParametersAfter[name]
        let averaged = reference.AveragedAfter.TryFind name |> Option.defaultValue [] |> Map
        let optimizer = Expression.parse text
        let state = Optimizer.initFor<float> optimizer layout
        let w = Array.copy reference.Initial

        reference.Gradients
        |> Array.iteri (fun i g ->
            let t = i + 1
            Optimizer.stepInPlace optimizer state (Span w) (ReadOnlySpan g)
            recorded.TryFind t |> Option.iter (expectClose $"parameters after step {t}" w)

            averaged.TryFind t
            |> Option.iter (expectClose $"averages after step {t}" (averages optimizer state w)))

        Expect.equal (List.ofSeq recorded.Keys) [ 1; 3; 13; 50; 100 ] "recorded steps"
        Expect.equal reference.Gradients.Length 100 "steps")

let private complete =
    test "every configuration of the file is compared" {
        Expect.equal (configurations |> List.map fst |> Set) (Reference.authors.Value.ParametersAfter.Keys |> Set) "names"
    }

let tests = testList "rules of authors" (complete :: List.map agrees configurations)
