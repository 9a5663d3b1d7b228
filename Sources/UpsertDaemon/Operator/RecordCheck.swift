internal import Crypto
internal import Glibc
package import UpsertCore
internal import UpsertStorage

/// Checks files of records as the daemon would when it accepts them, without handing them over.
package struct RecordCheck {
    /// One refused record, or a refused file.
    package struct Finding: Sendable, Equatable, CustomStringConvertible {
        package var file: String
        /// Counts from 1; nil for the file as a whole.
        package var line: Int?
        package var rejection: Rejection

        /// `file:line: id "x" /values/3: reason (code)`.
        package var description: String {
            let place = line.map { "\(file):\($0)" } ?? file
            let id = rejection.id.map { " id \(shown($0))" } ?? ""
            let pointer = rejection.pointer.isEmpty ? "" : " \(rejection.pointer)"
            return LogText.escaped("\(place):\(id)\(pointer): \(rejection.reason) (\(rejection.code.rawValue))")
        }
    }

    /// Records that would be accepted.
    package private(set) var accepted = 0
    /// Records or files that would be refused.
    package private(set) var refused = 0
    private var reader: RecordReader
    private let report: (Finding) -> Void

    /// Bytes of a line, as is the default of `max_line_size`.
    static let lineBytesMax = ConfigurationDefaults.spoolLineSizeMax

    /// - Parameters:
    ///   - dimension: Of the index; nil where it is not known.
    ///   - report: Called for each refusal, in the order of the file.
    package init(api: RecordAPI, dimension: Int?, report: @escaping (Finding) -> Void) {
        let encoding: Encoding = api == .vectors ? .protobuf : .ndjson
        reader = RecordReader(
            unsafe RecordRules(api: api, encoding: encoding, dimension: dimension) { bytes in
                var hash = SHA256()
                unsafe hash.update(bufferPointer: bytes)
                return Array(hash.finalize())
            })
        self.report = report
    }

    /// Checks one file in bounded memory; `-` is standard input, taken as one record a line.
    package mutating func check(_ path: String) throws(SpoolDropError) {
        let name = path == "-" ? "standard input" : path
        guard let format = SpoolFormat(name: path == "-" ? ".ndjson" : PathBytes(path)) else {
            let allowed = SpoolFormat.extensions.joined(separator: " ")
            throw SpoolDropError(.invalid, "\(shown(path)) has none of the extensions \(allowed)")
        }
        let descriptor = path == "-" ? dup(STDIN_FILENO) : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SpoolDropError.system("cannot open \(shown(path))", errno) }
        defer { close(descriptor) }
        switch format {
        case .lines: try checkLines(descriptor, name)
        case .body: try checkBody(descriptor, name)
        }
    }

    private mutating func note(_ file: String, line: Int?, _ result: ReadResult) {
        switch result {
        case .blank: break
        case .operation: accepted += 1
        case .rejected(let rejection):
            refused += 1
            report(Finding(file: file, line: line, rejection: rejection))
        }
    }

    // MARK: One record a line

    private mutating func checkLines(_ descriptor: CInt, _ file: String) throws(SpoolDropError) {
        var lines = LineBuffer(descriptor: descriptor, lineBytesMax: Self.lineBytesMax)
        do {
            try unsafe lines.forEach { line, number, isTerminated in
                guard let line = unsafe line else {
                    let reason = "the line is longer than \(SizeText.text(Self.lineBytesMax))"
                    note(file, line: number, .rejected(Rejection(.tooLong, reason)))
                    return
                }
                var result = unsafe reader.read(line)
                if !isTerminated, case .rejected(var rejection) = result, rejection.code == .malformed {
                    rejection.code = .truncated
                    result = .rejected(rejection)
                }
                note(file, line: number, result)
            }
        } catch {
            throw SpoolDropError.system("cannot read \(shown(file))", error.number)
        }
    }

    // MARK: One document

    private mutating func checkBody(_ descriptor: CInt, _ file: String) throws(SpoolDropError) {
        do throws(BodyFailure) {
            try scan(descriptor) { _ in }
        } catch {
            note(file, line: error.line, .rejected(error.rejection))
            return
        }
        do throws(BodyFailure) {
            try scan(descriptor) { element in
                guard element.end - element.start <= Self.lineBytesMax else {
                    let reason = "the record is longer than \(SizeText.text(Self.lineBytesMax))"
                    note(file, line: element.line, .rejected(Rejection(.tooLong, reason)))
                    return
                }
                var bytes = [UInt8](repeating: 0, count: element.end - element.start + RecordReader.paddingBytes)
                let length = element.end - element.start
                unsafe bytes.withUnsafeMutableBytes { buffer in
                    unsafe _ = pread(descriptor, buffer.baseAddress, length, off_t(element.start))
                }
                let result = unsafe bytes.withUnsafeBytes { buffer in
                    unsafe reader.read(UnsafeRawBufferPointer(rebasing: buffer[..<length]))
                }
                note(file, line: element.line, result)
            }
        } catch {
            note(file, line: error.line, .rejected(error.rejection))
        }
    }

    private func scan(_ descriptor: CInt, _ body: (BodyScanner.Element) -> Void) throws(BodyFailure) {
        var scanner = BodyScanner()
        var block = [UInt8](repeating: 0, count: 256 << 10)
        var offset = 0
        while true {
            let count = unsafe pread(descriptor, &block, block.count, off_t(offset))
            if count <= 0 { break }
            offset += count
            let failure: BodyFailure? = unsafe block.withUnsafeBytes { buffer in
                let part = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
                do throws(BodyFailure) {
                    while let element = try unsafe scanner.next(in: part) { body(element) }
                    return nil
                } catch {
                    return error
                }
            }
            if let failure { throw failure }
        }
        _ = try scanner.finish()
    }
}
