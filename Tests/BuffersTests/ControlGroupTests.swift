import Buffers
import Foundation
import Testing

@Suite("The limits of a control group")
struct ControlGroupTests {
    /// A system whose files are given by path.
    private func group(_ files: [String: String]) throws -> (available: Int?, cores: Double?) {
        let root = NSTemporaryDirectory() + "swiftlet-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: root) }
        for (path, text) in files {
            let file = root + path
            try FileManager.default.createDirectory(
                atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: file))
        }
        let group = ControlGroup(root: root)
        return (group.availableBytes, group.cores)
    }

    private static let unified = """
        22 1 0:20 / /proc rw - proc proc rw
        30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate
        """

    @Test("A job of a scheduler: the least limit on the way to the top, files given back")
    func nested() throws {
        let job = "/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7"
        let found = try group([
            "/proc/self/mountinfo": Self.unified,
            "/proc/self/cgroup": "0::/system.slice/slurmstepd.scope/job_7/step_0/user/task_1\n",
            job + "/memory.max": "1000000\n", job + "/memory.high": "max\n", job + "/memory.current": "700000\n",
            job + "/memory.stat": "anon 100000\nfile 500000\nshmem 200000\n", job + "/cpu.max": "max 100000\n",
            job + "/step_0/memory.max": "900000\n", job + "/step_0/memory.current": "100000\n",
            job + "/step_0/memory.stat": "anon 100000\nfile 0\nshmem 0\n",
            job + "/step_0/cpu.max": "350000 100000\n",
            job + "/step_0/user/task_1/memory.max": "max\n", job + "/step_0/user/task_1/memory.current": "5\n",
        ])
        // Of the job: 700,000 are used, of which 300,000 are files.
        #expect(found.available == 600_000)
        #expect(found.cores == 3.5)
    }

    @Test("The softer of two limits counts, and nothing is left beyond it")
    func high() throws {
        let found = try group([
            "/proc/self/mountinfo": Self.unified, "/proc/self/cgroup": "0::/\n",
            "/sys/fs/cgroup/memory.max": "1000\n", "/sys/fs/cgroup/memory.high": "500\n",
            "/sys/fs/cgroup/memory.current": "600\n", "/sys/fs/cgroup/memory.stat": "file 50\nshmem 0\n",
        ])
        #expect(found.available == 0)
        #expect(found.cores == nil)
    }

    @Test("A container in version 1, whose own group is all that it sees")
    func container() throws {
        let found = try group([
            "/proc/self/mountinfo": """
            31 25 0:27 /docker/ab /sys/fs/cgroup/memory ro master:11 - cgroup cgroup rw,memory
            32 25 0:28 /docker/ab /sys/fs/cgroup/cpu,cpuacct ro master:12 - cgroup cgroup rw,cpu,cpuacct
            33 25 0:29 / /sys/fs/cgroup/unified ro - cgroup2 cgroup rw
            """,
            "/proc/self/cgroup": "4:memory:/docker/ab\n3:cpu,cpuacct:/docker/ab\n1:name=systemd:/docker/ab\n0::/\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "4096\n",
            "/sys/fs/cgroup/memory/memory.usage_in_bytes": "3000\n",
            "/sys/fs/cgroup/memory/memory.stat": "cache 7\ntotal_cache 2000\ntotal_shmem 500\n",
            "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "200000\n",
            "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        ])
        #expect(found.available == 4096 - 1500)
        #expect(found.cores == 2)
    }

    @Test(
        "No limit where none is set, or what the system says makes no sense",
        arguments: [
            [:],
            ["/proc/self/mountinfo": "1 2 3\n - cgroup2\n", "/proc/self/cgroup": "nonsense\n0::\n:::::\n"],
            [
                "/proc/self/mountinfo": unified, "/proc/self/cgroup": "0::/../..\n",
                "/sys/fs/cgroup/memory.max": "max\n", "/sys/fs/cgroup/memory.current": "5\n",
                "/sys/fs/cgroup/cpu.max": "0 0\n",
            ],
            [
                "/proc/self/mountinfo": unified, "/proc/self/cgroup": "0::/gone\n",
                "/sys/fs/cgroup/memory.max": "many\n", "/sys/fs/cgroup/memory.current": "\n",
            ],
        ])
    func none(_ files: [String: String]) throws {
        let found = try group(files)
        #expect(found.available == nil && found.cores == nil)
    }

    @Test("This process can be asked")
    func own() {
        #expect(ProcessMemory.availableBytes > 0)
        #expect(ControlGroup().cores.map { $0 > 0 } ?? true)
    }
}
