import JobFiles
import Sharding

extension Job {
    var zeroStage: ZeROStage {
        guard let stage = ZeROStage(rawValue: distributed.zeroStage) else {
            preconditionFailure("a job was read with the ZeRO stage \(distributed.zeroStage)")
        }
        return stage
    }
}
