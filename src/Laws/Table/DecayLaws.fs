/// Laws about weight decay and maximization.
module internal CuteDl.Laws.DecayLaws

open System
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Laws
open CuteDl.Laws.Generators
open CuteDl.Laws.Running

let private maximize = Expression.parse "maximize()"

let private climbing =
    { Law.general
          "P16"
          "maximizing"
          "the chain of maximize and an optimizer takes, at g, the step that the optimizer alone takes at −g, bit for bit"
          "PyTorch maximize"
          usual
          (fun subject case ->
              let turned = { case with Gradients = case.Gradients |> Array.map (Array.map (fun g -> 0.0 - g)) }
              same (deltas subject.Optimizer turned) (deltas (Optimizer.chain [ maximize; subject.Optimizer ]) case)) with
        MayBeExempt = false }

let private decaySign =
    { Law.general
          "P16"
          "decay shrinks"
          "at g = 0, the first step never moves parameters away from 0: ⟨Δ₁, w₀⟩ ≥ 0, for minimizing and for maximizing"
          "Loshchilov & Hutter 2019"
          (fun subject -> cases (shapes 8 subject) anywhere (Gen.constant 0.0) (1, 1) one)
          (fun subject case ->
              let delta = (deltas subject.Optimizer case)[0]
              let product = Array.fold2 (fun sum d w -> sum + d * w) 0.0 delta case.Start
              let size = Array.fold2 (fun sum d w -> sum + abs (d * w)) 0.0 delta case.Start
              expect (product >= -1e-9 * size) (fun () -> $"expected ⟨Δ₁, w₀⟩ ≥ 0, got Δ₁ = {Case.vector delta}")) with
        MayBeExempt = false }
    |> Law.unless (fun subject ->
        if Subject.has Rules.noise.Kind subject then
            Some "noise can move parameters in any direction"
        else
            None)

/// The two forms of weight decay: through the gradient, and decoupled.
let private decayForms =
    let factor = 0.5
    let plain = [ Rules.fixedRate.Kind; Rules.sgd.Kind ]

    let isPlain (subject: Subject) =
        List.exists (fun kind -> Subject.isOf kind subject) plain
        && Subject.tryValue "momentum" subject |> Option.forall ((=) 0.0)

    { Law.general
          "P16"
          "decay forms"
          "without momentum, L2 decay λ before the rule equals decoupled decay αλ after it"
          "Loshchilov & Hutter 2019, propositions 1 and 2"
          (fun subject -> cases (shapes 8 subject) anywhere nonZero (2, 8) one)
          (fun subject case ->
              let inFront = Optimizer.chain [ Optimizer.create { L2.Factor = factor }; subject.Optimizer ]

              let behind =
                  Optimizer.chain
                      [ subject.Optimizer
                        Optimizer.create { RuleKind<DecoupledDecay>.Of.Defaults with Factor = Subject.value "lr" subject * factor } ]

              close 1e-9 (deltas behind case) (deltas inFront case)) with
        AppliesTo = String.Join(", ", plain)
        Excuse = fun subject -> if isPlain subject then None else Some "holds only for plain gradient descent" }
    |> Law.unless (fun subject ->
        if (Subject.kinds subject).Length > 1 || Subject.isGroups subject then
            Some "concerns only single rules"
        elif (Subject.tryValue "lr" subject).IsNone then
            Some "it has no learning rate"
        elif not (Subject.schedules subject).IsEmpty then
            Some "concerns only constant arguments"
        else
            Subject.standsStill subject)
    |> Law.characteristic

let all = [ climbing; decaySign; decayForms ]
