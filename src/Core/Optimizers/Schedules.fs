namespace CuteDl.Core.Optimizers

/// <summary>The table of schedules. The text form, the lists and the checks follow from it; the values are <c>Schedule</c>'s.</summary>
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

    /// One of some words; the first is the default.
    let private word name summary words =
        argument name summary (ArgumentForm.Word words) ArgumentPlace.Named (ArgumentDefault.Value(Term.Call(List.head words, [])))

    let private rate = ArgumentForm.Number ArgumentRange.nonNegative
    let private value = first "value" "the value at step 0" rate
    let private ending = number "end" "the value from the last step on" ArgumentRange.nonNegative 0.0
    let private steps = required "steps" "how many steps it takes to get to the end" (ArgumentForm.Whole 1L)

    let private factor =
        required "factor" "what the value is multiplied by" (ArgumentForm.Number ArgumentRange.positive)

    let private kind name summary source arguments = { Name = name; Summary = summary; Source = source; Arguments = arguments }

    /// <summary>Its text form is the bare number, too.</summary>
    let constant =
        kind "constant" "the same value at every step" "Optax constant_schedule" [ first "value" "the value" rate ]

    let step =
        kind
            "step"
            "times a factor every so many steps"
            "PyTorch StepLR"
            [ value; required "every" "how many steps a value stays" (ArgumentForm.Whole 1L); factor ]

    let multiStep =
        kind
            "multi_step"
            "times a factor at each of some steps"
            "PyTorch MultiStepLR"
            [ value
              repeated "milestone" "a step at which the value is multiplied" (ArgumentForm.Whole 1L)
              factor ]

    let exponential =
        kind
            "exponential"
            "times a factor over every so many steps, smoothly"
            "PyTorch ExponentialLR, Optax exponential_decay"
            [ value; factor; whole "every" "over how many steps" 1L 1L ]

    let inverseTime =
        kind
            "inverse_time"
            "falls as one over a power of the time"
            "Robbins & Monro 1951; Keras InverseTimeDecay"
            [ value
              required "rate" "how much time a step takes" rate
              number "power" "of the time" ArgumentRange.nonNegative 1.0 ]

    let linear =
        kind "linear" "a straight line" "PyTorch LinearLR, Optax linear_schedule" [ value; steps; ending ]

    let polynomial =
        kind
            "polynomial"
            "a power of what is left"
            "PyTorch PolynomialLR, Keras PolynomialDecay"
            [ value
              steps
              ending
              number "power" "of the share of steps that are left" ArgumentRange.positive 1.0 ]

    let cosine =
        kind "cosine" "half a wave of the cosine" "Loshchilov & Hutter 2017, eq. 5; Optax cosine_decay_schedule" [ value; steps; ending ]

    let warmRestarts =
        kind
            "warm_restarts"
            "half a wave of the cosine, again and again, each longer than the one before"
            "Loshchilov & Hutter 2017, eq. 5; PyTorch CosineAnnealingWarmRestarts"
            [ value
              required "steps" "the length of the first cycle" (ArgumentForm.Whole 1L)
              number "end" "the value that each cycle falls to" ArgumentRange.nonNegative 0.0
              whole "growth" "how many times as long each cycle is as the one before" 1L 1L
              number "peak_factor" "what the height above the end is multiplied by at each restart" ArgumentRange.aboveZeroToOne 1.0 ]

    let oneCycle =
        kind
            "one_cycle"
            "up to the peak, then down to nearly nothing"
            "Smith & Topin 2019; PyTorch OneCycleLR"
            [ first "peak" "the greatest value" rate
              required "steps" "how many steps the cycle has" (ArgumentForm.Whole 1L)
              number "pct_start" "the share of the steps on the way up" ArgumentRange.fromZeroToOne 0.3
              number "div_factor" "the peak over the value at step 0" ArgumentRange.positive 25.0
              number "final_div_factor" "the value at step 0 over the last" ArgumentRange.positive 1e4
              word "anneal" "the shape of both ways" [ "cosine"; "linear" ] ]

    let cyclic =
        kind
            "cyclic"
            "up and down between two values, again and again"
            "Smith 2017; PyTorch CyclicLR"
            [ first "base" "the value at the start of each cycle" rate
              required "max" "the value at its peak" rate
              required "up" "how many steps the way up has" (ArgumentForm.Whole 1L)
              argument "down" "how many steps the way down has" (ArgumentForm.Whole 1L) ArgumentPlace.Named (ArgumentDefault.SameAs "up")
              word "mode" "peaks stay, halve at each cycle, or fall by gamma at each step" [ "triangular"; "triangular2"; "exp_range" ]
              number "gamma" "with exp_range: what the height is multiplied by at each step" ArgumentRange.aboveZeroToOne 1.0 ]

    let noam =
        kind
            "noam"
            "a straight line up, then down as one over the root of the step"
            "Vaswani et al. 2017, eq. 3"
            [ first "scale" "what all is multiplied by; 1 in the paper" rate
              required "model_size" "the width of the model" (ArgumentForm.Whole 1L)
              required "warmup" "the step, counted from 1, at which the line ends" (ArgumentForm.Whole 1L) ]

    let piecewise =
        kind
            "piecewise"
            "a value from each of some steps on"
            "Keras PiecewiseConstantDecay, Optax piecewise_interpolate_schedule"
            [ value
              repeated "step" "the step at which the next value is reached" (ArgumentForm.Whole 1L)
              repeated "value" "the value there" rate
              word "interpolation" "how it goes from value to value" [ "constant"; "linear"; "cosine" ] ]

    let warmup =
        kind
            "warmup"
            "a straight line up to where a schedule starts, then the schedule"
            "Goyal et al. 2017, section 2.2"
            [ first "steps" "how many steps the line has" (ArgumentForm.Whole 0L)
              first "schedule" "what follows; it counts from the line's end" ArgumentForm.Schedule
              number "start" "the value at step 0" ArgumentRange.nonNegative 0.0 ]

    let join =
        kind
            "join"
            "one schedule after another, each counting from its own start"
            "Optax join_schedules, PyTorch SequentialLR"
            [ first "schedule" "the first" ArgumentForm.Schedule
              repeated "step" "the step at which the next begins" (ArgumentForm.Whole 1L)
              repeated "schedule" "the next" ArgumentForm.Schedule ]

    let product =
        kind
            "product"
            "some schedules multiplied at each step"
            "PyTorch ChainedScheduler"
            [ first "schedule" "the first" ArgumentForm.Schedule
              repeated "schedule" "a further one" ArgumentForm.Schedule ]

    /// <summary>
    /// The one that is no function of the step: it follows the validation loss. Its values are <c>Plateau</c>'s, and it is no part
    /// of another.
    /// </summary>
    let plateau =
        kind
            "plateau"
            "times a factor when the validation loss stops falling"
            "PyTorch ReduceLROnPlateau"
            [ first "value" "the value until the first reduction" rate
              number "factor" "what the value is multiplied by" ArgumentRange.betweenZeroAndOne 0.1
              whole "patience" "how many validations without improvement are let pass" 0L 10L
              number "threshold" "how much less than the best a loss must be to be an improvement" ArgumentRange.nonNegative 1e-4
              word "threshold_mode" "whether the threshold is a share of the best or a difference" [ "relative"; "absolute" ]
              whole "cooldown" "how many validations after a reduction do not count" 0L 0L
              number "minimum" "the least value" ArgumentRange.nonNegative 0.0 ]

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
          noam
          piecewise
          warmup
          join
          product ]
