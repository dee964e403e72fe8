"""A person made of boxes, one a bone: the renderer's geometry can be tested without any assets."""
import numpy as np

from people.assets import Assets
from people.body import Body, Shape, target_weights
from people.native import Part, address, mip_chain
from people.pose import Poser

FINGERS = [f"{finger}_0{k}" for finger in ("index", "middle", "pinky", "ring", "thumb") for k in (1, 2, 3)]


def bones():
    """(name, parent, head, tail, half thickness) in decimetres: an A-pose, elbows a little bent, the left at +x."""
    out = [("Root", "", (0, 0, 0), (0, 1, 0), 0), ("pelvis", "Root", (0, .7, 0), (0, 1.5, 0), 1.2),
           ("spine_01", "pelvis", (0, 1.5, 0), (0, 2.6, 0), 1.1), ("spine_02", "spine_01", (0, 2.6, 0), (0, 3.8, 0), 1.2), ("spine_03", "spine_02", (0, 3.8, 0), (0, 5.2, 0), 1.3)]
    for s, sign in (("l", 1), ("r", -1)):
        limb = [("clavicle", "spine_03", (.3, 5, 0), (1.7, 5, 0), .3), ("upperarm", "clavicle", (1.7, 5, 0), (3.3, 3.2, 0), .5),
                ("lowerarm", "upperarm", (3.3, 3.2, 0), (4.5, 2, 1.5), .4), ("hand", "lowerarm", (4.5, 2, 1.5), (4.8, 1.7, 2), .3)]
        for i, finger in enumerate(FINGERS):
            k, row = i % 3, i // 3
            at = np.array([4.8 + .15 * k, 1.7 - .15 * k, 2 + .25 * k + .12 * row])
            limb.append((finger, FINGERS[i - 1] if k else "hand", tuple(at), tuple(at + [.15, -.15, .25]), .06))
        limb += [("thigh", "pelvis", (1, .6, 0), (1.4, -3.5, .1), .8), ("calf", "thigh", (1.4, -3.5, .1), (1.7, -7.4, 0), .6),
                 ("foot", "calf", (1.7, -7.4, 0), (1.9, -7.9, 1.2), .4), ("ball", "foot", (1.9, -7.9, 1.2), (2, -7.9, 2), .3)]
        for name, parent, head, tail, half in limb:
            under = parent if parent in ("spine_03", "pelvis") else f"{parent}_{s}"
            out.append((f"{name}_{s}", under, (sign * head[0], *head[1:]), (sign * tail[0], *tail[1:]), half))
    return out + [("neck_01", "spine_03", (0, 5.2, 0), (0, 6, 0), .5), ("head", "neck_01", (0, 6, 0), (0, 8.2, 0), .9)]


# A box's corners along and across a bone: four at its head, four at its tail.
QUADS = [(0, 1, 2, 3), (7, 6, 5, 4), (0, 4, 5, 1), (1, 5, 6, 2), (2, 6, 7, 3), (3, 7, 4, 0)]


def box(head, tail, half):
    along = (tail - head) / np.linalg.norm(tail - head)
    side = np.cross(along, [0, 0, 1] if abs(along[2]) < .9 else [1, 0, 0])
    side /= np.linalg.norm(side)
    front = np.cross(side, along)
    ring = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    return np.array([end + half * (a * side + b * front) for end in (head, tail) for a, b in ring])


def box_assets():
    table = bones()
    names = [b[0] for b in table]
    corners, faces, owner = [], [], []
    for i, (_, _, head, tail, half) in enumerate(table):
        base = 8 * i
        corners.append(box(np.array(head, float), np.array(tail, float), max(half, 1e-3)))
        owner += [i] * 8
        if half:
            for a, b, c, d in QUADS:
                faces += [(base + a, base + b, base + c), (base + a, base + c, base + d)]
    faces, head_box = np.array(faces, np.int32), 8 * names.index("head")
    face_points = [[head_box + 2, head_box + 3, head_box + 6, head_box + 7]] * 3 + [[head_box + 3], [head_box + 2]]
    groups = dict(heads=[np.arange(8 * i, 8 * i + 4) for i in range(len(table))], tails=[np.arange(8 * i + 4, 8 * i + 8) for i in range(len(table))], face=face_points)
    arrays = dict(base_positions=np.concatenate(corners).astype(np.float32), base_faces=faces, bone_names=np.array(names), dominant=np.array(owner, np.uint8),
                  parents=np.array([names.index(b[1]) if b[1] else -1 for b in table], np.int32), target_names=np.array(["caucasian-female-young"]),
                  targets=np.zeros((1, 8 * len(table), 3), np.float32))
    for name, members in groups.items():
        arrays[name] = np.concatenate(members).astype(np.int32)
        arrays[name + "_ends"] = np.cumsum([len(m) for m in members]).astype(np.int32)
    return Assets(arrays)


class BoxPerson:
    """Has what the renderer asks of a person."""

    def __init__(self, colour=(200, 60, 40)):
        assets = box_assets()
        assets.target_index = dict.fromkeys(target_weights(PLAIN), 0)  # all of them the empty morph
        self.body = Body(assets, PLAIN)
        self.body.trunk[:] = (0, 1.3, 0, 1.2)  # boxes have too few corners to be sliced
        count = len(self.body.positions)
        texture = np.full((4, 4, 4), 255, np.uint8)
        texture[..., :3] = colour
        weights = np.zeros((count, 4), np.float32)
        weights[:, 0] = 1
        indices = np.zeros((count, 4), np.uint8)
        indices[:, 0] = assets["dominant"]
        faces = np.ascontiguousarray(assets["base_faces"])
        self.keep = [self.body.positions, np.zeros((1, 2), np.float32), faces, np.zeros_like(faces), indices, weights, mip_chain(texture),
                     *(np.empty((count, 3), np.float32) for _ in range(3))]
        rest, uvs, faces_at, uv_faces, bones_at, weights_at, pixels, posed, normals, screen = map(address, self.keep)
        part = Part(count, len(faces), rest, uvs, faces_at, uv_faces, bones_at, weights_at, pixels, 4, 1, (1, 0, 0, 0, 1, 0, 0, 0, 1), 0, .1, 0, posed, normals, screen)
        self.parts = [part]
        self.native = (Part * 1)(part)
        self.poser = Poser(self.body, float(self.body.positions[:, 1].min()))


PLAIN = Shape(gender=0, age=0, muscle=.5, weight=.5, height=0)
