"""De-interlacing: frames of two moments each in, frames of one moment out.

Older cameras and television store every other line of a picture a fiftieth of
a second later. What moved between has edges like a comb, which would go into
faces that are learned, while a swapped face has none.
"""

import collections

import av

from helpers.footage.media.opening import MediaError

# the filter takes no smaller picture, of which colour has a quarter of the side
SMALLEST = 16
UNSPECIFIED = 2


def without_comb(frames):
    """Frames, the interlaced ones among them with the lines of one moment.

    A frame's number and time stay, and so does every frame that is not marked
    as interlaced. Until the first that is, nothing is done.

    Args:
        frames: iterable of `av.VideoFrame`, in the order they are shown.

    Yields:
        `av.VideoFrame`.

    Raises:
        MediaError: if `frames` does, after those that it gave.
    """
    graph = None
    broken = None
    frames = iter(frames)
    while True:
        try:
            frame = next(frames, None)
        except MediaError as error:
            frame, broken = None, error
        if graph is not None and not graph.takes(frame):
            yield from graph.end()
            graph = None
        if frame is None:
            break
        if graph is None and not _is_combed(frame):
            yield frame
            continue
        graph = graph or _Graph(frame)
        yield from graph.filter(frame)
    if broken is not None:
        raise broken


def _is_combed(frame):
    small = min(frame.width, frame.height) < SMALLEST
    return frame.interlaced_frame and not small


class _Graph:
    """FFmpeg's filter for frames like the first, which come out later."""

    def __init__(self, frame):
        self.kind = _kind(frame)
        self.waiting = collections.deque()
        self.graph = av.filter.Graph()
        source = self.graph.add(
            "buffer",
            video_size=f"{frame.width}x{frame.height}",
            pix_fmt=frame.format.name,
            time_base=str(frame.time_base or "1/25"),
        )
        # one frame each, and only of those that are marked
        lines = self.graph.add("bwdif", "mode=send_frame:deint=interlaced")
        sink = self.graph.add("buffersink")
        self.graph.link_nodes(source, lines, sink).configure()

    def takes(self, frame):
        return frame is not None and _kind(frame) == self.kind

    def filter(self, frame):
        colors = frame.colorspace, frame.color_range
        self.waiting.append((frame.pts, frame.time_base, colors))
        # lines are lines in any colours, of which the filter knows but some
        frame.colorspace, frame.color_range = UNSPECIFIED, 0
        self.graph.vpush(frame)
        frame.colorspace, frame.color_range = colors
        yield from self._ready()

    def end(self):
        self.graph.vpush(None)
        yield from self._ready()

    def _ready(self):
        while True:
            try:
                frame = self.graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            # the filter counts in ticks of its own
            frame.pts, frame.time_base, colors = self.waiting.popleft()
            frame.colorspace, frame.color_range = colors
            yield frame


def _kind(frame):
    return frame.width, frame.height, frame.format.name
