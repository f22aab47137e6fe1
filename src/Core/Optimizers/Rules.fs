namespace CuteDl.Core.Optimizers

/// <summary>
/// The table of rules. A new rule needs a file with its update and its record, and an entry here. Everything else is read from the record.
/// </summary>
module Rules =
    let fixedRate = RuleKind<Fixed>.Unread
    let momentum = RuleKind<Momentum>.Unread
    let adagrad = RuleKind<Adagrad>.Unread
    let rmsProp = RuleKind<RmsProp>.Unread
    let adadelta = RuleKind<Adadelta>.Unread
    let adam = RuleKind<Adam>.Unread
    let nesterov = RuleKind<Nesterov>.Unread
    let sgd = RuleKind<Sgd>.Unread
    let signum = RuleKind<Signum>.Unread
    let lion = RuleKind<Lion>.Unread
    let rprop = RuleKind<Rprop>.Unread
    let asgd = RuleKind<Asgd>.Unread
    let adamW = RuleKind<AdamW>.Unread
    let stableAdamW = RuleKind<StableAdamW>.Unread
    let nAdamW = RuleKind<NAdamW>.Unread
    let adopt = RuleKind<Adopt>.Unread
    let laProp = RuleKind<LaProp>.Unread
    let amsGrad = RuleKind<AmsGrad>.Unread
    let adaMax = RuleKind<AdaMax>.Unread
    let nAdam = RuleKind<NAdam>.Unread
    let rAdam = RuleKind<RAdam>.Unread
    let adaBelief = RuleKind<AdaBelief>.Unread
    let yogi = RuleKind<Yogi>.Unread
    let adan = RuleKind<Adan>.Unread
    let adEmaMix = RuleKind<AdEmaMix>.Unread
    let scheduleFreeSgd = RuleKind<ScheduleFreeSgd>.Unread
    let scheduleFreeAdamW = RuleKind<ScheduleFreeAdamW>.Unread
    let lars = RuleKind<Lars>.Unread
    let lamb = RuleKind<Lamb>.Unread
    let novoGrad = RuleKind<NovoGrad>.Unread
    let dog = RuleKind<Dog>.Unread
    let dowg = RuleKind<Dowg>.Unread
    let dAdaptAdam = RuleKind<DAdaptAdam>.Unread
    let prodigy = RuleKind<Prodigy>.Unread
    let muon = RuleKind<Muon>.Unread
    let adafactor = RuleKind<Adafactor>.Unread

    let identity = RuleKind<Identity>.Unread
    let clipValue = RuleKind<ClipValue>.Unread
    let clipNorm = RuleKind<ClipNorm>.Unread
    let clipGlobalNorm = RuleKind<ClipGlobalNorm>.Unread
    let clipAdaptive = RuleKind<ClipAdaptive>.Unread
    let clipUpdateRms = RuleKind<ClipUpdateRms>.Unread
    let normalize = RuleKind<Normalize>.Unread
    let trustRatio = RuleKind<TrustRatio>.Unread
    let cautious = RuleKind<Cautious>.Unread
    let centralize = RuleKind<Centralize>.Unread
    let noise = RuleKind<Noise>.Unread
    let l2 = RuleKind<L2>.Unread
    let decoupled = RuleKind<DecoupledDecay>.Unread
    let l1 = RuleKind<L1>.Unread
    let scale = RuleKind<Scale>.Unread
    let accumulate = RuleKind<Accumulate>.Unread
    let skipNonFinite = RuleKind<SkipNonFinite>.Unread
    let freeze = RuleKind<Freeze>.Unread
    let maximize = RuleKind<Maximize>.Unread
    let outer = RuleKind<Outer>.Unread
    let scheduleFree = RuleKind<ScheduleFree>.Unread
    let lookahead = RuleKind<Lookahead>.Unread
    let ema = RuleKind<Ema>.Unread
    let swa = RuleKind<Swa>.Unread

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
