namespace CuteDl;

/// <summary>A run by name: what results and pictures call an optimizer.</summary>
/// <param name="Name">The name.</param>
/// <param name="Optimizer">The optimizer.</param>
public record NamedRun(string Name, Optimizer Optimizer);
