"""A body's shape: macro morphs of the base mesh, its bones, and the joints people are annotated with."""
from dataclasses import dataclass, field

import numpy as np

from .native import address, library

# OpenPose-18, and how far (dm) each joint lies beneath the surface that hides it.
JOINTS = ["nose", "neck", "right shoulder", "right elbow", "right wrist", "left shoulder", "left elbow", "left wrist",
          "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle", "right eye", "left eye",
          "right ear", "left ear"]
FLESH = np.array([.25, 1.5, 1.3, .9, .7, 1.3, .9, .7, 1.8, 1.2, .9, 1.8, 1.2, .9, .3, .3, .6, .6], np.float32)


@dataclass
class Shape:
    """Macro parameters. 0..1, but for height (-0.3..0.3) and origin (weights that sum to 1)."""
    gender: float
    age: float
    muscle: float
    weight: float
    height: float
    origin: dict = field(default_factory=lambda: {"caucasian": 1.0})


def ramp(value, names):
    if len(names) == 2:
        return {names[0]: 1 - value, names[1]: value}
    return {names[0]: max(0, 1 - 2 * value), names[1]: 1 - abs(2 * value - 1), names[2]: max(0, 2 * value - 1)}


def target_weights(shape):
    weights = {}
    ages = ramp(shape.age, ["young", "old"])
    muscles = ramp(shape.muscle, ["minmuscle", "averagemuscle", "maxmuscle"])
    masses = ramp(shape.weight, ["minweight", "averageweight", "maxweight"])
    stature = "maxheight" if shape.height > 0 else "minheight"
    for gender, g in ramp(shape.gender, ["female", "male"]).items():
        for age, a in ages.items():
            for origin, o in shape.origin.items():
                weights[f"{origin}-{gender}-{age}"] = g * a * o
            for muscle, u in muscles.items():
                for mass, m in masses.items():
                    weights[f"universal-{gender}-{age}-{muscle}-{mass}"] = g * a * u * m
        for muscle, u in muscles.items():
            for mass, m in masses.items():
                weights[f"{gender}-young-{muscle}-{mass}-{stature}"] = g * u * m * abs(shape.height)
    return {name: w for name, w in weights.items() if w > 1e-3}


def group_means(positions, indices, ends):
    starts = np.concatenate([[0], ends[:-1]])
    return np.add.reduceat(positions[indices].astype(np.float64), starts, 0) / (ends - starts)[:, None]


class Body:
    """Rest positions of the base mesh and of its bones."""

    def __init__(self, assets, shape):
        self.assets, self.shape = assets, shape
        weights = target_weights(shape)
        rows = [assets.target_index[name] for name in weights]
        offsets = np.tensordot(np.array(list(weights.values()), np.float32), assets["targets"][rows], 1)
        self.positions = np.ascontiguousarray(assets["base_positions"] + offsets)
        self.heads = group_means(self.positions, assets["heads"], assets["heads_ends"])
        self.tails = group_means(self.positions, assets["tails"], assets["tails_ends"])
        self.face = group_means(self.positions, assets["face"], assets["face_ends"])
        self.parents = assets["parents"]
        self.height = float(np.ptp(self.positions[:13380, 1]))
        self.slices()

    def bone(self, name):
        return self.assets.bone_index[name]

    def head_of(self, name):
        return self.heads[self.bone(name)]

    def slices(self, count=40):
        """The trunk as ellipses by height, against which hands and arms must not cut in."""
        trunk = [self.bone(b) for b in ("pelvis", "spine_01", "spine_02", "spine_03", "neck_01", "head")]
        points = self.positions[:13380][np.isin(self.assets["dominant"][:13380], trunk)].astype(np.float64)
        self.slice_range = float(points[:, 1].min()), float(points[:, 1].max())
        row = ((points[:, 1] - self.slice_range[0]) / (np.ptp(points[:, 1]) + 1e-6) * count).astype(int)
        order = np.argsort(row, kind="stable")
        starts = np.searchsorted(row[order], np.arange(count))
        low, high = np.minimum.reduceat(points[order], starts), np.maximum.reduceat(points[order], starts)
        self.trunk = np.ascontiguousarray(np.stack([(low[:, 0] + high[:, 0]) / 2, (high[:, 0] - low[:, 0]) / 2,
                                                    (low[:, 2] + high[:, 2]) / 2, (high[:, 2] - low[:, 2]) / 2], 1))

    def kinematics(self, rotations):
        """Bone matrices (bones, 3, 4) from local rotations (bones, 3, 3) about the rest pose's world axes."""
        matrices = np.empty((len(self.parents), 3, 4))
        library.forward_kinematics(len(self.parents), address(self.parents), address(self.heads), address(rotations), address(matrices))
        return matrices

    def joints(self, matrices):
        """The 18 joints in the posed world."""
        def placed(bone, point):
            m = matrices[bone]
            return m[:, :3] @ point + m[:, 3]

        out = np.empty((18, 3))
        for side, first in (("r", 2), ("l", 5)):
            for offset, name in ((0, "upperarm"), (1, "lowerarm"), (2, "hand"), (6, "thigh"), (7, "calf"), (8, "foot")):
                bone = self.bone(f"{name}_{side}")
                out[first + offset] = placed(bone, self.heads[bone])
        head = self.bone("head")
        for joint, point in zip((0, 14, 15, 16, 17), self.face):
            out[joint] = placed(head, point)
        out[1] = (out[2] + out[5]) / 2
        return out
