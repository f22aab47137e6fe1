namespace CuteDl.Studies

/// The functions of the library, in the order of the documentation.
module internal FunctionKinds =
    let all: Alternative<IProblem> list =
        [ Quadratic.Format; Rosenbrock.Format; LogisticRegression.Format; NoisyQuadratic.Format ]
