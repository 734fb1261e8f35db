"""Hashes (FNV-1a) of what bitsandbytes 0.50.2 makes of generated values on one thread of a CPU.

    python make_library.py        # reads the cases of library.json (nf4), writes library_fp4.json

The hashes of library.json are computed again and must not differ.
"""
import json, os
import numpy as np
import torch
import bitsandbytes.functional as library

torch.set_num_threads(1)
here = os.path.dirname(os.path.abspath(__file__))
MASK = 2**64 - 1


def fingerprint(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return f"{value:016x}"


def values(case):
    state, result = case["seed"], []
    for index in range(case["count"]):
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        value = np.float32((state >> 40) - (1 << 23)) * np.float32(2.0**-23)
        if case["kind"] == "spread":
            value = value * np.float32(2.0 ** -((index >> 7) % 5))
        elif case["kind"] == "zeros":
            value = np.float32(0)
        else:
            value = np.float32(float(value) * 2.0**-133)
        result.append(value)
    return torch.from_numpy(np.array(result, dtype=np.float32))


def hashes(case, kind):
    double = case["doubleQuantized"]
    codes, state = library.quantize_4bit(
        values(case), blocksize=case["blockSize"], quant_type=kind, compress_statistics=double)
    parts = {"codes": codes, "scales": state.absmax}
    if double:
        parts |= {"nestedScales": state.state2.absmax, "offset": state.offset}
    empty = {"nestedScales": fingerprint(b""), "offset": fingerprint(b"")}
    return empty | {name: fingerprint(tensor.numpy().tobytes()) for name, tensor in parts.items()}


cases = json.load(open(f"{here}/library.json"))
for case in cases:
    assert hashes(case, "nf4").items() <= case.items(), case
short = [case for case in cases if case["count"] <= 5000]
json.dump([case | hashes(case, "fp4") for case in short], open(f"{here}/library_fp4.json", "w"), indent=0)
