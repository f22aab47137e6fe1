namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers.DocumentUpdates

/// Slots: v.
[<Struct; NoEquality; NoComparison>]
type internal SgdUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Momentum: 'E
      Take: 'E
      LooksAhead: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let v = update.Momentum * slots[0] + update.Take * g
            slots[0] <- v
            update.Rate * (if update.LooksAhead then g + update.Momentum * v else v)

/// <summary>
/// Momentum, with the learning rate outside the velocity, as in PyTorch.
/// </summary>
type Sgd =
    { [<Rate(0.01)>]
      LearningRate: float
      [<Decay("momentum", 0.0, "μ, the share of the velocity that is kept")>]
      Momentum: float
      [<Number("dampening",
               0.0,
               "τ, the share of the gradient that is not added to the velocity",
               AtLeast = 0.0,
               AtMost = 1.0,
               Technical = true)>]
      Dampening: float
      [<Flag("nesterov", false, "Nesterov's look-ahead")>]
      Nesterov: bool }

    interface IRule with
        member h.Slots = if h.Momentum = 0.0 then [] else [ "velocity" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            if h.Momentum = 0.0 then
                loop.Run { FixedUpdate.Rate = loop.Lift h.LearningRate }
            else
                loop.Run
                    { SgdUpdate.Rate = loop.Lift h.LearningRate
                      Momentum = loop.Lift h.Momentum
                      Take = loop.Lift(if step = 1L then 1.0 else 1.0 - h.Dampening)
                      LooksAhead = h.Nesterov }

    interface ICheckedPart with
        member h.Problem =
            if h.Nesterov && (h.Momentum = 0.0 || h.Dampening <> 0.0) then
                let number = NumberText.ofFloat
                $"nesterov=true needs momentum above 0 and dampening=0, not momentum={number h.Momentum} and dampening={number h.Dampening}."
            else
                ""

    interface IDescribed<Sgd> with
        static member Description =
            { Name = "sgd"
              Summary = "a velocity times the learning rate"
              Formula = "v ← g at the first step, then v ← μ v + (1−τ) g;  Δ = α v, or α (g + μ v) with nesterov"
              Source = "Polyak 1964, eq. 9; Sutskever et al. 2013"
              Traits = []
              Exempt = [ Exemption.proportional; "P22", "with dampening, the first gradient is not dampened" ]
              Role =
                Role.Rule
                    { Reproduces = "torch.optim.SGD(lr, momentum, dampening, nesterov)"
                      Rate = RatePlace.Outside ""
                      Epsilon = EpsilonPlace.None ""
                      InitialState = [ "velocity", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.None "the first gradient is not dampened"
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "sgd(lr=0.03, momentum=0.9)"; Accuracy = 0.9750; Note = "" } } }
