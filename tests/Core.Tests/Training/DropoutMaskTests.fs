/// Which masks training uses: seen from outside, through the weights that a step leaves unchanged.
module CuteDl.Core.Tests.DropoutMaskTests

open System.Threading
open Expecto
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers
open CuteDl.Core.Training

let private width = 200

let private data =
    let set = DataSet(width, Array.create width 255uy, [| 0 |], 1)
    DataSets.ofPair set set

let private model = Model.create width [ Dropout 0.5; Dense(1, Linear) ] MeanSquaredError

let private options seed steps =
    { TrainingOptions.Document with
        BatchSize = 1
        Seed = seed
        MaxSteps = Some(int64 steps)
        StopRules = [] }

let private parametersAfter seed steps =
    let optimizer = Optimizer.create { LearningRate = 1e-4 }
    let initial = Array.zeroCreate<float>(width + 1)
    (Trainer.train model optimizer (options seed steps) data initial ignore CancellationToken.None).Parameters

/// For each input, whether the given step kept it: an input that is dropped has no gradient.
let private masks seed steps =
    Array.init (steps + 1) (fun step -> if step = 0 then Array.zeroCreate (width + 1) else parametersAfter seed step)
    |> Array.pairwise
    |> Array.map (fun (before, after) -> Array.map2 (<>) before[.. width - 1] after[.. width - 1])

/// The share of places at which a mask agrees with another one, shifted.
let private agreement (first: bool array) (second: bool array) shift =
    let places =
        [ for j in 0 .. width - 1 do
              if j + shift >= 0 && j + shift < width then
                  first[j + shift] = second[j] ]

    float (places |> List.filter id |> List.length) / float places.Length

let tests =
    testList
        "dropout in training"
        [ testCase "keeps about a half at a rate of a half" (fun () ->
              for mask in masks 3 6 do
                  Close.within 0.18 (float (mask |> Array.filter id |> Array.length) / float width) 0.5 "share kept")
          testCase "uses a new mask at every step, not the last one moved along" (fun () ->
              for seed in 1..3 do
                  let masks = masks seed 8

                  for t in 1..7 do
                      for earlier in 0 .. t - 1 do
                          for shift in -9 .. 9 do
                              // Independent masks agree at half the places, ± 0.035 once.
                              let share = agreement masks[earlier] masks[t] shift
                              Close.within 0.2 share 0.5 $"seed {seed}: masks of steps {earlier + 1} and {t + 1}, moved by {shift}")
          testCase "uses masks that follow from the seed" (fun () ->
              Expect.equal (masks 3 4) (masks 3 4) "the same seed"
              Expect.notEqual (masks 3 4) (masks 4 4) "another seed") ]
