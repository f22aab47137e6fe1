using CuteDl.Testing;
using CuteDl.Tests;

if (args is [ModelInterruptionTests.SaveForever, var first, var second, var target])
{
    ModelInterruptionTests.SaveInTurn(first, second, target);
}

// One after another: each is a process that uses all processors.
return Runner.Main(Spec.Sequenced(Spec.List("cutedl", PagesTests.All, PackagePagesTests.All, UsageTests.All, TraceTests.All, LawsTests.All, TrainingTests.All, ModelTests.All, EvaluateTests.All, ModelInterruptionTests.All, NewFolderTests.All, TerminalTests.All, StudyTests.All, StudyInterruptionTests.All, ReplayTests.All, StudyBoardTests.All)), args);
