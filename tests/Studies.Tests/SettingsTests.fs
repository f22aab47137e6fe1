/// The settings that are tried of a contender, and the spaces that grow.
module CuteDl.Studies.Tests.SettingsTests

open System
open Expecto
open CuteDl.Testing
open CuteDl.Core.Optimizers
open CuteDl.Studies

let private contender text space = { Name = "it"; Label = "it"; Optimizer = Expression.parse text; Space = space }

let private tuning search trials =
    { Search = search
      Trials = trials
      Seeds = [ 1000 ]
      Objective = TimeToTarget
      Pruning = NoPruning
      Extensions = 1
      Nested = false }

let private valuesOf name (settings: ContenderSetting array) =
    [ for setting in settings do
          for struct (other, value) in setting.Values do
              if other = name then
                  value ]

let private start search trials text space = (Settings.start (tuning search trials) (contender text space)).Settings
let private sequences = [ Search.Sobol; Search.Halton ]

let private adamSpace =
    [ "lr", LogUniform(1e-4, 1.0)
      "beta1", Uniform(0.5, 0.99)
      "eps", Choice [ 1e-8; 1e-4 ]
      "beta2", Fixed 0.999 ]

let private extended search trials text space best =
    let tuning, contender = tuning search trials, contender text space
    let list = Settings.start tuning contender
    let best = list.Settings |> Array.findIndex (fun setting -> best setting)
    list, Settings.extend tuning contender best list

let private valueOf name (setting: ContenderSetting) = valuesOf name [| setting |] |> List.head

let private grids =
    testList
        "grid"
        [ testCase "is evenly spread, short, and has both ends" (fun () ->
              let settings = start Search.Grid 5 "adam()" [ "lr", LogUniform(1e-4, 0.01) ]
              Expect.equal (valuesOf "lr" settings) [ 0.0001; 0.000316; 0.001; 0.00316; 0.01 ] "rates"

              Expect.equal
                  (string settings[1].Optimizer)
                  (string (Expression.parse "adam(lr=0.000316)"))
                  "the same number in the optimizer"

              Expect.equal (valuesOf "beta1" (start Search.Grid 3 "adam()" [ "beta1", Uniform(0.5, 0.9) ])) [ 0.5; 0.7; 0.9 ] "uniform")

          testCase "combines with choices, the first changing last" (fun () ->
              let settings =
                  start Search.Grid 6 "adam()" [ "eps", Choice [ 1e-8; 1e-4 ]; "lr", LogUniform(0.001, 0.1); "beta2", Fixed 0.5 ]

              Expect.equal (valuesOf "eps" settings) [ 1e-8; 1e-8; 1e-8; 1e-4; 1e-4; 1e-4 ] "choices"
              Expect.equal (valuesOf "lr" settings) [ 0.001; 0.01; 0.1; 0.001; 0.01; 0.1 ] "rates"
              Expect.equal (valuesOf "beta2" settings) (List.replicate 6 0.5) "fixed")

          testCase "of whole numbers has whole numbers" (fun () ->
              let settings = start Search.Grid 3 "accumulate(2) | fixed()" [ "k", LogUniform(1.0, 16.0) ]
              Expect.equal (valuesOf "k" settings) [ 1.0; 4.0; 16.0 ] "k")

          testCase "is refused where it does not come out, with what is allowed" (fun () ->
              for trials, space, part in
                  [ 8, [ "lr", LogUniform(0.1, 1.0); "eps", LogUniform(0.1, 1.0) ], "lr and eps"
                    8, [ "eps", Choice [ 1e-8; 1e-4; 1e-3 ] ], "3 combinations"
                    8, [ "lr", LogUniform(0.1, 1.0); "eps", Choice [ 1e-8; 1e-4; 1e-3 ] ], "a multiple of 3, at least 6"
                    2, [ "lr", LogUniform(0.1, 1.0); "eps", Choice [ 1e-8; 1e-4 ] ], "a multiple of 2, at least 4"
                    1, [ "lr", LogUniform(0.1, 1.0) ], "at least 2 trials" ] do
                  match Settings.problems (tuning Search.Grid trials) (contender "adam()" space) with
                  | [ problem ] -> Expect.stringContains problem part "problem"
                  | other -> failtestf "%A" other

                  Expect.throwsT<ArgumentException> (fun () -> start Search.Grid trials "adam()" space |> ignore) "start")

          testCase "of too few whole numbers is refused" (fun () ->
              Expect.isNonEmpty
                  (Settings.problems (tuning Search.Grid 8) (contender "accumulate(2) | fixed()" [ "k", Uniform(1.0, 4.0) ]))
                  "problem")

          testCase "of what the optimizer does not have is refused" (fun () ->
              match Settings.problems (tuning Search.Sobol 8) (contender "adam()" [ "beta", Fixed 0.5 ]) with
              | [ problem ] -> Expect.stringContains problem "Did you mean beta1?" "problem"
              | other -> failtestf "%A" other)

          testCase "with nothing to tune is one setting" (fun () ->
              Expect.hasLength (start Search.Grid 8 "adam()" []) 1 "none"
              Expect.hasLength (start Search.Sobol 8 "adam()" [ "lr", Fixed 0.5 ]) 1 "fixed"
              Expect.equal (valuesOf "lr" (start Search.Sobol 8 "adam()" [ "lr", Fixed 0.5 ])) [ 0.5 ] "value")

          testCase "grows where its best is the last or the first, at the same ratio" (fun () ->
              let space = [ "lr", LogUniform(1e-4, 0.01) ]
              let list, upper = extended Search.Grid 5 "adam()" space (fun setting -> valueOf "lr" setting = 0.01)
              let upper = Option.get upper
              Expect.equal upper.Settings[0..4] list.Settings "what was there stays"
              Expect.equal (valuesOf "lr" upper.Settings[5..]) [ 0.0316; 0.1 ] "half as many steps"
              Expect.equal upper.Space [ "lr", LogUniform(1e-4, 0.1) ] "space"

              Expect.equal
                  upper.Extensions
                  [ [ { Name = "lr"; Before = LogUniform(1e-4, 0.01); After = LogUniform(1e-4, 0.1) } ] ]
                  "what is said"

              let _, lower = extended Search.Grid 5 "adam()" space (fun setting -> valueOf "lr" setting = 0.0001)
              Expect.equal (valuesOf "lr" (Option.get lower).Settings[5..]) [ 3.16e-5; 1e-5 ] "downwards"
              let _, within = extended Search.Grid 5 "adam()" space (fun setting -> valueOf "lr" setting = 0.000316)
              Expect.isNone within "not at an edge"
              // Again, from where it ends by now.
              let again = Settings.extend (tuning Search.Grid 5) (contender "adam()" space) 6 upper |> Option.get
              Expect.equal (valuesOf "lr" again.Settings[7..]) [ 0.316; 1.0; 3.16 ] "again"
              Expect.isNone (Settings.extend (tuning Search.Grid 5) (contender "adam()" space) 4 upper) "no edge any more")

          testCase "of a decay is even in the distance to 1, and grows towards 1" (fun () ->
              let space = [ "beta1", LogUniformBelowOne(0.9, 0.999) ]
              let list, upper = extended Search.Grid 5 "adam()" space (fun setting -> valueOf "beta1" setting = 0.999)
              Expect.equal (valuesOf "beta1" list.Settings) [ 0.9; 0.9684; 0.99; 0.99684; 0.999 ] "values"
              Expect.equal (valuesOf "beta1" (Option.get upper).Settings[5..]) [ 0.999684; 0.9999 ] "upwards"
              Expect.equal (Option.get upper).Space [ "beta1", LogUniformBelowOne(0.9, 0.9999) ] "space"
              let _, lower = extended Search.Grid 5 "adam()" space (fun setting -> valueOf "beta1" setting = 0.9)
              Expect.equal (valuesOf "beta1" (Option.get lower).Settings[5..]) [ 0.684; 0.0 ] "downwards")

          testCase "does not grow into what is not allowed" (fun () ->
              let _, none =
                  extended Search.Grid 3 "adam()" [ "beta1", Uniform(0.1, 0.9) ] (fun setting -> valueOf "beta1" setting = 0.9)

              Expect.isNone none "beta1 is below 1") ]

let private growing =
    testList
        "growing"
        [ for search in sequences do
              testCase $"{search}: the scale of a decay is its distance to 1" (fun () ->
                  let space = [ "beta1", LogUniformBelowOne(0.9, 0.999) ]
                  // The outermost 1/16 of the range begins at 1 − 0.001 · 10^(2/16).
                  let isEdge setting = valueOf "beta1" setting > 0.99867
                  let list, grown = extended search 16 "adam()" space isEdge
                  let below = valuesOf "beta1" list.Settings |> List.filter (fun value -> value < 0.99)
                  Expect.equal below.Length 8 "half of the values are on either side of the middle, 0.99"
                  let grown = Option.get grown
                  Expect.equal grown.Space [ "beta1", LogUniformBelowOne(0.9, 0.9999) ] "half the range more"
                  Expect.all (valuesOf "beta1" grown.Settings[16..]) (fun value -> value > 0.999 && value <= 0.9999) "in the new part")

              testCase $"{search}: beyond the edge alone, as far as is allowed" (fun () ->
                  let space = [ "lr", LogUniform(1e-4, 1.0); "beta1", Uniform(0.5, 0.99) ]

                  let isEdge setting = valueOf "lr" setting > 0.316
                  let list, grown = extended search 8 "adam()" space isEdge
                  let grown = Option.get grown
                  let added = grown.Settings[8..]
                  Expect.equal grown.Settings[..7] list.Settings "what was there stays"
                  Expect.hasLength added 4 "half as many"
                  Expect.equal (grown.Space |> List.find (fst >> (=) "lr") |> snd) (LogUniform(1e-4, 100.0)) "half the range more"

                  let isBeta1Grown = (grown.Space |> List.find (fst >> (=) "beta1") |> snd) <> Uniform(0.5, 0.99)
                  Expect.all added (fun setting -> valueOf "lr" setting > 1.0 || isBeta1Grown) "in the new part"
                  Expect.all added (fun setting -> valueOf "lr" setting <= 100.0) "within")

              testCase $"{search}: is clipped, and stops nine tenths of the way to a bound that is itself not allowed" (fun () ->
                  let _, grown =
                      extended search 8 "adam()" [ "beta1", Uniform(0.5, 0.9) ] (fun setting -> valueOf "beta1" setting > 0.85)

                  Expect.equal (Option.get grown).Space [ "beta1", Uniform(0.5, 0.99) ] "below 1"

                  let _, grown =
                      extended search 8 "adam()" [ "eps", Uniform(0.0, 1.0) ] (fun setting -> valueOf "eps" setting < 0.125)

                  Expect.isNone grown "at 0") ]

let tests =
    testList
        "settings"
        [ grids
          growing

          for search in sequences do
              testProperty $"{search}: so many are the first of more, whatever the seed" (fun (seed: int) ->
                  let settings trials =
                      (Settings.start { tuning search trials with Seeds = [ seed ] } (contender "adam()" adamSpace)).Settings

                  Expect.equal (settings 16 |> Array.take 8) (settings 8) "prefix")

              testCase $"{search}: within the space, evenly, and as short as can be" (fun () ->
                  let settings = start search 64 "adam()" adamSpace
                  let rates = valuesOf "lr" settings
                  Expect.all rates (fun rate -> rate >= 1e-4 && rate <= 1.0) "within"
                  Expect.all (valuesOf "beta1" settings) (fun beta -> beta >= 0.5 && beta <= 0.99) "within"
                  Expect.all rates (fun rate -> Double.Parse(rate.ToString "E2") = rate) "three digits"
                  Expect.equal (valuesOf "beta2" settings |> List.distinct) [ 0.999 ] "fixed"

                  for decade in 0..3 do
                      let low = Math.Pow(10.0, float decade - 4.0)
                      let count = rates |> List.filter (fun rate -> rate >= low && rate < 10.0 * low) |> List.length
                      Expect.isTrue (abs (count - 16) <= 1) $"{count} in a decade"

                  let choices = valuesOf "eps" settings |> List.countBy id |> List.map snd
                  Expect.all choices (fun count -> abs (count - 32) <= 2) "choices"

                  for setting in settings do
                      let expected =
                          (Expression.parse "adam()", setting.Values)
                          ||> Array.fold (fun optimizer (struct (name, value)) -> Optimizer.set name value optimizer)

                      Expect.equal setting.Optimizer expected "optimizer")

              testCase $"{search}: whole numbers get the same share each, and flags are chosen" (fun () ->
                  let settings =
                      start search 60 "accumulate(2) | sgd(momentum=0.9)" [ "k", Uniform(1.0, 3.0); "nesterov", Choice [ 0.0; 1.0 ] ]

                  let counts = valuesOf "k" settings |> List.countBy id |> List.sort
                  Expect.equal (List.map fst counts) [ 1.0; 2.0; 3.0 ] "values"
                  Expect.all counts (fun (_, count) -> abs (count - 20) <= 2) "shares")

          testCase "values of a narrow range keep the digits that tell them apart" (fun () ->
              let values = valuesOf "beta2" (start Search.Sobol 16 "adam()" [ "beta2", Uniform(0.999, 0.9999) ])
              Expect.hasLength (List.distinct values) 16 "all differ"
              Expect.all values (fun value -> value >= 0.999 && value <= 0.9999) "within")

          testCase "rates of a frontier are short, and keep their ends" (fun () ->
              Expect.equal (Settings.logarithmic 1e-5 1.0 6) [ 1e-5; 1e-4; 0.001; 0.01; 0.1; 1.0 ] "decades"
              Expect.equal (Settings.logarithmic 0.001 0.1 5) [ 0.001; 0.00316; 0.01; 0.0316; 0.1 ] "half decades")

          testCase "arguments are those of all parts" (fun () ->
              let optimizer = Expression.parse "l2(0.1) | { \"*.bias\": adam(), \"*\": momentum() }"
              Expect.equal (Settings.arguments "lr" optimizer |> List.length) 2 "lr"
              Expect.equal (Settings.arguments "factor" optimizer |> List.length) 1 "factor"
              Expect.isEmpty (Settings.arguments "beta" optimizer) "unknown")

          testCase "a name with several meanings needs its kind" (fun () ->
              let problems space =
                  Settings.problems (tuning Search.Sobol 8) (contender "clip_value | clip_norm | adam" space)

              Expect.stringContains
                  (List.exactlyOne (problems [ "limit", Uniform(1.0, 2.0) ]))
                  "Use one of these names: clip_value.limit, clip_norm.limit."
                  "several meanings"

              Expect.isEmpty (problems [ "clip_norm.limit", Uniform(1.0, 2.0); "lr", Fixed 0.1 ]) "qualified"

              let settings =
                  start Search.Sobol 4 "clip_value | clip_norm | adam" [ "clip_norm.limit", Uniform(2.0, 3.0) ]

              for setting in settings do
                  let struct (_, value) = setting.Values[0]
                  Expect.equal setting.Optimizer (Expression.parse $"clip_value(1) | clip_norm({value:R}) | adam") "optimizer")

          testCase "two entries for one hyper-parameter are refused" (fun () ->
              Expect.equal
                  (Settings.problems
                      (tuning Search.Sobol 8)
                      (contender "{ \"a\": adam, \"*\": sgd }" [ "lr", Uniform(0.1, 0.2); "adam.lr", Fixed 0.1 ]))
                  [ "it: two entries of the search space set lr. Keep one of them." ]
                  "problems") ]
