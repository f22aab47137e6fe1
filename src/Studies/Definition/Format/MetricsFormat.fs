namespace CuteDl.Studies

/// The format of <c>metrics</c>.
[<RequireQualifiedAccess>]
module internal MetricsFormat =
    /// The format of the metrics of a registry.
    let shape (registry: StudyRegistry) : Shape<IMetric list> =
        Shape.wordWithMeaning (fun (metric: IMetric) -> metric.Name) _.Meaning (List.ofSeq registry.Metrics)
        |> Shape.items "metrics"
        |> Shape.distinct "metrics"

    /// The key. The default is not printed.
    let field (registry: StudyRegistry) (get: 'Record -> IMetric list) : Fields<'Record, IMetric list> =
        Field.brief
            "metrics"
            "The metrics of tables and comparisons, in their order. A metric of one's own must be in the registry that reads the study."
            (shape registry)
            Metric.Defaults
            get
