// A study from F#: dotnet build -c Release, then dotnet fsi samples/study.fsx
#I "CSharp/bin/Release/net10.0"
#r "MathNet.Numerics.dll"
#r "CuteDl.Core.dll"
#r "CuteDl.Studies.dll"

open System
open System.Threading
open CuteDl.Core.Optimizers
open CuteDl.Studies

// A study is a value. It determines all results except durations.
let contender (text: string) low high : Contender =
    let optimizer = Expression.parse text

    Contender.Of(text.Split('(')[0], optimizer, [ ("lr", LogUniform(low, high)) ])

let study: StudyDesign =
    { Name = "Which of three on a bowl?"
      Tasks =
        [ { Name = "bowl"
            Problem = Quadratic(10, 100.0)
            Precision = TaskPrecision.Double
            Steps = 1000L
            ValidateEvery = 5
            Target = Target.Loss 1e-4 } ]
      Metrics = Metric.Defaults
      Contenders =
        [ contender "fixed()" 1e-4 0.02
          contender "momentum(decay=0.9)" 1e-4 0.1
          contender "adam()" 1e-3 1.0 ]
      Protocol =
        FairProtocol.make (
            { Search = Grid
              Trials = 6
              Seeds = [ 1000 ]
              Objective = TimeToTarget
              Pruning = NoPruning
              Extensions = 1
              Nested = false },
            { FairProtocol.kind.Confirmation with Seeds = [ 1..8 ]; Defaults = false },
            None
        ) }

for finding in Lint.check study do
    printfn $"{finding}"

// Functions need no images.
let trials = PreparedTrials.Of((fun _ -> invalidOp "no images are asked for."), study)

let outcome =
    use run = StudyRun.InMemory(study, false, trials)

    let report (news: StudyProgress) =
        match news.Result with
        | null -> ()
        | result -> Console.WriteLine $"[{news.Finished}/{news.Planned}] {result.Trial}: {result.StepsToTarget} steps to the target"

    run.Run(RunOptions.Defaults, report, CancellationToken.None)

for decision in outcome.Decisions do
    printfn $"{decision.Kind} {decision.About}: {decision.Reason}"

for sentence in (Analysis.ofResults study outcome.Results 1).Sentences do
    printfn $"{sentence}"
