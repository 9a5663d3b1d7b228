import Testing

@testable import UpsertCore

@Suite struct `Vector records` {
    @Test func `an upsert becomes a length-prefixed Vector`() {
        var reader = reader()
        let result = reader.read(#"{"id":"a","values":[0.1, 0.2],"metadata":{"g":"x"},"namespace":"ns"}"#)
        #expect(result == .operation(ReadOperation(kind: .upsert, namespace: "ns", idLength: 1, weight: 8 + 9)))
        #expect(hex(reader.encoded) == "0a19" + "0a0161" + "1208cdcccc3dcdcc4c3e" + "1a0a0a080a016712031a0178")
        #expect(reader.idText == "a")
    }

    @Test func `field order, blanks and escapes in names do not matter`() {
        var first = reader()
        var second = reader()
        _ = first.read(#"{"id":"a","values":[1,2],"sparse_values":{"indices":[3],"values":[4]},"metadata":{"k":[]}}"#)
        let other = """
            \t { "metadata" : { "k" : [ ] } , "sparse\\u0056alues" : { "values" : [ 4 ] , "indices" : [ 3 ] } ,\r
             "op" : "upsert" , "values" : [ 1 , 2 ] , "_id" : "\\u0061" } \n
            """
        #expect(second.read(other).operation?.kind == .upsert)
        #expect(first.encoded == second.encoded)
    }

    @Test func `null means absent for every optional field`() {
        var reader = reader()
        let record =
            #"{"id":"a","values":[1],"sparse_values":null,"metadata":null,"set_metadata":null,"namespace":null}"#
        #expect(reader.read(record).rejection?.code == .unknownField)
        let upsert = #"{"id":"a","values":[1],"sparse_values":null,"metadata":null,"namespace":null}"#
        #expect(reader.read(upsert) == .operation(ReadOperation(kind: .upsert, namespace: nil, idLength: 1, weight: 4)))
        #expect(hex(reader.encoded) == "0a09" + "0a0161" + "12040000803f")
        #expect(
            reader.read(#"{"id":"a","values":null,"sparseValues":{"indices":[1],"values":[2]}}"#).operation?.weight == 8
        )
    }

    @Test func `empty dense values beside sparse ones are left out`() {
        var reader = reader()
        #expect(reader.read(#"{"id":"a","values":[],"sparse_values":{"indices":[1],"values":[2]}}"#).operation != nil)
        #expect(hex(reader.encoded) == "0a0e" + "0a0161" + "2209" + "0a0101" + "120400000040")
    }

    @Test func `an update is a bare UpdateRequest`() {
        var reader = reader()
        let result = reader.read(
            #"{"op":"update","id":"a","set_metadata":{"n":1},"sparseValues":{"indices":[7],"values":[1]}}"#)
        #expect(result.operation == ReadOperation(kind: .update, namespace: nil, idLength: 1, weight: 8 + 7))
        #expect(
            hex(reader.encoded) == "0a0161" + "1a10" + "0a0e0a016e120911000000000000f03f" + "2a09" + "0a0107"
                + "12040000803f")
    }

    @Test func `a delete is a length-prefixed id`() {
        var reader = reader()
        #expect(
            reader.read(#"{"id":"abc","op":"delete"}"#).operation
                == ReadOperation(kind: .delete, namespace: nil, idLength: 3, weight: 0))
        #expect(hex(reader.encoded) == "0a03616263")
    }

    @Test func `blank lines are blank`() {
        var reader = reader()
        for blank in ["", " ", "\n", "\r\n", " \t \r\n"] { #expect(reader.read(blank) == .blank) }
        #expect(reader.read(UnsafeRawBufferPointer(start: nil, count: 0)) == .blank)
    }

    @Test func `the default namespace's name becomes empty`() {
        var reader = reader()
        #expect(reader.read(#"{"id":"a","values":[1],"namespace":"__default__"}"#).operation?.namespace == "")
        #expect(reader.read(#"{"id":"a","values":[1],"namespace":""}"#).operation?.namespace == "")
        #expect(reader.read(#"{"id":"a","values":[1],"namespace":"b"}"#).operation?.namespace == "b")
        #expect(reader.read(#"{"id":"a","values":[1],"namespace":"\u0062"}"#).operation?.namespace == "b")
        #expect(reader.read(#"{"id":"a","values":[1]}"#).operation?.namespace == nil)
    }

    @Test func `outbox columns fill in what the record leaves out`() {
        var reader = reader()
        let columns = RecordColumns(operation: .update, id: Array("k".utf8))
        #expect(reader.read(#"{"values":[1]}"#, columns: columns).operation?.kind == .update)
        #expect(reader.idText == "k")
        #expect(reader.read(#"{"id":"k","op":"upsert","values":[1]}"#, columns: columns).operation?.kind == .upsert)
        #expect(reader.read(#"{"id":"other","values":[1]}"#, columns: columns).rejection?.pointer == "/id")
        #expect(reader.delete(id: Array("k".utf8)).operation?.kind == .delete)
        #expect(hex(reader.encoded) == "0a016b")
        #expect(reader.delete(id: []).rejection?.code == .idEmpty)
    }

    @Test func `metadata is sorted by bytes, the last of equal keys stays, null goes`() {
        var reader = reader(.packed)
        _ = reader.read(#"{"id":"a","values":[1],"metadata":{"é":1,"b":2,"a":null,"B":3,"b":"4","":5}}"#)
        #expect(reader.sentText(.upsert) == #"{"id":"a","values":[1],"metadata":{"":5,"B":3,"b":"4","é":1}},"#)
    }

    @Test func `JSON that is sent has the shortest text of each number, and no blanks`() {
        var reader = reader(.packed)
        let record = #"""
            { "id" : "q\"\/\u00e9" , "values" : [ 0.10 , -1E+2 ,1.00000000000000000000000000000000000000001 ] ,
              "sparse_values" : { "values" : [ 1.50 ] , "indices" : [ 5.0 ] } , "metadata" : { "n" : 1.0e0 , "s" : "\u20ac\n" } }
            """#
        #expect(reader.read(record).rejection?.code == .idNotASCII)
        let result = reader.read(record.replacing("\\u00e9", with: "\\u0001"))
        #expect(
            reader.sentText(.upsert)
                == #"{"id":"q\"/\u0001","values":[0.1,-100,1],"metadata":{"n":1,"s":"€\n"},"#
                + #""sparseValues":{"indices":[5],"values":[1.5]}},"#)
        #expect(result.operation?.weight ?? 0 >= reader.sentText(.upsert).utf8.count)
    }

    @Test func `JSON updates and deletes have their own shapes`() {
        var reader = reader(.packed)
        _ = reader.read(#"{"op":"update","id":"a","values":[1.0],"set_metadata":{"x":true}}"#)
        #expect(reader.sentText(.update) == #"{"id":"a","values":[1],"setMetadata":{"x":true}}"#)
        _ = reader.read(#"{"op":"delete","id":"a\"b"}"#)
        #expect(reader.sentText(.delete) == #""a\"b","#)
    }

    @Test func `an id is derived from the content alone, whatever the encoding`() {
        var ids: Set<String> = []
        for record in [
            #"{"values":[1,2.50],"metadata":{"b":1,"a":"é"}}"#,
            #"{"metadata":{"a":"\u00e9","b":1.0,"z":null},"values":[1.0,2.5],"namespace":"n"}"#,
        ] {
            for encoding in [Encoding.protobuf, .packed] {
                var reader = reader(encoding)
                #expect(reader.read(record).operation?.idLength == 64)
                ids.insert(reader.idText)
            }
        }
        #expect(ids.count == 1)
    }
}
