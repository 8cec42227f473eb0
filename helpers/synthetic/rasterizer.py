"""Which triangle is seen at which pixel: triangles in, visible pixels out."""

import numpy as np

# Depths are kept as whole numbers of 10 micrometres, counted from a plane
# that is nearer than anything rendered.
NEAREST = 100.0
DEPTH_STEPS = 1e5


def grid_triangles(rows, columns, offset=0, flipped=False):
    """Two triangles for each cell of a grid.

    Args:
        rows: int, rows of vertices.
        columns: int, columns of vertices.
        offset: int, index of the grid's first vertex.
        flipped: bool, whether the other side is the outside.

    Returns:
        int array, shape `(triangles, 3)`. Indices of vertices.
    """
    index = np.arange(rows * columns).reshape(rows, columns)
    corner = index[:-1, :-1].ravel() + offset
    right, below = corner + 1, corner + columns
    triangles = np.concatenate(
        [
            np.stack([corner, below, right], 1),
            np.stack([right, below, below + 1], 1),
        ]
    )
    return triangles[:, ::-1] if flipped else triangles


def rasterize(points, triangles, width, height):
    """The nearest triangle at each pixel, by a depth buffer in plain numpy.

    All triangles are spread over the pixels of their bounding boxes at once;
    each candidate that lies inside its triangle is a fragment, and the
    nearest fragment of a pixel wins. Triangles seen from behind are left out.

    Args:
        points: float32 array, shape `(vertices, 3)`. `(x, y)` in pixels, and
            depth in cm, larger is nearer.
        triangles: int array, shape `(3, triangles)`. Indices of vertices.
        width: int, of the image in pixels.
        height: int, of the image in pixels.

    Returns:
        tuple of
        - int array, shape `(visible,)`. Flat index of each pixel covered.
        - int array, shape `(3, visible)`. The vertices of its triangle.
        - float32 array, shape `(3, visible)`. Their weights, which sum to 1.
        - float32 array, shape `(visible,)`. Depth in cm.
    """
    x, y, depth = (np.ascontiguousarray(axis) for axis in points.T)
    first, second, third = triangles
    area = (x[second] - x[first]) * (y[third] - y[first])
    area = area - (y[second] - y[first]) * (x[third] - x[first])
    facing = np.flatnonzero(area < -1e-6)
    first, second, third = (corner[facing] for corner in triangles)
    # The weights of the second and third corner are linear in (x, y).
    scale = 1 / area[facing]
    second_x = (y[third] - y[first]) * scale
    second_y = -(x[third] - x[first]) * scale
    third_x = -(y[second] - y[first]) * scale
    third_y = (x[second] - x[first]) * scale
    owner, column, row = _candidates(
        (x[first], x[second], x[third]),
        (y[first], y[second], y[third]),
        width,
        height,
    )
    across = column.astype(np.float32) - x[first][owner]
    down = row.astype(np.float32) - y[first][owner]
    beta = second_x[owner] * across + second_y[owner] * down
    gamma = third_x[owner] * across + third_y[owner] * down
    slack = 1e-5  # pixels on a shared edge belong to both triangles
    inside = (beta >= -slack) & (gamma >= -slack)
    inside = np.flatnonzero(inside & (beta + gamma <= 1 + slack))
    owner, beta, gamma = owner[inside], beta[inside], gamma[inside]
    pixel = row[inside] * width + column[inside]
    start = depth[first]
    fragment_depth = (
        start[owner]
        + beta * (depth[second] - start)[owner]
        + gamma * (depth[third] - start)[owner]
    )
    covered, nearest = _nearest_fragments(pixel, fragment_depth, width * height)
    owner, beta, gamma = owner[nearest], beta[nearest], gamma[nearest]
    corners = np.stack([first[owner], second[owner], third[owner]])
    weights = np.stack([1 - beta - gamma, beta, gamma])
    return covered, corners, weights, fragment_depth[nearest]


def _candidates(xs, ys, width, height):
    """Every pixel of every triangle's bounding box, and whose box it is."""
    left = np.maximum(np.ceil(np.minimum(np.minimum(*xs[:2]), xs[2])), 0)
    right = np.maximum(np.maximum(*xs[:2]), xs[2])
    right = np.minimum(np.floor(right), width - 1)
    top = np.maximum(np.ceil(np.minimum(np.minimum(*ys[:2]), ys[2])), 0)
    bottom = np.maximum(np.maximum(*ys[:2]), ys[2])
    bottom = np.minimum(np.floor(bottom), height - 1)
    left, right, top, bottom = (
        edge.astype(np.int32) for edge in (left, right, top, bottom)
    )
    columns = np.maximum(right - left + 1, 0)
    pixels = columns * np.maximum(bottom - top + 1, 0)
    owner = np.repeat(np.arange(len(pixels), dtype=np.int32), pixels)
    start = np.cumsum(pixels, dtype=np.int32) - pixels
    place = np.arange(len(owner), dtype=np.int32) - start[owner]
    wide = columns[owner]
    # half a pixel keeps the quotient off whole numbers, where float32 rounds
    line = (place.astype(np.float32) + np.float32(0.5)) / wide
    line = line.astype(np.int32)
    return owner, left[owner] + place - line * wide, top[owner] + line


def _nearest_fragments(pixel, depth, num_pixels):
    """Pixels covered, and the index of the fragment seen at each."""
    distance = ((NEAREST - depth) * DEPTH_STEPS).astype(np.int64)
    # distance above, index below: the smallest key is the nearest fragment,
    # and at a draw the earlier one, whatever the order of evaluation
    key = (distance << 32) | np.arange(len(pixel))
    empty = np.iinfo(np.int64).max
    buffer = np.full(num_pixels, empty)
    np.minimum.at(buffer, pixel, key)
    covered = np.flatnonzero(buffer != empty)
    return covered, buffer[covered] & 0xFFFFFFFF
