"""The C half of the renderer: compiled on first use, and its structures."""
import ctypes
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

SOURCES = Path(__file__).parent / "native"
FAST = ["body.c", "raster.c", "correspond.c", "backdrop.c", "fabric.c", "noise.c"]
EXACT = ["skeleton.c"]  # reproduced bit by bit in TypeScript: no reordering, no fused multiply-add

TWO_SIDED, CUTOUT, DITHERED, HAIR, NO_SHADOW, SKIN = 1, 2, 4, 8, 16, 32

f32, i32, u8, pointer = ctypes.c_float, ctypes.c_int32, ctypes.c_uint8, ctypes.c_void_p


class Part(ctypes.Structure):
    _fields_ = [("vertex_count", i32), ("triangle_count", i32), ("rest", pointer), ("uv", pointer), ("faces", pointer),
                ("uv_faces", pointer), ("bones", pointer), ("weights", pointer), ("texture", pointer),
                ("texture_size", i32), ("flags", i32), ("tint", f32 * 9), ("gloss", f32), ("wrap", f32),
                ("depth_bias", f32), ("posed", pointer), ("normals", pointer), ("screen", pointer),
                ("labels", pointer)]


class Camera(ctypes.Structure):
    _fields_ = [("eye", f32 * 3), ("rotation", f32 * 9), ("focal", f32), ("centre_x", f32), ("centre_y", f32)]


class Light(ctypes.Structure):
    _fields_ = [("key_direction", f32 * 3), ("key", f32 * 3), ("rim_direction", f32 * 3), ("rim", f32 * 3),
                ("sky", f32 * 3), ("ground", f32 * 3)]


class Backdrop(ctypes.Structure):
    _fields_ = [("ambient", pointer), ("direct", pointer), ("position", pointer), ("receives", pointer)]


class Material(ctypes.Structure):
    _fields_ = [("kind", i32), ("seed", ctypes.c_uint32), ("a", f32 * 3), ("b", f32 * 3), ("scale", f32), ("contrast", f32)]


class Thing(ctypes.Structure):
    _fields_ = [("shape", i32), ("centre", f32 * 3), ("half", f32 * 3), ("material", Material)]


class Place(ctypes.Structure):
    _fields_ = [("outdoors", i32), ("thing_count", i32), ("blur_radius", i32), ("seed", ctypes.c_uint32),
                ("wall_z", f32), ("corner_x", f32), ("corner_side", f32), ("curve", f32), ("skirting", f32),
                ("focus_z", f32), ("sky_low", f32 * 3), ("sky_high", f32 * 3), ("ground", Material), ("wall", Material),
                ("side", Material), ("far", Material), ("things", ctypes.POINTER(Thing))]


class Cloth(ctypes.Structure):
    _fields_ = [("woven", i32), ("pattern", i32), ("seed", i32), ("matrix", f32 * 9), ("colours", f32 * 9),
                ("scale", f32), ("balance", f32), ("grain", f32), ("folds", f32)]


class Print(ctypes.Structure):
    _fields_ = [("pixels", pointer), ("size", i32), ("centre_x", f32), ("centre_y", f32), ("half_width", f32),
                ("half_height", f32), ("front", i32)]


def address(array):
    """The address of a C-contiguous array's data (the caller keeps the array alive)."""
    assert array.flags.c_contiguous
    return array.ctypes.data


def _compile():
    texts = [(SOURCES / name).read_bytes() for name in [*FAST, *EXACT, "people.h"]]
    flags = [os.environ.get("CC", "cc"), "-O3", "-march=native", "-fPIC"]
    key = hashlib.sha256(b"".join(texts) + " ".join(flags).encode() + os.uname().nodename.encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pirouette-people"
    library = cache / f"people-{key}.so"
    if library.exists():
        return library
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        objects = []
        for names, extra in ((FAST, ["-ffast-math"]), (EXACT, ["-ffp-contract=off"])):
            for name in names:
                objects.append(f"{folder}/{name}.o")
                subprocess.run([*flags, *extra, "-c", SOURCES / name, "-o", objects[-1]], check=True)
        # Linked by name inside the folder and then renamed: two processes may start at once.
        subprocess.run([flags[0], "-shared", *objects, "-o", f"{folder}/people.so", "-lm"], check=True)
        os.replace(f"{folder}/people.so", library)
    return library


library = ctypes.CDLL(str(_compile()))
library.penetration.restype = ctypes.c_double
library.penetration.argtypes = [i32, pointer, ctypes.c_double, ctypes.c_double, i32, pointer, i32, pointer, i32, pointer]
library.forward_kinematics.argtypes = [i32, pointer, pointer, pointer, pointer]
library.render_backdrop.argtypes = [ctypes.POINTER(Place), ctypes.POINTER(Camera), ctypes.POINTER(Light), i32, i32,
                                    i32, ctypes.POINTER(Backdrop)]
library.render_frame.argtypes = [pointer, i32, pointer, pointer, ctypes.POINTER(Camera), ctypes.POINTER(Light),
                                 ctypes.POINTER(Backdrop), i32, i32, i32, f32, f32, i32, pointer, pointer, i32, pointer,
                                 pointer, pointer, pointer, pointer]
library.project_part.argtypes = [ctypes.POINTER(Part), ctypes.POINTER(Camera), pointer]
library.draw_surfaces.argtypes = [pointer, i32, pointer, i32, i32, pointer, pointer]
library.trace_surfaces.argtypes = [pointer, pointer, pointer, pointer, i32, i32, f32, pointer, pointer]
library.draw_empty.argtypes = [ctypes.POINTER(Backdrop), i32, i32, f32, pointer, pointer]
library.bake_cloth.argtypes = [pointer, pointer, i32, i32, pointer, pointer, pointer, pointer, pointer, pointer,
                               pointer, i32, pointer]
library.fill_mips.argtypes = [pointer, i32]
library.draw_skeleton.argtypes = [pointer, i32, i32, ctypes.c_double, ctypes.c_double, pointer, pointer]


def mip_chain(image):
    """All levels (down to 4x4) of a square RGBA texture, one after another."""
    size = image.shape[0]
    total, level = 0, size
    while level >= 4:
        total += level * level * 4
        level //= 2
    chain = np.empty(total, np.uint8)
    chain[:size * size * 4] = image.reshape(-1)
    library.fill_mips(address(chain), size)
    return chain
