/// Every rule as its paper has it, under the text form of its hyper-parameters.
module CuteDl.Core.Tests.Papers

open CuteDl.Core.Tests.Paper
open CuteDl.Core.Tests.MomentumPapers
open CuteDl.Core.Tests.AdagradPapers
open CuteDl.Core.Tests.AdamPapers
open CuteDl.Core.Tests.ScheduleFreePapers
open CuteDl.Core.Tests.LayerPapers
open CuteDl.Core.Tests.DistancePapers
open CuteDl.Core.Tests.TransformationPapers

let private plainSgd () = sgd 0.1 0.0 0.0 false

/// Muon alone has nothing to say about vectors.
let matricesOnly (name: string) = name.StartsWith "muon("

/// For each, what starts it on a trajectory.
let all: (string * (unit -> Reference)) list =
    [ fun () -> sgd 0.01 0.0 0.0 false
      fun () -> sgd 0.01 0.9 0.3 false
      fun () -> sgd 0.01 0.9 0.0 true
      fun () -> nesterov 0.01 0.9
      fun () -> asgd 0.01 0.001 0.75 10.0
      fun () -> signum 0.0001 0.9
      fun () -> lion 0.0001 0.9 0.99 0.0
      fun () -> lion 0.001 0.95 0.98 0.1
      fun () -> rprop 0.01 0.5 1.2 1e-6 50.0

      fun () -> adagrad 0.1 1e-6 0.0 0.0 false
      fun () -> adagrad 0.1 1e-7 0.1 0.01 true
      fun () -> rmsprop 0.001 0.9 1e-6 false 0.0 false
      fun () -> rmsprop 0.001 0.9 1e-6 true 0.0 false
      fun () -> rmsprop 0.001 0.9 1e-6 false 0.7 false
      fun () -> rmsprop 0.001 0.9 1e-7 true 0.7 true
      fun () -> adadelta 0.99 1e-6 1e-6 1.0 false
      fun () -> adadelta 0.9 1e-6 1e-4 0.5 true

      fun () -> adam 0.001 0.9 0.999 1e-8 true false
      fun () -> adam 0.001 0.8 0.99 0.001 true true
      fun () -> adam 0.001 0.8 0.99 0.001 false false
      fun () -> adamw 0.001 0.9 0.999 1e-8 0.01
      fun () -> amsgrad 0.001 0.9 0.999 1e-8
      fun () -> amsgrad 0.01 0.8 0.9 0.001
      fun () -> adamax 0.002 0.9 0.999 1e-8
      fun () -> adamax 0.01 0.8 0.95 0.01
      fun () -> nadam 0.002 0.9 0.999 1e-8 0.004
      fun () -> nadam 0.01 0.8 0.99 0.001 0.1
      fun () -> radam 0.001 0.9 0.999 1e-8
      fun () -> radam 0.01 0.8 0.99 0.001
      fun () -> adabelief 0.001 0.9 0.999 1e-16
      fun () -> adabelief 0.01 0.8 0.99 0.001
      fun () -> yogi 0.01 0.9 0.999 0.001 1e-6 false
      fun () -> yogi 0.01 0.8 0.99 0.001 0.01 true
      fun () -> adan 0.001 0.98 0.92 0.99 1e-8 0.0
      fun () -> adan 0.01 0.9 0.8 0.95 0.001 0.02
      fun () -> ademamix 0.001 0.9 0.999 0.9999 5.0 1e-8 0.0 0
      fun () -> ademamix 0.01 0.8 0.99 0.999 3.0 0.001 0.1 20

      fun () -> scheduleFreeSgd 1.0 0.9 0
      fun () -> scheduleFreeSgd 0.1 0.9 10
      fun () -> scheduleFreeAdamw 0.0025 0.9 0.999 1e-8 0.0 0
      fun () -> scheduleFreeAdamw 0.01 0.8 0.99 0.001 0.1 10

      fun () -> lars 0.01 0.9 0.0 0.001 0.0
      fun () -> lars 0.5 0.9 0.05 0.01 0.001
      fun () -> lamb 0.001 0.9 0.999 1e-6 0.0
      fun () -> lamb 0.01 0.8 0.99 0.001 0.1
      fun () -> novograd 0.01 0.95 0.98 1e-8 0.0
      fun () -> novograd 0.01 0.8 0.9 0.001 0.01
      fun () -> muon 0.02 0.95 true 5 0.0
      fun () -> muon 0.02 0.95 false 5 0.1
      fun () -> adafactor 0.01 0.8 1e-30 0.001 1.0
      fun () -> adafactor 0.2 0.6 0.001 0.5 0.7

      fun () -> dog 1.0 1e-6 1e-8
      fun () -> dog 0.5 0.01 0.1
      fun () -> dowg 1e-4
      fun () -> dowg 0.01
      fun () -> dadaptAdam 1.0 0.9 0.999 1e-8 0.0 1e-6
      fun () -> dadaptAdam 0.5 0.8 0.99 0.001 0.01 1e-4
      fun () -> prodigy 1.0 0.9 0.999 (sqrt 0.999) 1e-8 0.0 1e-6 1.0
      fun () -> prodigy 0.5 0.8 0.99 0.95 0.001 0.01 1e-4 2.0

      plainSgd >> clipValue 0.1
      plainSgd >> clipNorm 0.5
      plainSgd >> clipGlobalNorm 0.5
      plainSgd >> clipAdaptive 0.01 0.001
      plainSgd >> clipAdaptive 0.1 0.5
      plainSgd >> centralize
      plainSgd >> l2 0.05
      plainSgd >> l1 0.05
      plainSgd >> scale 0.5
      plainSgd >> maximize
      plainSgd >> decoupled 0.001
      plainSgd >> clipUpdateRms 0.5 0.1
      (fun () -> adam 0.001 0.9 0.999 1e-8 true false) >> clipUpdateRms 0.8 0.001
      (fun () -> adam 0.001 0.9 0.999 1e-8 true false) >> accumulate 4
      (fun () -> adam 0.001 0.9 0.999 1e-8 true false) >> lookahead 5 0.5 ]
    |> List.map (fun start -> (start ()).Name, start)

/// For each mean over a trajectory, what starts it.
let averages: (string * (unit -> Average)) list =
    [ fun () -> ema 0.99 true
      fun () -> ema 0.99 false
      fun () -> swa 1 1
      fun () -> swa 50 5 ]
    |> List.map (fun start -> (start ()).Name, start)
