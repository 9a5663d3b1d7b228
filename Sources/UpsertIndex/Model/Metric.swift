/// How two vectors are compared. Raw values are those of the Pinecone API.
package enum Metric: String, Sendable, CaseIterable {
    /// Cosine of the angle, −1...1; higher is nearer.
    case cosine
    /// Dot product; higher is nearer. The only metric that takes sparse values.
    case dotproduct
    /// Squared Euclidean distance, 0 and up; lower is nearer.
    case euclidean
}
