using CuteDl.Studies;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace CuteDl;

/// <summary>A protocol: what a study does with its optimizers, and what its report claims. An immutable value.</summary>
public sealed class StudyProtocol
{
    private StudyProtocol(ProtocolKind core) => Core = core;

    /// <summary>Tuning, then confirmation with fresh seeds. The test set is scored once.</summary>
    public static StudyProtocol Fair { get; } = new(FairProtocol.kind);

    /// <summary>
    /// The source document's protocol: optimizers as given, its stop rules, and no tuning. <see cref="Study.Document"/> also sets its budget
    /// and its validation.
    /// </summary>
    public static StudyProtocol Document { get; } = new(DocumentProtocol.kind);

    /// <summary>Runs without tuning and without a verdict.</summary>
    public static StudyProtocol Runs { get; } = new(RunsProtocol.kind);

    /// <summary>Optimizers as they are given, compared in pairs with fresh seeds. The test set is scored once.</summary>
    public static StudyProtocol AsGiven { get; } = new(AsGivenProtocol.kind);

    /// <summary>The name in study files.</summary>
    public string Name => Core.Name;

    internal ProtocolKind Core { get; }

    /// <summary>
    /// Returns a protocol of one's own. It differs from another one in its default values, and in the parts that a study can set. A study file
    /// names it, and can be read with a registry that has it.
    /// </summary>
    /// <param name="name">The name in study files: small letters, digits and underscores.</param>
    /// <param name="meaning">The meaning as a clause, such as <c>the fair protocol with a smaller error rate</c>.</param>
    /// <param name="like">The protocol that it starts from: it has the same compared trials, claims and checks.</param>
    /// <param name="defaults">
    /// Sets the default values on a study with the other protocol, such as <c>study => study.Confirmation(20, alpha: 0.01)</c>. Default: those
    /// of the other protocol.
    /// </param>
    /// <param name="keys">The parts that a study can set. Default: those of the other protocol.</param>
    /// <param name="title">The name in reports. Default: <c>the protocol NAME</c>.</param>
    /// <param name="limits">The limits of the verdict, in sentences. Default: those of the other protocol.</param>
    /// <param name="check">
    /// Returns findings about a study, in addition to the others. A study with a finding of the severity <see cref="Severity.Error"/> cannot
    /// run.
    /// </param>
    /// <exception cref="ArgumentException">The name is not valid or belongs to a protocol of the library, or the parts contradict each
    /// other.</exception>
    public static StudyProtocol Of(
        string name,
        string meaning,
        StudyProtocol like,
        Func<Study, Study>? defaults = null,
        IEnumerable<ProtocolKey>? keys = null,
        string? title = null,
        IEnumerable<string>? limits = null,
        Func<Study, IEnumerable<Finding>>? check = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentException.ThrowIfNullOrWhiteSpace(meaning);
        ArgumentNullException.ThrowIfNull(like);
        var usual = defaults is null ? like.Core.Protocol : Defaults(name, like, defaults);
        var kind = new ProtocolKind(
            name,
            meaning,
            title ?? $"the protocol {name}",
            like.Core.Phase,
            like.Core.ComparesPairs,
            keys is null ? like.Core.Keys : ListModule.OfSeq(keys),
            usual.Tuning,
            usual.Confirmation,
            usual.Frontier,
            usual.StopRules,
            limits is null ? like.Core.Limits : Constant(ListModule.OfSeq(limits)),
            check is null ? like.Core.Check : Both(like.Core.Check, check));
        _ = StudyRegistry.Standard.Add(kind);
        return new(kind);
    }

    /// <summary>Returns the name in study files.</summary>
    public override string ToString() => Name;

    private static Protocol Defaults(string name, StudyProtocol like, Func<Study, Study> defaults) =>
        (defaults(Study.Named(name).Protocol(like)) ?? throw new ArgumentException("The function of the defaults returned null. Return the study that it gets, changed.", nameof(defaults))).Core.Protocol;

    private static FSharpFunc<Protocol, FSharpList<string>> Constant(FSharpList<string> limits) => FuncConvert.FromFunc((Protocol _) => limits);

    private static FSharpFunc<StudyDesign, FSharpList<Finding>> Both(FSharpFunc<StudyDesign, FSharpList<Finding>> first, Func<Study, IEnumerable<Finding>> second) =>
        FuncConvert.FromFunc((StudyDesign study) => ListModule.OfSeq(first.Invoke(study).Concat(second(new Study(study)))));
}
