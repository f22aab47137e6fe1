module CuteDl.Core.Tests.Program

open Expecto
open CuteDl.Testing

let private tests =
    testList
        "core"
        // The long runs come first, so that the short tests fill up the end.
        [ testList
              "agreement"
              [ RunTests.tests
                PyTorchTests.tests
                PyTorchScheduleTests.tests
                AuthorsTests.tests
                AuthorsScheduleTests.tests
                PapersTests.tests
                RulesTests.tests
                LayerAgreementTests.tests ]
          TestingTests.tests
          testList
              "numerics"
              [ KernelTests.tests
                MachineCodeTests.tests
                GuardedMemoryTests.tests
                ElementTests.tests
                TeamTests.tests
                RationalTests.tests
                RandomStreamTests.tests
                MatrixProductTests.tests
                ElementwiseTests.tests
                SparseProductTests.tests
                ExponentialTests.tests
                SpecialTests.tests ]
          testList
              "optimizers"
              [ SyntaxTests.tests
                ScheduleTextTests.tests
                ScheduleRecursionTests.tests
                ScheduleTests.tests
                RunLengthTests.tests
                PlateauTests.tests
                ReductionsTests.tests
                ExecutionTests.tests
                LawTests.tests
                ContractTests.tests
                ArgumentNameTests.tests
                PageTests.tests
                FixedTests.tests
                MomentumTests.tests
                AdaptiveTests.tests
                AdamTests.tests
                IdentityTests.tests
                ExtremeTests.tests
                PureStepTests.tests
                UnitsTests.tests
                OwnRuleTests.tests
                LinearAlgebraTests.tests
                RegistryTests.tests
                OwnScheduleTests.tests
                SuggestionTests.tests
                ExpressionTests.tests
                testList
                    "algebra"
                    [ AlgebraStepTests.tests
                      AlgebraStructureTests.tests
                      AlgebraAfterRuleTests.tests
                      AlgebraGateTests.tests
                      AlgebraFreezeTests.tests
                      AlgebraTensorTests.tests
                      AlgebraTelemetryTests.tests
                      AlgebraGroupTests.tests
                      AlgebraInheritanceTests.tests
                      AlgebraChangeTests.tests
                      AlgebraSettingTests.tests
                      AlgebraCarryTests.tests ] ]
          testList
              "networks"
              [ ActivationTests.tests
                LossTests.tests
                LayerTests.tests
                ModelTests.tests
                GradientTests.tests
                DropoutTests.tests ]
          testList
              "data"
              [ IdxTests.tests
                DataSetTests.tests
                PartitionTests.tests
                StandardizationTests.tests
                NumberSetTests.tests
                BatchesTests.tests
                AtomicFileTests.tests
                NpzTests.tests
                SafetensorsTests.tests ]
          testList
              "models"
              [ ConfusionMatrixTests.tests
                TrainedModelTests.tests
                TrainedModelFileTests.tests
                OnnxTests.tests ]
          testList
              "training"
              [ StopRuleTests.tests
                CheckpointTests.tests
                PyTorchStateTests.tests
                TrainerTests.tests
                TrainingTests.tests
                EndOfRunTests.tests
                NonFiniteStateTests.tests
                RunLengthTrainingTests.tests
                DropoutMaskTests.tests
                AllocationTests.tests
                ThreadTests.tests
                DocumentedRunsTests.tests
                DeterminismTests.tests ] ]

[<EntryPoint>]
let main args =
    if args = [| Fingerprint.argument |] then
        printfn $"{Fingerprint.compute 1 1}"
        0
    elif args = [| MachineCode.argument |] then
        MachineCode.runKernels ()
        0
    elif args = [| GuardedMemory.argument |] then
        GuardedMemory.run ()
        0
    else
        Runner.main tests args
