namespace CuteDl.Core.Networks

/// <summary>The table of layers. A new layer needs a file with its class, and an entry here.</summary>
[<RequireQualifiedAccess>]
module LayerKinds =
    /// <summary>All kinds of layers.</summary>
    let all: LayerKind list =
        [ Dense.Kind
          Dropout.Kind
          Activate.Kind
          Flatten.Kind
          Conv.Kind
          MaxPool.Kind
          AveragePool.Kind
          LayerNorm.Kind
          Embedding.Kind
          Residual.Kind ]
