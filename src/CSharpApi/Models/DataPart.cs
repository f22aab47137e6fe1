namespace CuteDl;

/// <summary>A part of a <see cref="DataSet"/>.</summary>
public enum DataPart
{
    /// <summary>The training part, with the examples that an experiment holds out of it for validation.</summary>
    Training,

    /// <summary>The validation part.</summary>
    Validation,

    /// <summary>The test part.</summary>
    Test,
}
