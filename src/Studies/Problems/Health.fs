namespace CuteDl.Studies

/// <summary>The state of a trained model's units.</summary>
type Health =
    {
        /// <summary>The indices of the outputs that are 0 for every training and validation image: dead relu units.</summary>
        DeadLogits: int array
        /// <summary>The indices of the outputs that are above 0 for less than one training image in a thousand.</summary>
        AlmostDeadLogits: int array
        /// <summary>The highest accuracy that is possible with these outputs; 1 if none is dead.</summary>
        AccuracyCeiling: float
        /// <summary>For each hidden relu layer, the number of units that are 0 for every validation image.</summary>
        DeadUnits: int array
        /// <summary>The first step, from 1, with a non-finite training loss, gradient or optimizer state; 0 if there was none.</summary>
        FirstNonFinite: int64
    }

    /// Nothing is known to be wrong.
    static member internal Sound: Health =
        { DeadLogits = [||]
          AlmostDeadLogits = [||]
          AccuracyCeiling = 1.0
          DeadUnits = [||]
          FirstNonFinite = 0L }
