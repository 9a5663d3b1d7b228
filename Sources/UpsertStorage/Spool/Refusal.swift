package import UpsertCore

/// One refused record, or a refused file, as the errors file tells it.
@safe
package struct Refusal {
    /// The line, counting from 1; nil for a file refused as a whole.
    package var line: Int?
    /// Where the record begins in the file, in bytes; nil for a file refused as a whole.
    package var offset: Int?
    package var rejection: Rejection
    /// The record as it was submitted; only read during the call that takes the refusal.
    package var text: UnsafeRawBufferPointer
    /// Whether ``text`` is all of the record.
    package var isWhole: Bool

    package init(line: Int?, offset: Int?, rejection: Rejection, text: UnsafeRawBufferPointer, isWhole: Bool = true) {
        self.line = line
        self.offset = offset
        self.rejection = rejection
        unsafe self.text = unsafe text
        self.isWhole = isWhole
    }

    /// A file refused as a whole.
    package init(whole rejection: Rejection) {
        unsafe self.init(
            line: nil, offset: nil, rejection: rejection, text: UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// A refused line.
    package init(_ line: ClaimLine, _ rejection: Rejection) {
        unsafe self.init(
            line: line.number, offset: line.offset, rejection: rejection, text: line.bytes, isWhole: line.isWhole)
    }

    /// Bytes of a record's text that an errors file repeats.
    package static let textBytesMax = 1 << 20

    /// Appends the refusal as one line of JSON.
    ///
    /// - Returns: Whether the text was cut, so that the original file must be kept.
    func append(file: String, submission: Int64, to output: inout [UInt8]) -> Bool {
        output += Array("{\"file\":".utf8)
        appendJSONString(file, to: &output)
        output += Array(",\"submission\":\(submission),\"line\":\(line.map(String.init) ?? "null")".utf8)
        output += Array(",\"offset\":\(offset.map(String.init) ?? "null"),\"id\":".utf8)
        if let id = rejection.id { appendJSONString(id, to: &output) } else { output += Array("null".utf8) }
        output += Array(",\"pointer\":".utf8)
        appendJSONString(rejection.pointer, to: &output)
        output += Array(",\"code\":\"\(rejection.code.rawValue)\",\"reason\":".utf8)
        appendJSONString(rejection.reason, to: &output)
        output += Array(",\"text\":".utf8)
        var isCut = !isWhole
        if line == nil, unsafe text.isEmpty {
            output += Array("null".utf8)
        } else {
            var end = unsafe text.count
            if end > Self.textBytesMax {
                isCut = true
                end = Self.textBytesMax
                while unsafe end > Self.textBytesMax - 4 && text[end] & 0xC0 == 0x80 { end -= 1 }
            }
            unsafe appendJSONString(UnsafeRawBufferPointer(rebasing: text[..<end]), to: &output)
        }
        if isCut { output += Array(",\"text_truncated\":true".utf8) }
        output += Array("}\n".utf8)
        return isCut
    }
}
