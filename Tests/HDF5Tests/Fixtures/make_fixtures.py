"""Makes the files beside it with h5py: `python make_fixtures.py`. sample.h5 has its own source and is not made here."""

import h5py
import numpy as np


def new(name):
    return h5py.File(name, "w")


with new("external_link.h5") as f:
    f["elsewhere"] = h5py.ExternalLink("sample.h5", "/half")
with new("soft_link.h5") as f:
    f["here"] = np.arange(3)
    f["there"] = h5py.SoftLink("/here")
with new("external_storage.h5") as f:
    f.create_dataset("x", (4,), "u1", external=[("/etc/hostname", 0, 4)])
with new("virtual.h5") as f:
    layout = h5py.VirtualLayout(shape=(4,), dtype="u1")
    layout[:] = h5py.VirtualSource("sample.h5", "opt/state_u8", shape=(300,))[:4]
    f.create_virtual_dataset("x", layout)
with new("foreign_filter.h5") as f:
    f.create_dataset("x", data=np.zeros(64, "f4"), chunks=(16,), compression="lzf")
with new("circle.h5") as f:
    f.create_group("a")["again"] = f["/"]
with new("odd_types.h5") as f:
    f["flags"] = np.array([True, False, True])
    f["text"] = b"words"
    f["complex"] = np.zeros(2, "c8")
    f.create_dataset("checked", data=np.arange(50, dtype=">u2"), chunks=(7,), fletcher32=True, shuffle=True)
    f.attrs["fixed"] = np.bytes_("short")
    f.attrs["fixed_list"] = np.array([b"a", b"bcd"])
    f.attrs["empty"] = ""
    f.attrs["reals"] = np.array([0.5, -1.25], ">f4")
