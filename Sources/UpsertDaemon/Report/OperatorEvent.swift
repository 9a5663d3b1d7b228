package import Logging

/// What happens to the daemon that an operator, or a program that reads the journal, may want to act on.
///
/// The raw value is the journal's MESSAGE_ID: it never changes and is never used for anything else. The message catalog has
/// an entry for each, which `journalctl -x` shows. Source: sd_journal_print(3), systemd's catalog format.
package enum OperatorEvent: String, Sendable, CaseIterable {
    // The daemon's life.
    case started = "65e0fa3c0e5245409cabec8684f9dc33"
    case recovered = "7ff89e58d91a4f06b1cb46e28c82d3d5"
    case ready = "93200a2fb4344dcb84141bc9a3175867"
    case reloaded = "53b7d554e38e4a45870230feb766702a"
    case reloadFailed = "5ba5d64c0b8148959a9bccbb3c440e0b"
    case stopping = "40daaa1be92d45a4866ae96631c7153d"
    case drained = "765846f3bed84d468820c6b996761a92"
    case startFailed = "c38b09be4e6045e4ac0b98b9a06c0aa4"

    // What must not happen.
    case queueSetAside = "8e76d419167c4cb5a5b72bfa34e74362"
    case diskFailed = "5909ef43c88a42b6aa98c5784ae8f5e1"
    case queueDamaged = "8bda9c8667f04879a7c5b07f7d14ae8c"
    case invariantBroken = "7fba563c80f5449087453349b26406d8"
    case deliveryStalled = "6c37897a550b48debcac27c79558dc3d"
    case intakeStalled = "ce719f88cc8040f9bddb0f9b2a824c1b"

    // Intake.
    case diskFull = "d6e17292d14d4c7da0fbaa08efae875b"
    case diskOK = "19472c621ada417fbdec2745c199d7fb"
    case intakeStopped = "3a362bebbdd848b491aefdd52badd15f"
    case intakeResumed = "6065cb08beb148a5b968e06770b34694"
    case fileLeftAlone = "7b45c01ae33e4007a3f33fc5e517a9af"
    case fileRefused = "3958b1313f534815aa67550ba56867f6"
    case recordsRefused = "bdbcb98245bd45b09b5914ed42b22db7"
    case rowsRefused = "b9c7f48f0a5d43338a98bdffa2c7284c"
    case outboxUnreadable = "5026aab773af4d56b1b20ab07d030cdd"
    case outboxReadable = "39caa04b944c4c1fbd7350d8ea321d91"
    case spoolPolled = "d310e6a7f9ad4faa896ca3042ebfce60"

    // Delivery.
    case targetHeld = "85783b47fb89421aa961802575a94e49"
    case targetResumed = "cd4310c63ebc47b880ae29fbc0da39e1"
    case namespaceHeld = "8c7cbb63db6d419594896fee668a303e"
    case namespaceResumed = "a8991ac42b364f8cb0609b27f5492b74"
    case recordsOrphaned = "0589fe95b56642ebae857e57667abe72"
    case requestsUnresolved = "a5307e7b34f94496ae30c7ee6809ef77"
    case requestFailed = "b007651860f049558c5956f1a45e0771"
    case requestsSucceed = "483a0a4f94154922a4ecd993150d160b"
    case recordQuarantined = "2d707545bf154422a220b782e158429b"
    case recordsQuarantined = "079ba81b618d49ce92862300df09b61d"
    case requestsSmaller = "9226242c3bb84835ad179d4367c4198b"

    // What operators did.
    case paused = "eff528fd90cd402f881754f86f6e30a5"
    case unpaused = "bd9dfb5bb94444a38fbb94f9f583be0d"
    case quarantineDropped = "0b5e4802f22a45c78393c025e60c71ff"

    /// How urgent it is; the journal's PRIORITY follows.
    ///
    /// critical: the daemon ends. error: something does not go on, or not as it was asked to. warning: somebody should look.
    /// notice: good to know.
    package var level: Logger.Level {
        switch self {
        case .startFailed, .diskFailed, .queueDamaged, .invariantBroken, .deliveryStalled, .intakeStalled,
            .queueSetAside:
            .critical
        case .reloadFailed, .diskFull, .intakeStopped, .outboxUnreadable, .targetHeld, .namespaceHeld: .error
        case .fileLeftAlone, .fileRefused, .recordsRefused, .rowsRefused, .spoolPolled, .requestFailed,
            .recordQuarantined, .recordsQuarantined, .requestsSmaller, .recordsOrphaned, .requestsUnresolved:
            .warning
        case .started, .recovered, .ready, .reloaded, .stopping, .drained, .diskOK, .intakeResumed, .outboxReadable,
            .targetResumed, .namespaceResumed, .requestsSucceed, .paused, .unpaused, .quarantineDropped:
            .notice
        }
    }

    /// The metadata that always comes with it, in the journal as UPSERTD_ and the name in capitals; more may come.
    package var fields: Set<String> {
        switch self {
        case .started: ["version", "config", "targets"]
        case .recovered: ["records", "bytes", "unclean", "seconds"]
        case .ready: ["socket"]
        case .reloaded: ["changed", "restart_for"]
        case .reloadFailed, .diskFailed, .queueDamaged, .invariantBroken: ["reason"]
        case .stopping: ["in_flight"]
        case .drained: ["queued", "clean"]
        case .startFailed: ["reason", "status"]
        case .deliveryStalled: ["target", "seconds"]
        case .intakeStalled: ["source", "seconds"]
        case .diskFull: ["place", "reason"]
        case .diskOK: ["place"]
        case .intakeStopped: ["source", "reason"]
        case .intakeResumed: ["source", "was"]
        case .fileLeftAlone: ["spool", "file", "reason", "mend"]
        case .fileRefused: ["spool", "file", "code", "reason"]
        case .recordsRefused: ["spool", "file", "refused", "errors_file"]
        case .rowsRefused: ["outbox", "refused", "seq", "reason"]
        case .outboxUnreadable: ["outbox", "reason"]
        case .outboxReadable: ["outbox"]
        case .spoolPolled: ["spool", "reason"]
        case .targetHeld: ["target", "hold", "reason"]
        case .queueSetAside: ["set_aside", "reason", "salvage"]
        case .namespaceResumed: ["target", "namespace", "hold"]
        case .recordsOrphaned: ["target", "records", "quarantined", "move"]
        case .requestsUnresolved: ["target", "unresolved"]
        case .targetResumed: ["target", "hold"]
        case .namespaceHeld: ["target", "namespace", "hold", "reason"]
        case .requestFailed: ["target", "reason", "ambiguous", "failures", "delay_ms"]
        case .requestsSucceed: ["target", "failures"]
        case .recordQuarantined: ["target", "namespace", "id", "batch", "reason"]
        case .recordsQuarantined: ["target", "records", "seconds", "reason"]
        case .requestsSmaller: ["target", "bytes", "reason"]
        case .paused, .unpaused: ["target"]
        case .quarantineDropped: ["records"]
        }
    }
}

extension Logger {
    /// Logs an event at its level, with its MESSAGE_ID.
    ///
    /// - Parameters:
    ///   - message: What happened, to what, what to do; the values are in `fields`.
    ///   - fields: At least ``OperatorEvent/fields``, together with the logger's own metadata.
    package func report(_ event: OperatorEvent, _ message: Logger.Message, _ fields: Logger.Metadata = [:]) {
        var metadata = fields
        metadata[LogText.messageID] = "\(event.rawValue)"
        log(level: event.level, message, metadata: metadata)
    }
}
