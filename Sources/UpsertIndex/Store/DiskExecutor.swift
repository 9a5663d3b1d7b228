internal import Dispatch

/// Runs an actor's work on its own serial queue, so that waiting for the disk does not occupy the cooperative pool.
final class DiskExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "upsertd.index")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { unsafe job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
