/// The inner loops of a matrix product. A tile of C stays in registers while A and B are read once.
///
/// A is read in place, with any strides: row i of a tile starts at <c>min i last · row</c>, so the rows after the last one repeat it. B is a
/// panel, or rows in place. If <c>continues</c> is true, the chains start from the elements of C, else from 0.
///
/// Performance: each row of A has a base address of its own, and all of them share one offset of native size. So every load is one
/// instruction without arithmetic on addresses. Twelve or eight independent chains keep two multiply-add units busy.
module internal CuteDl.Core.Numerics.Tiles

open System.Runtime.CompilerServices

/// Tells a tile at compile time whether it also copies B to the panel.
type ISource<'S when 'S :> ISource<'S>> =
    static abstract Copies: bool

/// B is only read.
[<Struct>]
type Reading =
    interface ISource<Reading> with
        static member Copies = false

/// B is read in place, and copied to the panel for the tiles below.
[<Struct>]
type Copying =
    interface ISource<Copying> with
        static member Copies = true

/// The rows of a wide tile.
[<Literal>]
let WideRows = 6

/// Computes six rows of C by two registers.
[<Kernel>]
let wide<'S, 'V, 'T when 'S: struct and 'S :> ISource<'S> and 'V: struct and 'V :> IMatrixRegister<'V, 'T>>
    (
        a: byref<'T>,
        row: nativeint,
        step: nativeint,
        last: nativeint,
        b: byref<'T>,
        bRow: nativeint,
        panel: byref<'T>,
        depth: nativeint,
        c: byref<'T>,
        cRow: nativeint,
        continues: bool
    ) : unit =
    let mutable c00 = 'V.Zero
    let mutable c01 = 'V.Zero
    let mutable c10 = 'V.Zero
    let mutable c11 = 'V.Zero
    let mutable c20 = 'V.Zero
    let mutable c21 = 'V.Zero
    let mutable c30 = 'V.Zero
    let mutable c31 = 'V.Zero
    let mutable c40 = 'V.Zero
    let mutable c41 = 'V.Zero
    let mutable c50 = 'V.Zero
    let mutable c51 = 'V.Zero
    let width = nativeint 'V.Width

    if continues then
        c00 <- 'V.Load(&c)
        c01 <- 'V.Load(&Unsafe.Add(&c, width))
        c10 <- 'V.Load(&Unsafe.Add(&c, cRow))
        c11 <- 'V.Load(&Unsafe.Add(&c, cRow + width))
        c20 <- 'V.Load(&Unsafe.Add(&c, 2n * cRow))
        c21 <- 'V.Load(&Unsafe.Add(&c, 2n * cRow + width))
        c30 <- 'V.Load(&Unsafe.Add(&c, 3n * cRow))
        c31 <- 'V.Load(&Unsafe.Add(&c, 3n * cRow + width))
        c40 <- 'V.Load(&Unsafe.Add(&c, 4n * cRow))
        c41 <- 'V.Load(&Unsafe.Add(&c, 4n * cRow + width))
        c50 <- 'V.Load(&Unsafe.Add(&c, 5n * cRow))
        c51 <- 'V.Load(&Unsafe.Add(&c, 5n * cRow + width))

    let a1 = &Unsafe.Add(&a, row * min last 1n)
    let a2 = &Unsafe.Add(&a, row * min last 2n)
    let a3 = &Unsafe.Add(&a, row * min last 3n)
    let a4 = &Unsafe.Add(&a, row * min last 4n)
    let a5 = &Unsafe.Add(&a, row * min last 5n)
    let mutable ia = 0n
    let mutable ib = 0n
    let mutable copied = 0n
    let past = depth * bRow

    while ib < past do
        let b0 = 'V.Load(&Unsafe.Add(&b, ib))
        let b1 = 'V.Load(&Unsafe.Add(&Unsafe.Add(&b, ib), width))

        if 'S.Copies then
            'V.Store(b0, &Unsafe.Add(&panel, copied))
            'V.Store(b1, &Unsafe.Add(&panel, copied + width))
            copied <- copied + 2n * width

        let x0 = 'V.Broadcast(Unsafe.Add(&a, ia))
        'V.Accumulate(x0, b0, &c00)
        'V.Accumulate(x0, b1, &c01)
        let x1 = 'V.Broadcast(Unsafe.Add(&a1, ia))
        'V.Accumulate(x1, b0, &c10)
        'V.Accumulate(x1, b1, &c11)
        let x2 = 'V.Broadcast(Unsafe.Add(&a2, ia))
        'V.Accumulate(x2, b0, &c20)
        'V.Accumulate(x2, b1, &c21)
        let x3 = 'V.Broadcast(Unsafe.Add(&a3, ia))
        'V.Accumulate(x3, b0, &c30)
        'V.Accumulate(x3, b1, &c31)
        let x4 = 'V.Broadcast(Unsafe.Add(&a4, ia))
        'V.Accumulate(x4, b0, &c40)
        'V.Accumulate(x4, b1, &c41)
        let x5 = 'V.Broadcast(Unsafe.Add(&a5, ia))
        'V.Accumulate(x5, b0, &c50)
        'V.Accumulate(x5, b1, &c51)
        ia <- ia + step
        ib <- ib + bRow

    'V.Store(c00, &c)
    'V.Store(c01, &Unsafe.Add(&c, width))
    'V.Store(c10, &Unsafe.Add(&c, cRow))
    'V.Store(c11, &Unsafe.Add(&c, cRow + width))
    'V.Store(c20, &Unsafe.Add(&c, 2n * cRow))
    'V.Store(c21, &Unsafe.Add(&c, 2n * cRow + width))
    'V.Store(c30, &Unsafe.Add(&c, 3n * cRow))
    'V.Store(c31, &Unsafe.Add(&c, 3n * cRow + width))
    'V.Store(c40, &Unsafe.Add(&c, 4n * cRow))
    'V.Store(c41, &Unsafe.Add(&c, 4n * cRow + width))
    'V.Store(c50, &Unsafe.Add(&c, 5n * cRow))
    'V.Store(c51, &Unsafe.Add(&c, 5n * cRow + width))

/// The rows of a tall tile.
[<Literal>]
let TallRows = 8

/// Computes eight rows of C by one register.
[<Kernel>]
let tall<'V, 'T when 'V: struct and 'V :> IMatrixRegister<'V, 'T>>
    (
        a: byref<'T>,
        row: nativeint,
        step: nativeint,
        last: nativeint,
        panel: byref<'T>,
        depth: nativeint,
        c: byref<'T>,
        cRow: nativeint,
        continues: bool
    ) : unit =
    let mutable c0 = 'V.Zero
    let mutable c1 = 'V.Zero
    let mutable c2 = 'V.Zero
    let mutable c3 = 'V.Zero
    let mutable c4 = 'V.Zero
    let mutable c5 = 'V.Zero
    let mutable c6 = 'V.Zero
    let mutable c7 = 'V.Zero

    if continues then
        c0 <- 'V.Load(&c)
        c1 <- 'V.Load(&Unsafe.Add(&c, cRow))
        c2 <- 'V.Load(&Unsafe.Add(&c, 2n * cRow))
        c3 <- 'V.Load(&Unsafe.Add(&c, 3n * cRow))
        c4 <- 'V.Load(&Unsafe.Add(&c, 4n * cRow))
        c5 <- 'V.Load(&Unsafe.Add(&c, 5n * cRow))
        c6 <- 'V.Load(&Unsafe.Add(&c, 6n * cRow))
        c7 <- 'V.Load(&Unsafe.Add(&c, 7n * cRow))

    let a1 = &Unsafe.Add(&a, row * min last 1n)
    let a2 = &Unsafe.Add(&a, row * min last 2n)
    let a3 = &Unsafe.Add(&a, row * min last 3n)
    let a4 = &Unsafe.Add(&a, row * min last 4n)
    let a5 = &Unsafe.Add(&a, row * min last 5n)
    let a6 = &Unsafe.Add(&a, row * min last 6n)
    let a7 = &Unsafe.Add(&a, row * min last 7n)
    let mutable ia = 0n
    let mutable ib = 0n
    let past = depth * nativeint 'V.Width

    while ib < past do
        let b = 'V.Load(&Unsafe.Add(&panel, ib))
        'V.Accumulate('V.Broadcast(Unsafe.Add(&a, ia)), b, &c0)
        'V.Accumulate('V.Broadcast(Unsafe.Add(&a1, ia)), b, &c1)
        'V.Accumulate('V.Broadcast(Unsafe.Add(&a2, ia)), b, &c2)
        'V.Accumulate('V.Broadcast(Unsafe.Add(&a3, ia)), b, &c3)
        'V.Accumulate('V.Broadcast(Unsafe.Add(&a4, ia)), b, &c4)
        'V.Accumulate('V.Broadcast(Unsafe.Add(&a5, ia)), b, &c5)
        'V.Accumulate('V.Broadcast(Unsafe.Add(&a6, ia)), b, &c6)
        'V.Accumulate('V.Broadcast(Unsafe.Add(&a7, ia)), b, &c7)
        ia <- ia + step
        ib <- ib + nativeint 'V.Width

    'V.Store(c0, &c)
    'V.Store(c1, &Unsafe.Add(&c, cRow))
    'V.Store(c2, &Unsafe.Add(&c, 2n * cRow))
    'V.Store(c3, &Unsafe.Add(&c, 3n * cRow))
    'V.Store(c4, &Unsafe.Add(&c, 4n * cRow))
    'V.Store(c5, &Unsafe.Add(&c, 5n * cRow))
    'V.Store(c6, &Unsafe.Add(&c, 6n * cRow))
    'V.Store(c7, &Unsafe.Add(&c, 7n * cRow))
