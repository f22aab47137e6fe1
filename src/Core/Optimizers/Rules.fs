namespace CuteDl.Core.Optimizers

/// <summary>
/// The table of rules. A new rule needs a file with its update and its record, and an entry here. Everything else is read from the record.
/// </summary>
module Rules =
    let fixedRate = RuleKind<Fixed>.Of
    let momentum = RuleKind<Momentum>.Of
    let adagrad = RuleKind<Adagrad>.Of
    let rmsProp = RuleKind<RmsProp>.Of
    let adadelta = RuleKind<Adadelta>.Of
    let adam = RuleKind<Adam>.Of
    let nesterov = RuleKind<Nesterov>.Of
    let sgd = RuleKind<Sgd>.Of
    let signum = RuleKind<Signum>.Of
    let lion = RuleKind<Lion>.Of
    let rprop = RuleKind<Rprop>.Of
    let asgd = RuleKind<Asgd>.Of
    let adamW = RuleKind<AdamW>.Of
    let stableAdamW = RuleKind<StableAdamW>.Of
    let nAdamW = RuleKind<NAdamW>.Of
    let adopt = RuleKind<Adopt>.Of
    let laProp = RuleKind<LaProp>.Of
    let amsGrad = RuleKind<AmsGrad>.Of
    let adaMax = RuleKind<AdaMax>.Of
    let nAdam = RuleKind<NAdam>.Of
    let rAdam = RuleKind<RAdam>.Of
    let adaBelief = RuleKind<AdaBelief>.Of
    let yogi = RuleKind<Yogi>.Of
    let adan = RuleKind<Adan>.Of
    let adEmaMix = RuleKind<AdEmaMix>.Of
    let scheduleFreeSgd = RuleKind<ScheduleFreeSgd>.Of
    let scheduleFreeAdamW = RuleKind<ScheduleFreeAdamW>.Of
    let lars = RuleKind<Lars>.Of
    let lamb = RuleKind<Lamb>.Of
    let novoGrad = RuleKind<NovoGrad>.Of
    let dog = RuleKind<Dog>.Of
    let dowg = RuleKind<Dowg>.Of
    let dAdaptAdam = RuleKind<DAdaptAdam>.Of
    let prodigy = RuleKind<Prodigy>.Of
    let muon = RuleKind<Muon>.Of
    let adafactor = RuleKind<Adafactor>.Of

    let identity = RuleKind<Identity>.Of
    let clipValue = RuleKind<ClipValue>.Of
    let clipNorm = RuleKind<ClipNorm>.Of
    let clipGlobalNorm = RuleKind<ClipGlobalNorm>.Of
    let clipAdaptive = RuleKind<ClipAdaptive>.Of
    let clipUpdateRms = RuleKind<ClipUpdateRms>.Of
    let normalize = RuleKind<Normalize>.Of
    let trustRatio = RuleKind<TrustRatio>.Of
    let cautious = RuleKind<Cautious>.Of
    let centralize = RuleKind<Centralize>.Of
    let noise = RuleKind<Noise>.Of
    let l2 = RuleKind<L2>.Of
    let decoupled = RuleKind<DecoupledDecay>.Of
    let l1 = RuleKind<L1>.Of
    let scale = RuleKind<Scale>.Of
    let accumulate = RuleKind<Accumulate>.Of
    let skipNonFinite = RuleKind<SkipNonFinite>.Of
    let freeze = RuleKind<Freeze>.Of
    let maximize = RuleKind<Maximize>.Of
    let outer = RuleKind<Outer>.Of
    let scheduleFree = RuleKind<ScheduleFree>.Of
    let lookahead = RuleKind<Lookahead>.Of
    let ema = RuleKind<Ema>.Of
    let swa = RuleKind<Swa>.Of

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
            stableAdamW.Kind
            nAdamW.Kind
            adopt.Kind
            laProp.Kind
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
          clipUpdateRms.Kind
          normalize.Kind
          trustRatio.Kind
          cautious.Kind
          centralize.Kind
          noise.Kind
          l2.Kind
          decoupled.Kind
          l1.Kind
          scale.Kind
          accumulate.Kind
          skipNonFinite.Kind
          freeze.Kind
          maximize.Kind
          lookahead.Kind
          outer.Kind
          scheduleFree.Kind
          ema.Kind
          swa.Kind ]

    /// <summary>Rules and transformations.</summary>
    let known: RuleKind list = all @ transformations
