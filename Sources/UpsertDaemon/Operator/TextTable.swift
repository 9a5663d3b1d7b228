/// Columns of text for a terminal: a heading, then rows, numbers to the right.
struct TextTable {
    enum Alignment {
        case left, right
    }

    private let columns: [(heading: String, alignment: Alignment)]
    private var rows: [[String]] = []

    init(_ columns: [(heading: String, alignment: Alignment)]) { self.columns = columns }

    /// Adds a row; every cell is escaped, since names come from outside.
    ///
    /// - Precondition: One cell a column.
    mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row has \(columns.count) cells, is given \(cells.count)")
        rows.append(cells.map(LogText.escaped))
    }

    /// The lines, without blanks at their ends.
    var lines: [String] {
        let all = [columns.map(\.heading)] + rows
        let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { cells in
            let padded = cells.enumerated().map { column, cell in
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                return columns[column].alignment == .left ? cell + blanks : blanks + cell
            }
            var line = padded.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
