namespace CuteDl.Studies

open System
open CuteDl.Core.Numerics

/// <summary>
/// Low-discrepancy points of [0, 1)ⁿ, more even than random points. A point depends only on the key, the number of dimensions and its
/// index.
/// </summary>
[<RequireQualifiedAccess>]
module QuasiRandom =
    /// The degree, inner coefficients and first direction numbers of the polynomial of each dimension after the first. They are the first
    /// lines of new-joe-kuo-6.21201 (Joe & Kuo 2008, "Constructing Sobol sequences with better two-dimensional projections").
    let internal polynomials: struct (int * int * uint32 list) list =
        [ struct (1, 0, [ 1u ])
          struct (2, 1, [ 1u; 3u ])
          struct (3, 1, [ 1u; 3u; 1u ])
          struct (3, 2, [ 1u; 1u; 1u ])
          struct (4, 1, [ 1u; 1u; 3u; 3u ])
          struct (4, 4, [ 1u; 3u; 5u; 13u ])
          struct (5, 2, [ 1u; 1u; 5u; 5u; 17u ])
          struct (5, 4, [ 1u; 1u; 5u; 5u; 5u ])
          struct (5, 7, [ 1u; 1u; 7u; 11u; 19u ])
          struct (5, 11, [ 1u; 1u; 5u; 1u; 1u ])
          struct (5, 13, [ 1u; 1u; 1u; 3u; 11u ])
          struct (5, 14, [ 1u; 3u; 5u; 5u; 31u ])
          struct (6, 1, [ 1u; 3u; 3u; 9u; 7u; 49u ])
          struct (6, 13, [ 1u; 1u; 1u; 15u; 21u; 21u ])
          struct (6, 16, [ 1u; 3u; 1u; 13u; 27u; 49u ]) ]

    let private primes = [ 2; 3; 5; 7; 11; 13; 17; 19; 23; 29; 31; 37; 41; 43; 47; 53 ]

    /// <summary>The largest number of dimensions.</summary>
    let maxDimensions = primes.Length

    let private bits = 32

    /// Returns the direction number of each bit, most significant bit first: mₖ, shifted to the top (Bratley & Fox 1988, "Algorithm 659").
    let private directionNumbers (dimension: int) : uint32 array =
        if dimension = 0 then
            Array.init bits (fun k -> 1u <<< (bits - 1 - k))
        else
            let struct (degree, coefficients, first) = polynomials[dimension - 1]
            let v = Array.zeroCreate<uint32> bits
            first |> List.iteri (fun k m -> v[k] <- m <<< (bits - 1 - k))

            for k in degree .. bits - 1 do
                v[k] <- v[k - degree] ^^^ (v[k - degree] >>> degree)

                for j in 1 .. degree - 1 do
                    if (coefficients >>> (degree - 1 - j)) &&& 1 = 1 then
                        v[k] <- v[k] ^^^ v[k - j]

            v

    let private directions = lazy Array.init maxDimensions directionNumbers

    let private checkDimensions (dimensions: int) =
        if dimensions < 1 || dimensions > maxDimensions then
            raise (
                ArgumentOutOfRangeException(
                    nameof dimensions,
                    dimensions,
                    $"A quasi-random sequence must have 1 to {maxDimensions} dimensions."
                )
            )

    /// Returns the bits of a point of the unscrambled Sobol sequence, in the order of the Gray code (Antonov & Saleev 1979).
    let internal sobolBits (dimension: int) (index: int) : uint32 =
        let gray = uint32 index ^^^ (uint32 index >>> 1)
        let v = directions.Value[dimension]
        let mutable point = 0u

        for k in 0 .. bits - 1 do
            if (gray >>> k) &&& 1u = 1u then
                point <- point ^^^ v[k]

        point

    /// Nested uniform scrambling: flips each bit at random, independently for each value of the bits above it.
    let private owen (key: uint64) (point: uint32) : uint32 =
        let mutable scrambled = 0u

        for level in 0 .. bits - 1 do
            let above = if level = 0 then 0UL else uint64 (point >>> (bits - level))
            let flip = RandomStream.subkey key ((1UL <<< level) + above) >>> 63
            let bit = (point >>> (bits - 1 - level)) &&& 1u
            scrambled <- (scrambled <<< 1) ||| (bit ^^^ uint32 flip)

        scrambled

    /// <summary>
    /// Returns a point of the Sobol sequence (1967) with the direction numbers of Joe &amp; Kuo (2008) and the scrambling of Owen (1995).
    /// Of the first 2ᵏ points, each interval of length 2⁻ᵏ has exactly one in every dimension.
    /// </summary>
    /// <param name="key">The key of the scrambling: <c>RandomStream.key seed purpose</c>.</param>
    /// <param name="dimensions">The number of dimensions, from 1 to <c>maxDimensions</c>.</param>
    /// <param name="index">The index of the point, from 0.</param>
    /// <returns>Coordinates strictly between 0 and 1.</returns>
    let sobol (key: uint64) (dimensions: int) (index: int) : float array =
        checkDimensions dimensions

        Array.init dimensions (fun dimension ->
            (float (owen (RandomStream.subkey key (uint64 dimension)) (sobolBits dimension index)) + 0.5)
            / 4294967296.0)

    /// Returns the radical inverse: the digits of the index, mirrored at the point.
    let internal radicalInverse (prime: int) (index: int) : float =
        let mutable rest = index
        let mutable place = 1.0
        let mutable value = 0.0

        while rest > 0 do
            place <- place / float prime
            value <- value + place * float (rest % prime)
            rest <- rest / prime

        value

    /// <summary>
    /// Returns a point of the Halton sequence (1960): each dimension has its own prime, and is shifted modulo 1 (Cranley &amp; Patterson
    /// 1976).
    /// </summary>
    /// <param name="key">The key of the shift: <c>RandomStream.key seed purpose</c>.</param>
    /// <param name="dimensions">The number of dimensions, from 1 to <c>maxDimensions</c>.</param>
    /// <param name="index">The index of the point, from 0.</param>
    /// <returns>Coordinates in [0, 1).</returns>
    let halton (key: uint64) (dimensions: int) (index: int) : float array =
        checkDimensions dimensions

        Array.init dimensions (fun dimension ->
            let shifted = radicalInverse primes[dimension] index + RandomStream.uniformAt key (uint64 dimension)
            if shifted >= 1.0 then shifted - 1.0 else shifted)
