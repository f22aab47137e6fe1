namespace CuteDl.Core.Training

open CuteDl.Core.Optimizers

/// <summary>A run of the source document: an optimizer with the results that the document reports.</summary>
type DocumentedRun =
    {
        /// <summary>The name: fixed-0.0001, fixed-0.2, ...</summary>
        Name: string
        /// <summary>The optimizer with the document's settings.</summary>
        Optimizer: Optimizer
        /// <summary>The figures that the document reports; empty if it reports none.</summary>
        Figures: string
        /// <summary>True if the document calls the run diverged.</summary>
        CalledDiverged: bool
    }

/// <summary>
/// The eight runs of the source document: one model under each of its optimizers, on MNIST. The defaults of the rules are the document's
/// settings; the first two runs have other learning rates.
/// </summary>
module DocumentedRuns =
    let private run name optimizer figures =
        { Name = name; Optimizer = optimizer; Figures = figures; CalledDiverged = false }

    /// <summary>All eight runs, in the document's order.</summary>
    let all =
        [ run "fixed-0.0001" (Optimizer.create { Fixed.LearningRate = 0.0001 }) "close to a million steps, too slow"
          { run
                "fixed-0.2"
                (Optimizer.create { Fixed.LearningRate = 0.2 })
                "70,000 steps, \"diverged\", accuracy 0.8445 at most, 0.8438 at the end" with
              CalledDiverged = true }
          run "fixed-0.01" (Optimizer.create Rules.fixedRate.Defaults) "28,000 steps"
          run "momentum" (Optimizer.create Rules.momentum.Defaults) "23,000 steps"
          run "adagrad" (Optimizer.create Rules.adagrad.Defaults) ""
          run "rmsprop" (Optimizer.create Rules.rmsProp.Defaults) ""
          run "adadelta" (Optimizer.create Rules.adadelta.Defaults) "\"very stable\""
          run "adam" (Optimizer.create Rules.adam.Defaults) "20,000 steps, accuracy 0.924" ]
