namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// Slots: p, s.
[<Struct; NoEquality; NoComparison>]
type internal RpropUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Start: 'E
      IsFirst: bool
      Shrink: 'E
      Grow: 'E
      One: 'E
      Zero: 'E
      Smallest: 'E
      Largest: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            // The sign of g p without the product, which can underflow to 0.
            let previous = slots[0]
            let agreement = 'E.Choose(g, update.Zero - previous, g, previous)
            let size = if update.IsFirst then update.Start else slots[1]
            let scaled = size * 'E.Choose(agreement, update.Shrink, update.One, update.Grow)
            let size = Element.lesser ('E.Greater(scaled, update.Smallest)) update.Largest
            let kept = 'E.Choose(agreement, update.Zero, g, g)
            slots[0] <- kept
            slots[1] <- size
            size * Element.sign kept

/// <summary>
/// One step size per element. It grows while the gradient keeps its sign and shrinks when the sign changes. Not suitable for minibatches.
/// </summary>
type Rprop =
    { [<Rate(0.01)>]
      LearningRate: float
      [<Number("eta_minus", 0.5, "η⁻, the factor after a sign change", Above = 0.0, Below = 1.0, Technical = true)>]
      Shrink: float
      [<Number("eta_plus", 1.2, "η⁺, the factor after an equal sign", Above = 1.0, Technical = true)>]
      Grow: float
      [<Number("min", 1e-6, "the smallest step size", Above = 0.0, Technical = true)>]
      Smallest: float
      [<Number("max", 50.0, "the largest step size", Above = 0.0, Technical = true)>]
      Largest: float }

    interface IRule with
        member _.Slots = [ "previous_gradient"; "step_size" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            loop.Run
                { RpropUpdate.Start = loop.Lift h.LearningRate
                  IsFirst = (step = 1L)
                  Shrink = loop.Lift h.Shrink
                  Grow = loop.Lift h.Grow
                  One = loop.Lift 1.0
                  Zero = loop.Lift 0.0
                  Smallest = loop.Lift h.Smallest
                  Largest = loop.Lift h.Largest }

    interface ICheckedPart with
        member h.Problem =
            if h.Smallest > h.Largest then
                $"min must be at most max, not min={NumberText.ofFloat h.Smallest} and max={NumberText.ofFloat h.Largest}."
            else
                ""

    interface IDescribed<Rprop> with
        static member Description =
            { Name = "rprop"
              Summary = "a step size for each element, from the signs of the gradient alone; for full-batch gradients"
              Formula = "s ← clamp(s η⁺ where g p > 0, s η⁻ where g p < 0);  p ← g, or 0 where g p < 0;  Δ = s sign p"
              Source = "Riedmiller & Braun 1993; Igel & Hüsken 2003 (iRprop⁻)"
              Traits = []
              Exempt =
                [ Exemption.elementSigns
                  "P32", "the smallest and the largest step do not scale with the learning rate" ]
              Role =
                Role.Rule
                    { Reproduces = "torch.optim.Rprop"
                      Rate = RatePlace.Inside "the step sizes, as their initial value"
                      Epsilon = EpsilonPlace.None ""
                      InitialState = [ "previous_gradient", InitialValue.Zero; "step_size", InitialValue.Argument "lr" ]
                      BiasCorrection = BiasCorrection.None ""
                      WeightDecay = DecayForm.None
                      Learns =
                        { Optimizer = "accumulate(30) | rprop(lr=0.003, eta_minus=0.8)"
                          Accuracy = 0.9635
                          Note = "needs large batches: here 30 batches of 64 images a step" } } }
