/// A 64-bit checksum of a chunk, stored with it: what cannot be what was accepted is never sent.
///
/// Folded 128-bit products of 16 bytes, in four lanes, after wyhash (Wang Yi, 2019, public domain). Not for use
/// against an adversary: whoever can write the queue's file can send what they like anyway.
package enum ChunkChecksum {
    /// Over the directory and the payload.
    package static func of(directory: [UInt8], payload: [UInt8]) -> Int64 {
        let first = unsafe directory.withUnsafeBytes { unsafe fold($0, seed: 0x5eed_0fc4_c4ed_1235) }
        return Int64(bitPattern: unsafe payload.withUnsafeBytes { unsafe fold($0, seed: first) })
    }

    private static let keys: (UInt64, UInt64, UInt64, UInt64) = (
        0x2d35_8dcc_aa6c_78a5, 0x8bb8_4b93_962e_acc9, 0x4b33_a62e_d433_d4a3, 0x4d5a_2da5_1de1_aa47
    )

    @inline(__always) private static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    @inline(__always) private static func word(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt64 {
        unsafe UInt64(
            littleEndian: bytes.baseAddress.unsafelyUnwrapped.loadUnaligned(fromByteOffset: at, as: UInt64.self))
    }

    private static func fold(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        let count = bytes.count
        var (a, b, c, d) = (seed, seed ^ keys.0, seed ^ keys.1, seed ^ keys.2)
        var at = 0
        // The products do not wait for each other; the offset makes the order of blocks count.
        while count - at >= 64 {
            let place = UInt64(truncatingIfNeeded: at)
            a =
                (a << 7 | a >> 57)
                &+ mix(unsafe word(bytes, at) ^ keys.0 &+ place, unsafe word(bytes, at + 8) ^ keys.1)
            b =
                (b << 7 | b >> 57)
                &+ mix(unsafe word(bytes, at + 16) ^ keys.1 &+ place, unsafe word(bytes, at + 24) ^ keys.2)
            c =
                (c << 7 | c >> 57)
                &+ mix(unsafe word(bytes, at + 32) ^ keys.2 &+ place, unsafe word(bytes, at + 40) ^ keys.3)
            d =
                (d << 7 | d >> 57)
                &+ mix(unsafe word(bytes, at + 48) ^ keys.3 &+ place, unsafe word(bytes, at + 56) ^ keys.0)
            at += 64
        }
        var state = a ^ b &+ c ^ d
        while at < count {
            var last: UInt64 = 0
            for index in at..<min(at + 8, count) { last |= UInt64(unsafe bytes[index]) << UInt64(8 * (index - at)) }
            state = mix(last ^ keys.0, state ^ keys.1)
            at += 8
        }
        return mix(state ^ UInt64(truncatingIfNeeded: count), keys.3)
    }
}
