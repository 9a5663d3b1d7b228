import Glibc
import Testing
import UpsertDaemon
import UpsertTestSupport

@Suite("systemd notifications", .serialized)
struct SystemdNotifierTests {
    private let directory = TemporaryDirectory()
    private let notifier = SystemdNotifier()

    @Test("each state is one datagram", arguments: [false, true])
    func states(isAbstract: Bool) throws {
        let name = isAbstract ? "@upsertd-test-\(getpid())" : directory.path + "/notify"
        let socket = NotifySocket(name)
        setenv("NOTIFY_SOCKET", name, 1)
        defer { unsetenv("NOTIFY_SOCKET") }
        notifier.ready(status: "running")
        #expect(socket.next() == "READY=1\nSTATUS=running")
        notifier.status("7 queued")
        #expect(socket.next() == "STATUS=7 queued")
        notifier.watchdog()
        #expect(socket.next() == "WATCHDOG=1")
        notifier.reloading()
        let reloading = try #require(socket.next()).split(separator: "\n")
        #expect(reloading.count == 2 && reloading[0] == "RELOADING=1")
        // The same clock as systemd's, in microseconds.
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let since = try #require(Int(reloading[1].split(separator: "=")[1]))
        #expect(reloading[1].hasPrefix("MONOTONIC_USEC=") && (0...60).contains(now.tv_sec - since / 1_000_000))
        notifier.trigger()
        #expect(socket.next() == "WATCHDOG=trigger")
        notifier.extendTimeout(by: .milliseconds(1_500))
        #expect(socket.next() == "EXTEND_TIMEOUT_USEC=1500000")
        notifier.stopping(status: "draining")
        #expect(socket.next() == "STOPPING=1\nSTATUS=draining")
        #expect(socket.next() == nil)
    }

    @Test("a status cannot smuggle in another assignment")
    func oneLine() {
        let socket = NotifySocket(directory.path + "/notify")
        setenv("NOTIFY_SOCKET", directory.path + "/notify", 1)
        defer { unsetenv("NOTIFY_SOCKET") }
        notifier.status("held: a\nREADY=1")
        #expect(socket.next() == "STATUS=held: a\\x0aREADY=1")
    }

    @Test("without systemd nothing happens")
    func absent() {
        unsetenv("NOTIFY_SOCKET")
        notifier.ready(status: "running")
        #expect(SystemdNotifier.watchdogInterval == nil)
    }

    @Test("the watchdog's interval is the unit's, for the process it names")
    func watchdogInterval() {
        setenv("WATCHDOG_USEC", "30000000", 1)
        setenv("WATCHDOG_PID", "\(getpid())", 1)
        defer {
            unsetenv("WATCHDOG_USEC")
            unsetenv("WATCHDOG_PID")
        }
        #expect(SystemdNotifier.watchdogInterval == .seconds(30))
        setenv("WATCHDOG_PID", "1", 1)
        #expect(SystemdNotifier.watchdogInterval == nil)
    }
}
