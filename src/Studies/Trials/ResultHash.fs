namespace CuteDl.Studies

open System
open System.Security.Cryptography
open System.Text

/// Tells whether two trainings of a trial had equal results.
[<RequireQualifiedAccess>]
module internal ResultHash =
    /// Returns a hash of everything in a result that is repeatable: all but the seconds.
    let ofResult (result: TrialResult) : string =
        let untimed =
            { result with
                Seconds = 0.0
                // Infinite if the target was missed, which is repeatable.
                SecondsToTarget = if Double.IsFinite result.SecondsToTarget then 0.0 else result.SecondsToTarget
                Curve = { result.Curve with Seconds = Array.zeroCreate result.Curve.Seconds.Length } }

        let hash = SHA256.HashData(Encoding.UTF8.GetBytes(TrialJson.write untimed))
        Convert.ToHexStringLower(ReadOnlySpan(hash, 0, 16))
