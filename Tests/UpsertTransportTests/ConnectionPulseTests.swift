import NIOCore
import Testing

@testable import UpsertTransport

struct ConnectionPulseTests {
    private static let start = NIODeadline.uptimeNanoseconds(0)

    private func pulse() throws -> ConnectionPulse {
        // 20 s of silence, 10 s for the answer, 45 s idle.
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

    @Test("a server that is alive and works for long is not asked more often than servers of gRPC allow")
    func patience() throws {
        var pulse = try pulse()
        func asked(from first: Int64, through last: Int64) -> [Int64] {
            (first...last).filter {
                let isAsked = pulse.verdict(openStreams: 1, at: at($0)) == .ping
                if isAsked { pulse.heard(at: at($0)) }
                return isAsked
            }
        }
        #expect(asked(from: 1, through: 500) == [20, 40])
        pulse.heard(at: at(500))
        pulse.heardAnswer()
        #expect(asked(from: 501, through: 1_000) == [520, 540])
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
        #expect(pulse.verdict(openStreams: 0, at: at(54)) == .fine)
        #expect(pulse.verdict(openStreams: 0, at: at(55)) == .idle)
    }

    @Test("it is asked often while a request is open, and else when the idle time is over")
    func rest() throws {
        var pulse = try pulse()
        pulse.used(at: at(10))
        #expect(pulse.rest(openStreams: 1, at: at(11)) == .milliseconds(2_500))
        #expect(pulse.rest(openStreams: 0, at: at(11)) == .seconds(44))
        #expect(pulse.rest(openStreams: 0, at: at(55)) == .milliseconds(2_500))
    }
}
