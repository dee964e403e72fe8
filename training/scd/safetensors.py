"""Reads and writes safetensors files with NumPy alone."""

import json
import struct
from pathlib import Path

import numpy as np

DTYPES = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "I64": np.int64,
    "I32": np.int32,
    "U8": np.uint8,
}
NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}


def read(path):
    """The tensors of a file, as a dict of arrays in the file's order."""
    raw = Path(path).read_bytes()
    (header_bytes,) = struct.unpack("<Q", raw[:8])
    start = 8 + header_bytes
    tensors = {}
    for name, entry in json.loads(raw[8:start]).items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        flat = np.frombuffer(raw[start + first : start + last], DTYPES[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"])
    return tensors


def write(path, tensors):
    """Writes arrays to a file, whole or not at all, so that a reader never meets half a file."""
    header, offset = {}, 0
    arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    for name, array in arrays.items():
        header[name] = {
            "dtype": NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    # Readers may map the data in place: start it at a multiple of 8.
    text += b" " * (-len(text) % 8)
    path = Path(path)
    part = path.with_name(path.name + ".part")
    with open(part, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            file.write(array.tobytes())
    part.replace(path)


def from_module(module, dtype=np.float32):
    return {name: tensor.detach().float().cpu().contiguous().numpy().astype(dtype) for name, tensor in module.state_dict().items()}


def into_module(module, path):
    """Loads a file's tensors into a module whose parameters bear exactly the same names."""
    import torch

    module.load_state_dict({name: torch.from_numpy(array.astype(np.float32)) for name, array in read(path).items()})
    return module
