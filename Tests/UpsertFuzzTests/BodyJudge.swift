import UpsertCore

@testable import UpsertIndex

/// Has the scanner of `.json` files cut an input in several ways, which must not matter, and compares with the index's reader.
enum BodyJudge {
    private struct Reading: Equatable {
        var elements: [BodyScanner.Element] = []
        var structure: BodyScanner.Structure?
        var failure: BodyFailure?
    }

    static func judge(_ input: [UInt8]) throws {
        let array = [UInt8(ascii: "[")] + input + [UInt8(ascii: "]")]
        for document in [input, array] {
            let whole = scan(document, cut: document.count)
            for cut in [1, 7, 64] where cut < document.count {
                guard scan(document, cut: cut) == whole else {
                    throw RecordJudge.Verdict("cut every \(cut) bytes the document reads differently")
                }
            }
            guard whole.failure == nil else { continue }
            // What the scanner takes for a sound document is JSON to others too.
            do {
                _ = try JSONReader.parse(document[...])
            } catch {
                throw RecordJudge.Verdict("taken for a sound document: \(error)")
            }
            for element in whole.elements where (try? JSONReader.parse(document[element.start..<element.end])) == nil {
                throw RecordJudge.Verdict("element \(element) is no value")
            }
        }
    }

    private static func scan(_ document: [UInt8], cut: Int) -> Reading {
        var scanner = BodyScanner()
        var reading = Reading()
        var start = 0
        do throws(BodyFailure) {
            while start < document.count {
                let piece = Array(document[start..<min(document.count, start + cut)])
                var failure: BodyFailure?
                piece.withUnsafeBytes { buffer in
                    do throws(BodyFailure) {
                        while let element = try scanner.next(in: buffer) { reading.elements.append(element) }
                    } catch {
                        failure = error
                    }
                }
                if let failure { throw failure }
                start += piece.count
            }
            reading.structure = try scanner.finish()
        } catch {
            reading.failure = error
        }
        return reading
    }
}
