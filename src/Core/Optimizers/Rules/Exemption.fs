namespace CuteDl.Core.Optimizers

/// Exemptions from laws that several kinds have for the same reason.
module internal Exemption =

    let biasCorrection = "P22", "the bias corrections depend on the number of steps"
    let ownRates = "P5", "each element has its own effective learning rate"
    let decoupledDecay = "P16", "its decay is decoupled and bypasses the means by design"
    let tensorNorms = "P23", "norms are of whole tensors"
    let proportional = "P9", "Δ is proportional to the gradient"
    let limitOfGradient = "P9", "the limit has the unit of the gradient"
    let elementSigns = "P5", "the sign is taken of each element"
    let sumsOfAll = "P23", "sums are over all tensors"
    let scaleOfWeights = "P9", "it depends on the scale of the weights"
    let uphillDecay = "P31", "decay can go uphill"
    let meanOfSteps = "P22", "the mean depends on the number of steps"
    let numberOfSteps = "P22", "it depends on the number of steps"
    let unitsOfEpsilon = "P9", "its ε is used with two units"
    let estimateOfRate = "P32", "the estimate contains the learning rate"
    let zeroStep = "P31", "Δ can be 0"
    let tensorRoots = "P23", "the root mean square is of whole tensors"
