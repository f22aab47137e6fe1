namespace CuteDl.Core.Optimizers

/// <summary>The place in a chain where the fluent methods of C# put a transformation.</summary>
[<RequireQualifiedAccess>]
type ChainPlace =
    /// <summary>Before all other parts.</summary>
    | First
    /// <summary>After the parts that are before the rule already.</summary>
    | BeforeRule
    /// <summary>After all other parts.</summary>
    | AfterRule
    /// <summary>It has no usual place.</summary>
    | Anywhere

/// <summary>The role of a kind of rule.</summary>
[<RequireQualifiedAccess>]
type Role =
    /// <summary>Computes steps from gradients; a rule of the library.</summary>
    | Rule of facts: RuleFacts
    /// <summary>Computes steps from gradients; a rule of one's own.</summary>
    | OwnRule
    /// <summary>Changes gradients or steps, for use in a chain.</summary>
    | Transformation of place: ChainPlace

    /// <summary>True for rules of the library and of one's own.</summary>
    member role.IsAnyRule =
        match role with
        | Rule _
        | OwnRule -> true
        | Transformation _ -> false

/// <summary>What a kind of rule is, for everything that treats kinds differently.</summary>
[<RequireQualifiedAccess>]
type Trait =
    /// <summary>Each element is updated by itself. Derived: the kind is an <c>IRule</c> that neither reduces nor keeps numbers.</summary>
    | Elementwise
    /// <summary>The update of an element depends on its whole tensor. Derived from the interfaces.</summary>
    | WholeTensor
    /// <summary>It decides for all tensors together, so it stays outside of groups.</summary>
    | AllTensors
    /// <summary>
    /// Its step of a tensor depends on no other tensor, so that some tensors can be without a gradient. For kinds that reduce tensors to sums;
    /// for all others, it follows from the interfaces.
    /// </summary>
    | SeparateTensors
    /// <summary>It can let the parts after it skip a step. Derived: <c>IGate</c>.</summary>
    | Gate
    /// <summary>It limits the gradient or step. Telemetry counts the elements that it changes before a rule.</summary>
    | Clips
    /// <summary>It keeps averages of the parameters. Derived: <c>IAveraging</c>.</summary>
    | Averaging
    /// <summary>It works on matrices only. Derived: <c>IShapedPart</c>.</summary>
    | NeedsMatrix
    /// <summary>It has an argument that is a factor of weight decay. Derived from the arguments.</summary>
    | DecaysWeights
    /// <summary>It leaves the step as it is: Δ = g.</summary>
    | LeavesStep
    /// <summary>A factor of its input is a factor of its Δ.</summary>
    | KeepsFactor
    /// <summary>The parameters are points between an average and other points.</summary>
    | BetweenPoints

/// <summary>The description of a kind of rule. Everything else about the kind is read from its record and this.</summary>
type RuleDescription =
    {
        /// <summary>The name in the text form: small letters, digits and underscores.</summary>
        Name: string
        /// <summary>A description in one line.</summary>
        Summary: string
        /// <summary>The equations, in the order of evaluation.</summary>
        Formula: string
        /// <summary>The paper that introduced it.</summary>
        Source: string
        /// <summary>The traits that cannot be derived.</summary>
        Traits: Trait list
        /// <summary>
        /// The laws that it does not obey, each with the reason: <c>"P22", "the bias corrections depend on the number of steps"</c>.
        /// </summary>
        Exempt: (string * string) list
        /// <summary>Its role.</summary>
        Role: Role
    }

    /// <summary>Describes a rule of one's own by its name alone; the other fields can be added with a copy.</summary>
    static member Own(name: string) =
        { Name = name
          Summary = "a custom rule"
          Formula = ""
          Source = ""
          Traits = []
          Exempt = []
          Role = Role.OwnRule }

/// <summary>A part that describes its kind. Implemented by the record of hyper-parameters.</summary>
type IDescribed<'Self when 'Self :> IPart and 'Self :> IDescribed<'Self>> =
    /// <summary>The description of the kind.</summary>
    static abstract Description: RuleDescription
