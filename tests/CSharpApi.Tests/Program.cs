using CuteDl.Testing;
using CuteDl.Tests;

return Runner.Main(
    Spec.List(
        "facade",
        MnistFilesTests.All,
        PublicSurfaceTests.All,
        Namesakes.All,
        TextFormTests.All,
        OwnRuleTests.All,
        OwnScheduleTests.All,
        RecordTests.All,
        DescriptionTests.All,
        OptimizerTests.All,
        CheckpointTests.All,
        CarryTests.All,
        PyTorchStateTests.All,
        CompositionTests.All,
        ParameterGroupTests.All,
        ScheduleTests.All,
        ExperimentTests.All,
        ComparisonTests.All,
        InitialWeightsTests.All,
        FigureTests.All,
        ReportTests.All,
        OptimizerReferenceTests.All,
        StudyTests.All,
        ProblemTests.All,
        ProtocolTests.All,
        MetricTests.All,
        StudyReportTests.All,
        StudyPageTests.All),
    args);
