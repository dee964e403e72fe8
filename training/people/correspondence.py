"""Where one picture of a person shows what another one shows: true flow and visibility, from the meshes."""
import ctypes

import numpy as np

from .native import Camera, address, library
from .render import TONE

NEAR = .35  # dm between two depths of one surface
SURFACE = np.dtype([("part", np.int32), ("triangle", np.int32), ("b", np.float32), ("c", np.float32)])
NOBODY, HIDDEN, SEEN = 0, 1, 2


class Surfaces:
    """The surfaces that a picture shows of a person as it stands posed now, at `scale` of the stage's size."""

    def __init__(self, person, stage, scale=.5):
        self.person, camera = person, stage.camera
        self.H, self.W = round(stage.H * scale), round(stage.W * scale)
        seen = Camera(focal=camera.focal * scale, centre_x=camera.centre_x * scale, centre_y=camera.centre_y * scale)
        seen.eye[:], seen.rotation[:] = camera.eye[:], camera.rotation[:]
        self.screens = [np.empty((part.vertex_count, 3), np.float32) for part in person.parts]
        for part, screen in zip(person.parts, self.screens):
            library.project_part(ctypes.byref(part), ctypes.byref(seen), address(screen))
        self.pointers = (ctypes.c_void_p * len(self.screens))(*map(address, self.screens))
        self.depth = np.empty((self.H, self.W), np.float32)
        self.surfaces = np.empty((self.H, self.W), SURFACE)
        library.draw_surfaces(ctypes.addressof(person.native), len(person.parts), ctypes.addressof(self.pointers), self.H, self.W,
                              address(self.depth), address(self.surfaces))

    def sources(self, other):
        """-> (H, W, 2): x, y in `other`'s pixels of what each pixel here shows; (H, W) NOBODY, HIDDEN or SEEN there."""
        sources, seen = np.empty((self.H, self.W, 2), np.float32), np.empty((self.H, self.W), np.uint8)
        library.trace_surfaces(ctypes.addressof(self.person.native), address(self.surfaces), ctypes.addressof(other.pointers),
                               address(other.depth), self.H, self.W, NEAR, address(sources), address(seen))
        return sources, seen


def empty_place(stage):
    """The stage without anybody, as an image."""
    image = np.empty((stage.H, stage.W, 3), np.uint8)
    library.draw_empty(ctypes.byref(stage.backdrop), stage.H, stage.W, stage.setting.exposure, address(TONE), address(image))
    return image
