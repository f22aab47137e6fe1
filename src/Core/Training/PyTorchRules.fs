namespace CuteDl.Core.Training

open CuteDl.Core.Optimizers

/// <summary>A rule of the library, and the optimizer of PyTorch that has the same state.</summary>
[<NoComparison; NoEquality>]
type PyTorchRule =
    {
        /// <summary>The kind of the rule.</summary>
        Kind: RuleKind
        /// <summary>The optimizer of PyTorch, with the options that make it this rule.</summary>
        Class: string
        /// <summary>PyTorch's key for each slot. Options decide which of the slots exist.</summary>
        Keys: (string * string) list
        /// <summary>True if PyTorch stores a count of steps for each parameter, with the key <c>step</c>.</summary>
        CountsSteps: bool
        /// <summary>The arguments whose values PyTorch cannot have otherwise.</summary>
        Requires: (string * float) list
        /// <summary>The argument with the initial value of the slots in PyTorch; empty if it is 0.</summary>
        Initial: string
    }

/// <summary>The rules whose states PyTorch can read and write.</summary>
module PyTorchRules =

    let private rule (kind: RuleKind) (name: string) (keys: (string * string) list) : PyTorchRule =
        { Kind = kind; Class = name; Keys = keys; CountsSteps = true; Requires = []; Initial = "" }

    let private means = [ "average", "exp_avg"; "square_average", "exp_avg_sq" ]
    let private epsilonOutside = "inside", 0.0

    /// <summary>All of them.</summary>
    let all: PyTorchRule list =
        [ { rule Rules.sgd.Kind "SGD(momentum, dampening, nesterov)" [ "velocity", "momentum_buffer" ] with
              CountsSteps = false }
          { rule Rules.adam.Kind "Adam(betas, eps)" means with
              Requires = [ "correction", 1.0; epsilonOutside ] }
          rule Rules.amsGrad.Kind "Adam(betas, eps, amsgrad=True)" (means @ [ "square_maximum", "max_exp_avg_sq" ])
          rule Rules.adamW.Kind "AdamW(betas, eps, weight_decay)" means
          { rule
                Rules.rmsProp.Kind
                "RMSprop(alpha, eps, momentum, centered)"
                [ "square_average", "square_avg"; "average", "grad_avg"; "velocity", "momentum_buffer" ] with
              Requires = [ epsilonOutside ] }
          { rule Rules.adagrad.Kind "Adagrad(lr_decay, initial_accumulator_value, eps)" [ "square_sum", "sum" ] with
              Requires = [ epsilonOutside ]
              Initial = "initial" } ]

    /// <summary>The options of all of these optimizers of PyTorch that are parts of a chain here: the text form, and the option.</summary>
    let options: (string * string) list =
        [ "l2(λ) | rule", "weight_decay=λ, except in AdamW"; "maximize | rule", "maximize=True" ]

    /// Returns the entry of a kind; None if PyTorch has no such rule.
    let internal tryFind (kind: RuleKind) : PyTorchRule option = all |> List.tryFind (fun rule -> obj.ReferenceEquals(rule.Kind, kind))
