extension StatusReport {
    /// The snapshot in the Prometheus text format; names and labels are documented and only added to.
    package var metrics: String {
        var output = PrometheusText()
        addDaemon(to: &output)
        addCounters(to: &output)
        addTargets(to: &output)
        addSources(to: &output)
        addStages(to: &output)
        return output.text
    }

    private func addDaemon(to output: inout PrometheusText) {
        output.add(
            "upsertd_info", .gauge, "Always 1; the labels describe the daemon.", [.init(1, [("version", version)])])
        output.add(
            "upsertd_state", .gauge, "1 for the state that the daemon is in.",
            State.allCases.map { .init($0 == state, [("state", $0.rawValue)]) })
        output.add("upsertd_uptime_seconds", .gauge, "Seconds since the process started.", [.init(uptimeSeconds)])
        output.add(
            "upsertd_idle", .gauge, "1 when nothing waits anywhere and nothing is in flight.", [.init(idle)])
        output.add(
            "upsertd_queued_records", .gauge, "Records accepted and not settled, in flight included.",
            [.init(queued.records)])
        output.add("upsertd_queued_bytes", .gauge, "Encoded bytes of the queued records.", [.init(queued.bytes)])
        output.add(
            "upsertd_queued_oldest_age_seconds", .gauge, "Age of the oldest queued record; 0 when nothing is queued.",
            [.init(queued.oldestAgeSeconds)])
        output.add(
            "upsertd_held_keys", .gauge, "Record ids whose next version waits because an outcome is not known.",
            [.init(heldKeys)])
        output.add(
            "upsertd_quarantine_records", .gauge, "Records in the quarantine now.", [.init(quarantined.current)])
        output.add("upsertd_queue_file_bytes", .gauge, "Bytes of the queue's database file.", [.init(queue.fileBytes)])
        output.add(
            "upsertd_queue_disk_full", .gauge, "1 while nothing is accepted because the queue's disk is full.",
            [.init(queue.diskFull)])
        output.add(
            "upsertd_queue_reserve_bytes", .gauge,
            "Bytes of disk kept for storing what was delivered; 0 while they are in use.", [.init(queue.reserveBytes)])
        output.add(
            "upsertd_queue_set_aside", .gauge, "1 when this start has set a damaged queue aside.",
            [.init(queue.setAside != nil)])
        output.add(
            "upsertd_orphaned_records", .gauge, "Records that wait for a target that is not configured.",
            orphaned.sorted { $0.key < $1.key }.map { .init($0.value.queuedRecords, [("target", $0.key)]) })
    }

    private func addCounters(to output: inout PrometheusText) {
        let counters: [(name: String, help: String, value: Int)] = [
            ("accepted_records", "Records accepted into the queue.", accepted.records),
            ("accepted_bytes", "Encoded bytes accepted into the queue.", accepted.bytes),
            ("delivered_records", "Records acknowledged by a target.", delivered.records),
            ("delivered_requests", "Requests acknowledged by a target.", delivered.requests),
            ("delivered_bytes", "Encoded bytes acknowledged by a target.", delivered.bytes),
            ("coalesced_records", "Records replaced by a newer write while they waited.", coalesced.records),
            ("no_effect_records", "Updates and deletes of records that do not exist.", noEffect.records),
            ("rejected_records", "Records refused at the door.", rejected.records),
            ("quarantined_records", "Records ever refused by a server and quarantined.", quarantined.records),
            ("dropped_records", "Quarantined records dropped by an operator.", dropped.records),
        ]
        for counter in counters {
            output.add("upsertd_\(counter.name)_total", .counter, counter.help, [.init(counter.value)])
        }
    }

    private func addStages(to output: inout PrometheusText) {
        func add(
            _ name: String, _ help: String,
            _ sample: (StagesReport.Stage, [PrometheusText.Label]) -> PrometheusText.Sample
        ) {
            output.add(
                "upsertd_stage_\(name)_total", .counter, help + " since the process started.",
                stages.named.map { sample($0.stage, [("stage", $0.name)]) })
        }
        add("records", "Records that passed the stage") { .init($0.records, $1) }
        add("bytes", "Bytes that passed the stage") { .init($0.bytes, $1) }
        add("cpu_seconds", "CPU seconds of the stage") { .init($0.cpuSeconds, $1) }
    }

    private func addTargets(to output: inout PrometheusText) {
        let sorted = targets.sorted { $0.key < $1.key }
        func add(_ name: String, _ help: String, _ value: (TargetReport) -> Int?) {
            let samples = sorted.compactMap { name, target in
                value(target).map { PrometheusText.Sample($0, [("target", name)]) }
            }
            output.add("upsertd_target_\(name)", .gauge, help, samples)
        }
        add("queued_records", "Records that wait for the target, in flight included.") { $0.queuedRecords }
        add("in_flight_requests", "Requests on the wire.") { $0.inFlight.requests }
        add("in_flight_records", "Records in requests on the wire.") { $0.inFlight.records }
        add("unresolved_requests", "Requests whose outcome is not known.") { $0.unresolved }
        add("unresolved_requests_max", "Unresolved requests beyond which nothing new is sent.") { $0.unresolvedMax }
        add("held_namespaces", "Namespaces that are held while the others go on.") { $0.heldNamespacesCount }
        add("concurrency", "Requests allowed in flight at the moment.") { $0.concurrency }
        add("request_bytes_max", "Lowered bound on a request's bytes, where the server refused larger ones.") {
            $0.bytesBound
        }
        add("paused", "1 while an operator has paused the target.") { $0.paused ? 1 : 0 }
        output.add(
            "upsertd_target_retry_budget", .gauge, "What is left of the retry budget; at 0.5 or less, one at a time.",
            sorted.map { .init($0.value.retryBudget, [("target", $0.key)]) })
        output.add(
            "upsertd_target_held", .gauge, "1 while nothing can be sent to the target; the label says why.",
            sorted.map { .init($0.value.hold != nil, [("target", $0.key), ("kind", $0.value.hold?.kind ?? "")]) })
    }

    private func addSources(to output: inout PrometheusText) {
        func add(_ name: String, _ help: String, _ value: (SpoolReport) -> Int) {
            output.add(
                "upsertd_spool_\(name)", .gauge, help, spools.map { .init(value($0), [("directory", $0.directory)]) })
        }
        add("incoming_files", "Files in incoming/, ready or waiting to be complete.") { $0.incoming }
        add("claimed_files", "Files claimed and not accepted whole yet.") { $0.claimed }
        add("problems", "Files and directories that an operator has to mend.") { $0.problems.count }
        add("polling", "1 where inotify does not work and the directory is polled.") { $0.watching == .polling ? 1 : 0 }
        output.add(
            "upsertd_outbox_failed", .gauge, "1 while the outbox cannot be read.",
            outboxes.map { .init($0.state == .failed, [("path", $0.path)]) })
    }
}
