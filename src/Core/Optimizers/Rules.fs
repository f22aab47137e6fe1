namespace CuteDl.Core.Optimizers

/// <summary>The table of rules. A new rule is a law, a record, and an entry here; the tests, lists and texts follow from it.</summary>
module Rules =
    let fixedRate = VelocityRules.fixedRate
    let momentum = VelocityRules.momentum
    let adagrad = AdaptiveRules.adagrad
    let rmsProp = AdaptiveRules.rmsProp
    let adadelta = AdaptiveRules.adadelta
    let adam = AdamRules.adam
    let nesterov = VelocityRules.nesterov
    let sgd = VelocityRules.sgd
    let signum = VelocityRules.signum
    let lion = VelocityRules.lion
    let rprop = VelocityRules.rprop
    let asgd = VelocityRules.asgd
    let adamW = AdamRules.adamW
    let amsGrad = AdamRules.amsGrad
    let adaMax = AdamRules.adaMax
    let nAdam = AdamRules.nAdam
    let rAdam = AdamRules.rAdam
    let adaBelief = AdamRules.adaBelief
    let yogi = AdamRules.yogi
    let adan = AdamRules.adan
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

    let identity = Transformations.identity
    let clipValue = Transformations.clipValue
    let clipNorm = Transformations.clipNorm
    let clipGlobalNorm = Transformations.clipGlobalNorm
    let clipAdaptive = Transformations.clipAdaptive
    let centralize = Transformations.centralize
    let noise = Transformations.noise
    let decay = Transformations.decay
    let decoupled = Transformations.decoupled
    let l1 = Transformations.l1
    let scale = Transformations.scale
    let accumulate = Transformations.accumulate
    let skipNonFinite = Transformations.skipNonFinite
    let freeze = Transformations.freeze
    let maximize = Transformations.maximize
    let lookahead = Transformations.lookahead
    let ema = Transformations.ema
    let swa = Transformations.swa

    /// <summary>The document's six, in its order.</summary>
    let document: RuleKind list =
        [ fixedRate.Kind; momentum.Kind; adagrad.Kind; rmsProp.Kind; adadelta.Kind; adam.Kind ]

    /// <summary>All rules: the document's, then the others by family.</summary>
    let all: RuleKind list =
        document
        @ VelocityRules.all
        @ AdamRules.all
        @ ScheduleFreeRules.all
        @ NormRules.all
        @ DistanceRules.all
        @ MatrixRules.all

    /// <summary>All transformations.</summary>
    let transformations: RuleKind list = Transformations.all

    /// <summary>Rules and transformations.</summary>
    let known: RuleKind list = all @ transformations
