module CuteDl.Studies.Tests.Program

open Expecto
open CuteDl.Testing

let private tests =
    testList
        "studies"
        [ TrialTests.tests
          JournalTests.tests
          SchedulerTests.tests
          LeaseTests.tests
          Statistics.SampleTests.tests
          Statistics.ComparisonTests.tests
          Statistics.CoverageTests.tests
          Analysis.AnalysisTests.tests
          Analysis.ClaimTests.tests
          Analysis.ErrorRateTests.tests
          TrialRunnerTests.tests
          ProblemKindTests.tests
          FunctionTests.tests
          OwnProblemTests.tests
          GradientCheckTests.tests
          LayerGradientTests.tests
          LayerFormatTests.tests
          OwnSearchTests.tests
          MetricTests.tests
          TrainerTests.tests
          QuasiRandomTests.tests
          SettingsTests.tests
          StudyJsonTests.tests
          SchemaTests.tests
          LintTests.tests
          PlannerTests.tests
          StudyRunTests.tests
          ProgressTests.tests
          StartingWeightsTests.tests
          RunsTests.tests
          PruningTests.tests
          ProtocolTests.tests
          NestedTuningTests.tests ]

[<EntryPoint>]
let main args = Runner.main tests args
