/// Decimal to binary64 for metadata numbers, correctly rounded.
enum DecimalDouble {
    /// Powers of ten that a double holds exactly.
    private static let tens: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// The value of a scanned number; infinite when it is too large for a double.
    ///
    /// Where digits and power of ten are both exact in a double, one operation rounds once (W. D. Clinger, "How to read
    /// floating point numbers accurately", 1990); the rest goes to the standard library.
    ///
    /// - Parameter text: The number's own text.
    static func value(_ number: JSONNumber, text: UnsafeRawBufferPointer) -> Double {
        if number.digits <= 19 && number.decimal <= 1 << 53 && number.power >= -22 && number.power <= 22 {
            let digits = Double(number.decimal)
            let magnitude = number.power < 0 ? digits / tens[-number.power] : digits * tens[number.power]
            return number.negative ? -magnitude : magnitude
        }
        return unsafe Double(String(decoding: text, as: UTF8.self)) ?? .infinity
    }
}
