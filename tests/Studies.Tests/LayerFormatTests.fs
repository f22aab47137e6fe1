/// Layers of every kind in the table, in study files.
module CuteDl.Studies.Tests.LayerFormatTests

open System
open Expecto
open FsCheck.FSharp
open CuteDl.Testing
open CuteDl.Core.Networks
open CuteDl.Core.Tests
open CuteDl.Studies

let private studyOf (layers: Layer list) : StudyDesign =
    match StudyJson.parse (StudyGenerators.sample "mnist-six") with
    | Error errors -> failtest (String.Join("\n", errors))
    | Ok study ->
        let task = study.Tasks.Head
        let images = task.Problem :?> DataSetProblem
        { study with Tasks = [ { task with Problem = { images with Layers = layers } } ] }

let private layersOf (study: StudyDesign) : Layer list = (study.Tasks.Head.Problem :?> DataSetProblem).Layers

let private refused (layers: Layer list) (expected: string) =
    match StudyJson.parse (StudyJson.print (studyOf layers)) with
    | Ok _ -> failtest "It was read."
    | Error errors -> Expect.stringContains (String.Join("\n", errors)) expected "errors"

let tests =
    testList
        "layers in study files"
        [ for kind in LayerKinds.all do
              property $"{kind.Name} is read as it was printed" (LayerSamples.ofKind kind) (fun layer ->
                  let layers: Layer list = [ layer; Flatten(); Dense(10, Linear) ]

                  match StudyJson.parse (StudyJson.print (studyOf layers)) with
                  | Ok study -> Expect.equal (layersOf study) layers "layers"
                  | Error errors -> failtest (String.Join("\n", errors)))

          testCase "layers that no file can have are refused" (fun () ->
              refused [ Shift(); Flatten(); Dense(10, Linear) ] "shift"
              refused [ Residual [ Residual [ Activate ReLU ] ]; Flatten(); Dense(10, Linear) ] "residual(activate(relu))") ]
