import NIOCore
import Testing

@testable import UpsertTransport

struct ConnectionPulseTests {
    private static let start = NIODeadline.uptimeNanoseconds(0)

    private func pulse() throws -> ConnectionPulse {
        // 20 s of silence, 10 s for the answer, 60 s idle.
        ConnectionPulse(try configuration(port: 1), now: Self.start)
    }

    private func at(_ seconds: Int64) -> NIODeadline { Self.start + .seconds(seconds) }

    @Test("silence with a request in flight is questioned once, then declared dead")
    func dead() throws {
        var pulse = try pulse()
        #expect(pulse.verdict(openStreams: 1, at: at(19)) == .fine)
        #expect(pulse.verdict(openStreams: 1, at: at(20)) == .ping)
        #expect(pulse.verdict(openStreams: 1, at: at(25)) == .fine)
        pulse.wrotePing(at: at(21))
        #expect(pulse.verdict(openStreams: 1, at: at(30)) == .fine)
        #expect(pulse.verdict(openStreams: 1, at: at(31)) == .dead)
    }

    @Test("a question that has not left this machine is not the server's silence")
    func unwrittenPing() throws {
        var pulse = try pulse()
        #expect(pulse.verdict(openStreams: 1, at: at(20)) == .ping)
        #expect(pulse.verdict(openStreams: 1, at: at(500)) == .fine)
    }

    @Test("anything read is a sign of life")
    func alive() throws {
        var pulse = try pulse()
        #expect(pulse.verdict(openStreams: 1, at: at(20)) == .ping)
        pulse.wrotePing(at: at(20))
        pulse.heard(at: at(29))
        #expect(pulse.verdict(openStreams: 1, at: at(48)) == .fine)
        #expect(pulse.verdict(openStreams: 1, at: at(49)) == .ping)
    }

    @Test("silence before a request began does not count")
    func freshUse() throws {
        var pulse = try pulse()
        pulse.used(at: at(55))
        #expect(pulse.verdict(openStreams: 1, at: at(74)) == .fine)
        #expect(pulse.verdict(openStreams: 1, at: at(75)) == .ping)
    }

    @Test("silence is reckoned from what was read, not from what was sent")
    func silence() throws {
        var pulse = try pulse()
        pulse.heard(at: at(5))
        pulse.used(at: at(9))
        #expect(pulse.silence(at: at(12)) == .seconds(7))
    }

    @Test("a connection without requests goes after the idle time")
    func idle() throws {
        var pulse = try pulse()
        pulse.used(at: at(10))
        #expect(pulse.verdict(openStreams: 0, at: at(59)) == .fine)
        #expect(pulse.verdict(openStreams: 0, at: at(60)) == .idle)
    }

    @Test("it is asked often while a request is open, and else when the idle time is over")
    func rest() throws {
        var pulse = try pulse()
        pulse.used(at: at(10))
        #expect(pulse.rest(openStreams: 1, at: at(11)) == .milliseconds(2_500))
        #expect(pulse.rest(openStreams: 0, at: at(11)) == .seconds(49))
        #expect(pulse.rest(openStreams: 0, at: at(60)) == .milliseconds(2_500))
    }
}
