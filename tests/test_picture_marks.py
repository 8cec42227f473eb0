"""Picture marks: texts in pictures, where other programs look for them."""

import numpy as np
import pytest
from pictures import noise_frame, write_plain
from PIL import Image

from helpers.swap.marks import picture_marks, provenance, reading_marks


@pytest.mark.parametrize("name", ["swap.png", "swap.jpg", "swap.gif"])
def test_other_programs_find_the_mark_where_they_look(tmp_path, name):
    path = write_plain(tmp_path / name)
    provenance.add_mark(path, provenance.build_mark("Rosa"))
    with Image.open(path) as opened:
        opened.load()
        comment = opened.info.get("Comment", opened.info.get("comment"))
        packet = opened.info.get(
            "xmp", opened.info.get("XML:com.adobe.xmp", "")
        )
        if name.endswith(".gif"):  # of which Pillow tells the place
            kind, place = opened.info["extension"]
            assert kind == b"XMP DataXMP"
            packet = path.read_bytes()[place:].split(b"\x01\xff")[0]
    if isinstance(comment, bytes):
        comment = comment.decode("ascii")
    if isinstance(packet, bytes):
        packet = packet.decode("utf-8")
    assert '"source_identity": "Rosa"' in comment
    assert provenance.SOURCE_TYPE in packet


def test_a_mark_in_an_animation_leaves_its_frames_and_times(tmp_path):
    path = tmp_path / "swap.gif"
    frames = [
        Image.fromarray(np.roll(noise_frame(), n, axis=1)) for n in (0, 9, 5)
    ]
    frames[0].save(
        path,
        save_all=True,
        append_images=frames[1:],
        duration=[40, 80, 120],
        loop=0,
        comment=b"a holiday",
    )

    def play():
        with Image.open(path) as opened:
            assert opened.info["loop"] == 0
            for index in range(opened.n_frames):
                opened.seek(index)
                yield np.asarray(opened.convert("RGB")), opened.info["duration"]

    before = list(play())
    mark = provenance.build_mark("Rosa")
    provenance.add_mark(path, mark)
    assert reading_marks.read_mark(path) == mark
    for (old, old_time), (new, new_time) in zip(before, play(), strict=True):
        np.testing.assert_array_equal(old, new)
        assert old_time == new_time


@pytest.mark.parametrize("text", [b"", b"x" * 255, b"y" * 256, b"z" * 1000])
def test_comments_of_a_gif_are_cut_into_blocks(tmp_path, text):
    path = write_plain(tmp_path / "a.gif")
    content = path.read_bytes()
    place = picture_marks._gif_place(content)
    comment = picture_marks._gif_comment(text)
    path.write_bytes(b"GIF89a" + content[6:place] + comment + content[place:])
    with Image.open(path) as opened:
        opened.load()
        assert opened.info.get("comment", b"") == text
