namespace CuteDl.Studies

/// Checks kinds of protocol, and whether protocols agree with their kinds.
[<RequireQualifiedAccess>]
module internal ProtocolRules =
    /// The key of a part in study files.
    let keyName (key: ProtocolKey) : string =
        match key with
        | ProtocolKey.Tuning -> "tuning"
        | ProtocolKey.Confirmation -> "confirmation"
        | ProtocolKey.Frontier -> "frontier"
        | ProtocolKey.Seeds -> "seeds"
        | ProtocolKey.StopRules -> "stop_rules"

    let private comparedPhases = [ Phase.Confirmation; Phase.Document; Phase.Run ]

    let private needlessDefaults (name: string) (tuning: Tuning option) (confirmation: Confirmation) : string list =
        [ if confirmation.Defaults && tuning.IsNone then
              $"The protocol {name} has no tuning, so it cannot train default settings too. Set Defaults of its confirmation to false." ]

    let private needlessLooks (kind: ProtocolKind) (confirmation: Confirmation) : string list =
        [ if confirmation.InterimLooks.IsSome && not kind.ComparesPairs then
              $"The protocol {kind.Name} compares no pairs, so interim looks can decide nothing. Remove the looks." ]

    /// Returns the contradictions in a kind, in sentences.
    let contradictions (kind: ProtocolKind) : string list =
        [ if not (List.contains kind.Phase comparedPhases) then
              let allowed = System.String.Join(", ", comparedPhases)

              $"The compared trials of the protocol {kind.Name} cannot have the phase {kind.Phase}. Use one of {allowed}."

          if kind.Has ProtocolKey.Tuning && kind.Tuning.IsNone then
              $"Studies can set the tuning of the protocol {kind.Name}, but the protocol has none. Give it a tuning, or remove the key."

          if kind.Has ProtocolKey.Confirmation && kind.Has ProtocolKey.Seeds then
              $"The protocol {kind.Name} has the keys confirmation and seeds, and both set the seeds. Keep one of them."

          for key, count in List.countBy id kind.Keys do
              if count > 1 then
                  $"The protocol {kind.Name} has the key {keyName key} {count} times. Keep one."

          yield! needlessDefaults kind.Name kind.Tuning kind.Confirmation
          yield! needlessLooks kind kind.Confirmation ]

    /// The parts of a protocol that its kind fixes, and that differ from the kind's.
    let private changed (protocol: Protocol) : ProtocolKey list =
        let kind = protocol.Kind

        let confirmation =
            if kind.Has ProtocolKey.Seeds then
                { kind.Confirmation with Seeds = protocol.Confirmation.Seeds }
            else
                kind.Confirmation

        [ if protocol.Tuning <> kind.Tuning then
              ProtocolKey.Tuning
          if protocol.Confirmation <> confirmation then
              ProtocolKey.Confirmation
          if protocol.Frontier <> kind.Frontier then
              ProtocolKey.Frontier
          if protocol.StopRules <> kind.StopRules then
              ProtocolKey.StopRules ]
        |> List.filter (kind.Has >> not)

    /// Returns the reasons why no study can have a protocol, in sentences.
    let problems (protocol: Protocol) : string list =
        let kind = protocol.Kind

        [ yield! contradictions kind
          yield! needlessDefaults kind.Name protocol.Tuning protocol.Confirmation
          yield! needlessLooks kind protocol.Confirmation

          if kind.Has ProtocolKey.Tuning && protocol.Tuning.IsNone then
              $"The protocol {kind.Name} needs a tuning, but this study has none. Give it one, or use another protocol."

          for key in changed protocol do
              $"The protocol {kind.Name} does not let a study set \"{keyName key}\". Leave this part as it is, or use another protocol." ]
        |> List.distinct
