import Buffers

extension JobKey {
    private static let wording = "a list of tables with path and type"

    static let datasets = JobKey(
        "datasets", allowed: wording,
        help: "files to train on; type: \(DatasetKind.wording)", binds: false
    ) { value, job in
        guard !value.isNull else {
            job.datasets = []
            return
        }
        guard case .list(let items) = value.value else { throw value.mismatch("datasets", allowed: wording) }
        guard !items.isEmpty else { throw value.place.error("datasets is an empty list", remedy: "name a file") }
        job.datasets = try items.enumerated().map { try dataset($0.element, name: "datasets[\($0.offset)]") }
    } write: {
        .list($0.datasets.map { .table(["path": .text($0.path), "type": .text($0.kind.rawValue)]) })
    }

    private static func dataset(_ item: Located, name: String) throws -> DatasetReference {
        guard case .table(let fields) = item.value else {
            throw item.mismatch(name, allowed: "a table with path and type")
        }
        var path: String?
        var kind: DatasetKind?
        for field in fields {
            switch field.key {
            case "path":
                path = try field.value.path("\(name).path", allowed: "a path")
            case "type":
                kind = try field.value.choice("\(name).type", allowed: DatasetKind.wording)
            default:
                throw field.keyPlace.error(
                    "\(name).\(field.key.prefix(100)) is no key of a dataset",
                    remedy: NearestName.remedy(for: field.key, among: ["path", "type"]) ?? "its keys are path and type")
            }
        }
        guard let path else { throw item.place.error("\(name) has no path", remedy: "add path: FILE.jsonl") }
        guard let kind else {
            throw item.place.error("\(name) has no type", remedy: "add type: \(DatasetKind.wording)")
        }
        return DatasetReference(path: path, kind: kind)
    }
}
