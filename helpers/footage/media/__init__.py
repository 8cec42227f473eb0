"""Photos and video in and out, upright, RGB; this is the door to all of it.

Users say `from helpers.footage import media` and `media.read_frames(path)`.
What the door does not hand on is imported from its own module. Modules in here
import each other, never the door.
"""

from helpers.footage.media.containers import VIDEO_ENDINGS
from helpers.footage.media.editing import edit_onward, edit_video, map_video
from helpers.footage.media.opening import MediaError
from helpers.footage.media.photo_writing import (
    encode_image,
    write_animation,
    write_image,
)
from helpers.footage.media.photos import (
    PHOTO_ENDINGS,
    PHOTO_ERRORS,
    photo_notes,
    read_photo,
)
from helpers.footage.media.picture import VideoPicture
from helpers.footage.media.probing import count_frames, probe_video
from helpers.footage.media.reading import is_photo, read_frame, read_frames
from helpers.footage.media.reading_ahead import read_ahead
from helpers.footage.media.writing import VideoWriter, write_video

__all__ = [
    "PHOTO_ENDINGS",
    "PHOTO_ERRORS",
    "VIDEO_ENDINGS",
    "MediaError",
    "VideoPicture",
    "VideoWriter",
    "count_frames",
    "edit_onward",
    "edit_video",
    "encode_image",
    "is_photo",
    "map_video",
    "photo_notes",
    "probe_video",
    "read_ahead",
    "read_frame",
    "read_frames",
    "read_photo",
    "write_animation",
    "write_image",
    "write_video",
]
