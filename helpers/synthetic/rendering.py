"""One frame of film: a person and frame parameters in, picture and truth out.

Meshes are posed, the nearest surface is found at each pixel, and light is
computed once a pixel ("deferred shading").
"""

import cv2
import numpy as np

from helpers.synthetic.camera import (
    LARGEST_FRAME,
    develop,
    film_background,
    smooth_silhouettes,
)
from helpers.synthetic.face_points import project_face_points
from helpers.synthetic.features import paint_eyes, paint_mouth
from helpers.synthetic.fields import smoothstep, unit_vectors
from helpers.synthetic.frame import (
    Pose,
    complete_frame,
    pose_grids,
    project_landmarks,
)
from helpers.synthetic.glasses import draw_glasses, glasses_cover
from helpers.synthetic.lighting import (
    BACKDROP_DEPTH,
    ambient_occlusion,
    cast_shadows,
    light_direction,
    shade,
)
from helpers.synthetic.regions import face_region
from helpers.synthetic.surface_pixels import SurfacePixels

SMALLEST_FRAME = 32


def render(person, frame_parameters=None, size=256, geometry=False):
    """Film one frame of a person.

    The same person, parameters and size give the same bytes.

    Args:
        person: `Person`.
        frame_parameters: dict of frame parameters, see `FRAME_DEFAULTS`. What
            is left out takes its default; `None` is a neutral portrait.
        size: int, side of the frame in pixels, 32-1024.
        geometry: bool, whether to return depth and normals, too.

    Returns:
        dict with
        - `image`: uint8 array, shape `(size, size, 3)`. RGB, 0-255.
        - `mask`: float32 array, shape `(size, size)`. 1 on the visible
          face from above the brows to the chin, 0 elsewhere, soft at its
          border.
        - `landmarks`: float32 array, shape `(5, 2)`. `(x, y)` in pixels: left
          eye, right eye, nose, left and right mouth corner; left = image
          left.
        - with `geometry`, `depth`: float32 array, shape `(size, size)`, in cm
          towards the camera; `normals`: float32 array, shape
          `(size, size, 3)`, of length 1, 0 where nobody is; `skin`: float32
          array, shape `(size, size)`, 1 where head or neck are bare (beards
          count as bare), 0 under hair and cloth; `glasses`, same shape, 1
          where their frame is seen; and `points`: float32 array, shape
          `(68, 2)`, see `face_points`. `mask` and `skin` know no glasses.

    Raises:
        ValueError: if a frame parameter does not exist, or if `size` is out
            of range.
    """
    if not SMALLEST_FRAME <= size <= LARGEST_FRAME:
        raise ValueError(
            f"A frame has {SMALLEST_FRAME}-{LARGEST_FRAME} pixels a side. "
            f"Received: size={size!r}"
        )
    frame = complete_frame(frame_parameters)
    pose = Pose(frame, size)
    light = light_direction(frame)
    grids = pose_grids(person, frame, pose)
    projected = [pose.project(grid) for grid in grids]
    pixels = SurfacePixels(person, pose, grids, projected, size)
    paint_eyes(pixels, person.identity, frame, pose.head, light)
    paint_mouth(pixels, frame)
    pixels.normal = unit_vectors(pixels.normal)
    depth = np.full((size, size), BACKDROP_DEPTH, np.float32)
    depth = pixels.scatter(pixels.depth, depth)
    color = _light(pixels, frame, light, depth, pose.pixels_per_cm)
    image = pixels.scatter(color, film_background(frame, size))
    glasses = np.zeros((size, size), np.float32)
    if person.identity["glasses"]:
        glasses = glasses_cover(person.identity, pose, depth)
        image = draw_glasses(image, person.identity, pose, glasses)
    image = develop(smooth_silhouettes(image, depth), frame)
    empty = np.zeros((size, size), np.float32)
    result = {
        "image": image,
        "mask": pixels.scatter(_face_mask(pixels), empty.copy()),
        "landmarks": project_landmarks(person.template, projected[0]),
    }
    if geometry:
        normals = np.zeros((size, size, 3), np.float32)
        result["depth"] = depth
        result["normals"] = pixels.scatter(pixels.normal, normals)
        result["skin"] = pixels.scatter(_bare_skin(pixels), empty.copy())
        result["glasses"] = glasses
        result["points"] = project_face_points(
            person, frame, pose, projected[0]
        )
    return result


def _light(pixels, frame, light, depth, pixels_per_cm):
    """Shading with shadows that are found at half the frame's size."""
    size = len(depth)
    half = depth[::2, ::2].copy()

    def at_pixels(shadow):
        whole = cv2.resize(shadow, (size, size), interpolation=cv2.INTER_LINEAR)
        return whole.ravel()[pixels.index]

    open_sky = at_pixels(ambient_occlusion(half))
    lamp_seen = at_pixels(cast_shadows(half, light, pixels_per_cm / 2))
    return shade(pixels, frame, light, open_sky, lamp_seen)


def _face_mask(pixels):
    # before the ears: the egg knows how far aside, not how far back
    seen = pixels.on_head() * smoothstep(0.7, 0.95, pixels.front)
    return seen * face_region(pixels.x, pixels.y) * (1 - pixels.hair)


def _bare_skin(pixels):
    return pixels.on_head() * (1 - pixels.hair) * (1 - pixels.cloth)
