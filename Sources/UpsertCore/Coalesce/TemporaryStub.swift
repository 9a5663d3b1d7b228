package enum RecordMerge {
    package static func merge(_ waiting: OperationKind, _ stored: ArraySlice<UInt8>, update: ArraySlice<UInt8>, encoding: Encoding) throws(Rejection) -> (bytes: [UInt8], weight: Int) { throw Rejection(.malformed, "") }
}
package enum RecordID { package static func text(of: ArraySlice<UInt8>, _ k: OperationKind, _ e: Encoding) -> String { "" } }
