/// Rules that are almost the kind that they claim to be.
module CuteDl.Laws.Tests.Impostors

open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers

/// A rule at other step numbers, or another rule from a step on.
type Shifted =
    { Rule: IRule
      Later: IRule
      After: int64
      Shift: int64 }

    interface IRule with
        member h.Slots = h.Rule.Slots
        member h.NeedsParameters = h.Rule.NeedsParameters

        member h.Update(step, loop) =
            if step > h.After then h.Later.Update(step + h.Shift, loop) else h.Rule.Update(step, loop)

/// A part before another.
type Both =
    { First: IPart
      Second: IPart }

    interface ICompositeRule with
        member h.Slots = [ yield! h.First.Slots; yield! h.Second.Slots ]
        member h.NeedsParameters = h.First.NeedsParameters || h.Second.NeedsParameters
        member h.Parts = [| h.First; h.Second |]

/// One per cent more in single precision.
type MoreInSingle() =
    interface ITensorRule with
        member _.Slots = []
        member _.NeedsParameters = false

        member _.Transform(_, tensor: WholeTensor<'T>) =
            let delta = tensor.Gradient

            if sizeof<'T> = 4 then
                for i in 0 .. delta.Length - 1 do
                    delta[i] <- delta[i] * 'T.CreateTruncating 1.01

/// Adam that describes itself, with a learning rate that it may leave out of Δ, and an ε that it may use twice.
type OwnAdam =
    { [<Rate(1e-4)>]
      LearningRate: float
      [<Beta1(0.9)>]
      Beta1: float
      [<Beta2(0.99)>]
      Beta2: float
      [<Epsilon(1e-8)>]
      Epsilon: float
      [<Flag("rate_is_constant", false, "the learning rate is not a factor of Δ")>]
      RateIsConstant: bool
      [<Flag("epsilon_is_constant", false, "ε does not follow its argument")>]
      EpsilonIsConstant: bool }

    interface IRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            let adam: IRule =
                { Rules.adam.Defaults with
                    LearningRate = if h.RateIsConstant then 1e-4 else h.LearningRate
                    Beta1 = h.Beta1
                    Beta2 = h.Beta2
                    Epsilon = if h.EpsilonIsConstant then 1e-3 else h.Epsilon }

            adam.Update(step, loop)

    interface IDescribed<OwnAdam> with
        static member Description = RuleDescription.Own "own_adam"
