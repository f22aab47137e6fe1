using CuteDl.Studies;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace CuteDl;

/// <summary>A protocol: the procedure of a study, and the limits of its verdict. An immutable value.</summary>
public sealed class StudyProtocol
{
    private StudyProtocol(ProtocolKind core) => Core = core;

    /// <summary>Tuning, then confirmation with fresh seeds. The test set is scored once.</summary>
    public static StudyProtocol Fair { get; } = new(FairProtocol.kind);

    /// <summary>
    /// The source document's protocol: optimizers with their given values, the document's stop rules, and no tuning.
    /// <see cref="Study.Document"/> also sets the document's budget and validation.
    /// </summary>
    public static StudyProtocol Document { get; } = new(DocumentProtocol.kind);

    /// <summary>Runs without tuning and without a verdict.</summary>
    public static StudyProtocol Runs { get; } = new(RunsProtocol.kind);

    /// <summary>Optimizers with their given values, compared in pairs with fresh seeds. The test set is scored once.</summary>
    public static StudyProtocol AsGiven { get; } = new(AsGivenProtocol.kind);

    /// <summary>The name in study files.</summary>
    public string Name => Core.Name;

    internal ProtocolKind Core { get; }

    /// <summary>
    /// Returns a protocol of one's own. It starts from another protocol, and can have other default values, settable parts, limits and checks. A
    /// study file contains its name, and is read with a registry that has it.
    /// </summary>
    /// <param name="name">The name in study files: small letters, digits and underscores.</param>
    /// <param name="meaning">The meaning as a clause, such as <c>the fair protocol with a smaller error rate</c>.</param>
    /// <param name="like">The protocol that it starts from. The compared trials, and whether pairs are compared, are as in that protocol.</param>
    /// <param name="defaults">
    /// Returns a study with the default values. It gets a study with the protocol <c>like</c>. An example is
    /// <c>study => study.Confirmation(20, alpha: 0.01)</c>. Default: the default values of <c>like</c>.
    /// </param>
    /// <param name="keys">The parts that a study can set. All others keep the default values. Default: the parts of <c>like</c>.</param>
    /// <param name="title">The name in reports. Default: <c>the protocol NAME</c>.</param>
    /// <param name="limits">The limits of the verdict, in sentences. Default: those of <c>like</c>.</param>
    /// <param name="check">
    /// Returns findings about a study, in addition to those of <c>like</c>. A study with a finding of the severity <see cref="Severity.Error"/>
    /// cannot run.
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
            like.Core.KeepsModels,
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
        (defaults(Study.Named(name).Protocol(like)) ?? throw new ArgumentException("The function for the default values returned null. Return a study.", nameof(defaults))).Core.Protocol;

    private static FSharpFunc<Protocol, FSharpList<string>> Constant(FSharpList<string> limits) => FuncConvert.FromFunc((Protocol _) => limits);

    private static FSharpFunc<StudyDesign, FSharpList<Finding>> Both(FSharpFunc<StudyDesign, FSharpList<Finding>> first, Func<Study, IEnumerable<Finding>> second) =>
        FuncConvert.FromFunc((StudyDesign study) => ListModule.OfSeq(first.Invoke(study).Concat(second(new Study(study)))));
}
