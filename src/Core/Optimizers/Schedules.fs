namespace CuteDl.Core.Optimizers

/// <summary>The table of schedules. Text forms, lists and checks are derived from it; <c>Schedule</c> computes the values.</summary>
module Schedules =

    let private argument name summary form place ``default`` =
        { Name = name; Summary = summary; Form = form; Place = place; Default = ``default`` }

    let private first name summary form = argument name summary form ArgumentPlace.First ArgumentDefault.Required

    let private repeated name summary form = argument name summary form ArgumentPlace.Repeated ArgumentDefault.Required

    let private required name summary form = argument name summary form ArgumentPlace.Named ArgumentDefault.Required

    let private number name summary range value =
        argument name summary (ArgumentForm.Number range) ArgumentPlace.Named (ArgumentDefault.Value(Term.Number value))

    let private whole name summary least value =
        argument name summary (ArgumentForm.Whole least) ArgumentPlace.Named (ArgumentDefault.Value(Term.Number(float value)))

    /// A required number of steps.
    let private count name summary least = required name summary (ArgumentForm.Steps least)

    /// A number of steps with a default.
    let private countOr name summary least (``default``: StepCount) =
        argument name summary (ArgumentForm.Steps least) ArgumentPlace.Named (ArgumentDefault.Value ``default``.Term)

    /// The step at which the schedule ends. By default, that is the end of the run.
    let private untilEnd name summary = countOr name summary 1L (Percent 100.0)

    /// An argument that is one of several words. The first is the default.
    let private word name summary words =
        argument name summary (ArgumentForm.Word words) ArgumentPlace.Named (ArgumentDefault.Value(Term.Call(List.head words, [])))

    let private rate = ArgumentForm.Number ArgumentRange.nonNegative
    let private value = first "value" "the value at step 0" rate
    let private ending = number "end" "the value from the last step on" ArgumentRange.nonNegative 0.0
    let private steps = untilEnd "steps" "the number of steps until the end"

    let private factor = required "factor" "the factor" (ArgumentForm.Number ArgumentRange.positive)

    let private kind name summary source arguments = { Name = name; Summary = summary; Source = source; Arguments = arguments }

    /// <summary>A constant. Its text form can also be a bare number.</summary>
    let constant =
        kind "constant" "the same value at every step" "Optax constant_schedule" [ first "value" "the value" rate ]

    let step =
        kind
            "step"
            "multiplies by a factor at regular intervals"
            "PyTorch StepLR"
            [ value; count "every" "the number of steps with one value" 1L; factor ]

    let multiStep =
        kind
            "multi_step"
            "multiplies by a factor at given steps"
            "PyTorch MultiStepLR"
            [ value
              repeated "milestone" "a step at which the value is multiplied" (ArgumentForm.Steps 1L)
              factor ]

    let exponential =
        kind
            "exponential"
            "exponential decay: multiplies by a factor every given number of steps, smoothly in between"
            "PyTorch ExponentialLR, Optax exponential_decay"
            [ value; factor; countOr "every" "the number of steps for one factor" 1L (Steps 1L) ]

    let inverseTime =
        kind
            "inverse_time"
            "falls like the inverse of a power of time"
            "Robbins & Monro 1951; Keras InverseTimeDecay"
            [ value
              required "rate" "the rate r in value / (1 + r t)^power, where t is the step" rate
              number "power" "the exponent of time" ArgumentRange.nonNegative 1.0 ]

    let linear =
        kind "linear" "a straight line to the end value" "PyTorch LinearLR, Optax linear_schedule" [ value; steps; ending ]

    let polynomial =
        kind
            "polynomial"
            "a power of the remaining share of steps"
            "PyTorch PolynomialLR, Keras PolynomialDecay"
            [ value
              steps
              ending
              number "power" "the exponent of the remaining share of steps" ArgumentRange.positive 1.0 ]

    let cosine =
        kind "cosine" "half a cosine wave" "Loshchilov & Hutter 2017, eq. 5; Optax cosine_decay_schedule" [ value; steps; ending ]

    let warmRestarts =
        kind
            "warm_restarts"
            "repeated half cosine waves; each can be longer than the last"
            "Loshchilov & Hutter 2017, eq. 5; PyTorch CosineAnnealingWarmRestarts"
            [ value
              count "steps" "the length of the first cycle" 1L
              number "end" "the value at the end of each cycle" ArgumentRange.nonNegative 0.0
              whole "growth" "the ratio of the lengths of successive cycles" 1L 1L
              number
                  "peak_factor"
                  "the factor by which each restart multiplies the height of the peak above the end value"
                  ArgumentRange.aboveZeroToOne
                  1.0 ]

    let oneCycle =
        kind
            "one_cycle"
            "up to a peak, then down to almost 0"
            "Smith & Topin 2019; PyTorch OneCycleLR"
            [ first "peak" "the largest value" rate
              untilEnd "steps" "the number of steps of the cycle"
              number "pct_start" "the share of the steps that lead up to the peak" ArgumentRange.fromZeroToOne 0.3
              number "div_factor" "the peak divided by the value at step 0" ArgumentRange.positive 25.0
              number "final_div_factor" "the value at step 0 divided by the last value" ArgumentRange.positive 1e4
              word "anneal" "the shape of the rise and of the fall" [ "cosine"; "linear" ] ]

    let cyclic =
        kind
            "cyclic"
            "repeated cycles up and down between two values"
            "Smith 2017; PyTorch CyclicLR"
            [ first "base" "the value at the start of each cycle" rate
              required "max" "the value at its peak" rate
              count "up" "the number of steps up" 1L
              argument "down" "the number of steps down" (ArgumentForm.Steps 1L) ArgumentPlace.Named (ArgumentDefault.SameAs "up")
              word
                  "mode"
                  "constant peaks, peaks that halve at each cycle, or peaks that are multiplied by gamma at each step"
                  [ "triangular"; "triangular2"; "exp_range" ]
              number "gamma" "with exp_range: the factor of the height at each step" ArgumentRange.aboveZeroToOne 1.0 ]

    let wsd =
        kind
            "wsd"
            "warm-up, stable, decay: a line up, a constant, and a line down"
            "Hu et al. 2024, section 4.2; Hägele et al. 2024, section 3"
            [ first "value" "the value between the two lines" rate
              count "warmup" "the number of steps of the line up" 0L
              count "stable" "the number of steps with the value" 0L
              count "decay" "the number of steps of the line down" 1L
              ending
              number "start" "the value at step 0, if there is a warm-up" ArgumentRange.nonNegative 0.0 ]

    let linearToZero =
        kind
            "linear_to_zero"
            "a straight line to 0 at the end of a run, with an optional warm-up"
            "Bergsma et al. 2025; Hugging Face get_linear_schedule_with_warmup"
            [ first "value" "the largest value" rate
              untilEnd "steps" "the step at which the value is 0"
              countOr "warmup" "the number of steps of a line up from 0; steps counts them too" 0L (Steps 0L) ]

    let inverseSqrt =
        kind
            "inverse_sqrt"
            "a line up, then a decrease like 1/√step"
            "Vaswani et al. 2017; Hugging Face get_inverse_sqrt_schedule"
            [ first "value" "the largest value" rate
              count "warmup" "the number of steps of the line up" 1L
              argument
                  "timescale"
                  "the number s in value / √(1 + (t − warmup) / s), where t is the step"
                  (ArgumentForm.Steps 1L)
                  ArgumentPlace.Named
                  (ArgumentDefault.SameAs "warmup") ]

    let rex =
        kind "rex" "a fall that starts slower than a line and ends steeper" "Chen, Wolfe & Kyrillidis 2021" [ value; steps; ending ]

    let noam =
        kind
            "noam"
            "a straight line up, then a decrease like 1/√step"
            "Vaswani et al. 2017, eq. 3"
            [ first "scale" "the overall factor; 1 in the paper" rate
              required "model_size" "the width of the model" (ArgumentForm.Whole 1L)
              count "warmup" "the step, counted from 1, at which the rise ends" 1L ]

    let piecewise =
        kind
            "piecewise"
            "given values from given steps on"
            "Keras PiecewiseConstantDecay, Optax piecewise_interpolate_schedule"
            [ value
              repeated "step" "the step of the next value" (ArgumentForm.Steps 1L)
              repeated "value" "the value from that step on" rate
              word "interpolation" "the interpolation between values" [ "constant"; "linear"; "cosine" ] ]

    let warmup =
        kind
            "warmup"
            "a straight line up to the start of a schedule, then that schedule"
            "Goyal et al. 2017, section 2.2"
            [ first "steps" "the number of steps of the line" (ArgumentForm.Steps 0L)
              first "schedule" "the schedule after the line; it counts from the line's end" ArgumentForm.Schedule
              number "start" "the value at step 0" ArgumentRange.nonNegative 0.0 ]

    let join =
        kind
            "join"
            "schedules one after another; each counts from its own start"
            "Optax join_schedules, PyTorch SequentialLR"
            [ first "schedule" "the first schedule" ArgumentForm.Schedule
              repeated "step" "the step at which the next schedule begins" (ArgumentForm.Steps 1L)
              repeated "schedule" "the next schedule" ArgumentForm.Schedule ]

    let product =
        kind
            "product"
            "the product of several schedules"
            "PyTorch ChainedScheduler"
            [ first "schedule" "the first schedule" ArgumentForm.Schedule
              repeated "schedule" "a further schedule" ArgumentForm.Schedule ]

    /// <summary>
    /// The only schedule that is not a function of the step: it follows the validation loss. <c>Plateau</c> computes its values. It cannot be
    /// part of another schedule.
    /// </summary>
    let plateau =
        kind
            "plateau"
            "multiplies by a factor when the validation loss stops falling"
            "PyTorch ReduceLROnPlateau"
            [ first "value" "the value until the first reduction" rate
              number "factor" "the factor" ArgumentRange.betweenZeroAndOne 0.1
              whole "patience" "the number of validations without improvement before a reduction" 0L 10L
              number "threshold" "the smallest decrease below the best loss that counts as an improvement" ArgumentRange.nonNegative 1e-4
              word "threshold_mode" "the meaning of the threshold: a share of the best loss, or a difference" [ "relative"; "absolute" ]
              whole "cooldown" "the number of validations after a reduction that do not count" 0L 0L
              number "minimum" "the smallest value" ArgumentRange.nonNegative 0.0 ]

    /// <summary>All kinds of schedules that are functions of the step, simple ones first.</summary>
    let all: ScheduleKind list =
        [ constant
          step
          multiStep
          exponential
          inverseTime
          linear
          polynomial
          cosine
          warmRestarts
          oneCycle
          cyclic
          wsd
          linearToZero
          inverseSqrt
          rex
          noam
          piecewise
          warmup
          join
          product ]
