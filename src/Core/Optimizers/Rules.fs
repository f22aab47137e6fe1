namespace CuteDl.Core.Optimizers

/// <summary>
/// The table of rules. A new rule needs an update, a record and an entry here. Tests, lists and texts are derived from the table.
/// </summary>
module Rules =
    let fixedRate = VelocityRules.fixedRate
    let momentum = VelocityRules.momentum
    let adagrad = AdaptiveRules.adagrad
    let rmsProp = AdaptiveRules.rmsProp
    let adadelta = AdaptiveRules.adadelta
    let adam = AdamRules.adam
    let nesterov = VelocityRules.nesterov
    let sgd = VelocityRules.sgd
    let signum = SignRules.signum
    let lion = SignRules.lion
    let rprop = SignRules.rprop
    let asgd = VelocityRules.asgd
    let adamW = AdamRules.adamW
    let amsGrad = AdamMaximumRules.amsGrad
    let adaMax = AdamMaximumRules.adaMax
    let nAdam = AdamNesterovRules.nAdam
    let rAdam = AdamVarianceRules.rAdam
    let adaBelief = AdamVarianceRules.adaBelief
    let yogi = AdamVarianceRules.yogi
    let adan = AdamNesterovRules.adan
    let adEmaMix = AdamRules.adEmaMix
    let scheduleFreeSgd = ScheduleFreeRules.scheduleFreeSgd
    let scheduleFreeAdamW = ScheduleFreeRules.scheduleFreeAdamW
    let lars = NormRules.lars
    let lamb = NormRules.lamb
    let novoGrad = NormRules.novoGrad
    let dog = DistanceRules.dog
    let dowg = DistanceRules.dowg
    let dAdaptAdam = DistanceRules.dAdaptAdam
    let prodigy = DistanceRules.prodigy
    let muon = MatrixRules.muon
    let adafactor = MatrixRules.adafactor

    let identity = GradientTransformations.identity
    let clipValue = ClipTransformations.clipValue
    let clipNorm = ClipTransformations.clipNorm
    let clipGlobalNorm = ClipTransformations.clipGlobalNorm
    let clipAdaptive = ClipTransformations.clipAdaptive
    let centralize = GradientTransformations.centralize
    let noise = GradientTransformations.noise
    let decay = DecayTransformations.decay
    let decoupled = DecayTransformations.decoupled
    let l1 = DecayTransformations.l1
    let scale = GradientTransformations.scale
    let accumulate = GateTransformations.accumulate
    let skipNonFinite = GateTransformations.skipNonFinite
    let freeze = GateTransformations.freeze
    let maximize = GradientTransformations.maximize
    let lookahead = AverageTransformations.lookahead
    let ema = AverageTransformations.ema
    let swa = AverageTransformations.swa

    /// <summary>The six rules of the source document, in its order.</summary>
    let document: RuleKind list =
        [ fixedRate.Kind; momentum.Kind; adagrad.Kind; rmsProp.Kind; adadelta.Kind; adam.Kind ]

    /// <summary>All rules: those of the source document, then the others.</summary>
    let all: RuleKind list =
        document
        @ [ nesterov.Kind
            sgd.Kind
            signum.Kind
            lion.Kind
            rprop.Kind
            asgd.Kind
            adamW.Kind
            amsGrad.Kind
            adaMax.Kind
            nAdam.Kind
            rAdam.Kind
            adaBelief.Kind
            yogi.Kind
            adan.Kind
            adEmaMix.Kind
            scheduleFreeSgd.Kind
            scheduleFreeAdamW.Kind
            lars.Kind
            lamb.Kind
            novoGrad.Kind
            dog.Kind
            dowg.Kind
            dAdaptAdam.Kind
            prodigy.Kind
            muon.Kind
            adafactor.Kind ]

    /// <summary>All transformations.</summary>
    let transformations: RuleKind list =
        [ identity.Kind
          clipValue.Kind
          clipNorm.Kind
          clipGlobalNorm.Kind
          clipAdaptive.Kind
          centralize.Kind
          noise.Kind
          decay.Kind
          decoupled.Kind
          l1.Kind
          scale.Kind
          accumulate.Kind
          skipNonFinite.Kind
          freeze.Kind
          maximize.Kind
          lookahead.Kind
          ema.Kind
          swa.Kind ]

    /// <summary>Rules and transformations.</summary>
    let known: RuleKind list = all @ transformations
