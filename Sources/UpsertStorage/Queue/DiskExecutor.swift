internal import Dispatch

/// Runs an actor's work on a thread of its own, so that a commit that waits for the disk blocks nobody else.
package final class DiskExecutor: SerialExecutor {
    private let queue: DispatchQueue

    package init(label: String) { queue = DispatchQueue(label: label) }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { @Sendable in unsafe job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
