"""Reading marks: what a file says of itself, and whether it can be believed."""

import av
import numpy as np
import pytest
from pictures import noise_frame, write_plain
from PIL import Image

from helpers.footage import media
from helpers.swap.marks import picture_marks, provenance, reading_marks


def write_video(path, comment=None):
    with av.open(str(path), "w") as container:
        if comment:
            container.metadata["comment"] = comment
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(noise_frame(), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("ending", [".png", ".jpg", ".gif"])
def test_what_is_done_to_a_written_picture_is_read(tmp_path, ending):
    path = tmp_path / f"swap{ending}"
    mark = provenance.build_mark("Rosa")
    provenance.write_picture(path, noise_frame(), mark)
    written = path.read_bytes()
    content = bytearray(written)
    content[-100] ^= 1
    path.write_bytes(content)
    report = reading_marks.read_provenance(path)
    assert (report["credentials"], report["altered"]) == ("invalid", True)
    assert report["mark"] == mark and report["trusted"] is False
    # another name in the comment
    path.write_bytes(written.replace(b"Rosa", b"Roso", 1))
    assert reading_marks.read_provenance(path)["altered"] is True
    path.write_bytes(written)
    # saved anew, without its metadata: nothing is left to read
    with Image.open(path) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    media.write_image(path, pixels)
    report = reading_marks.read_provenance(path)
    assert report["mark"] is None and report["credentials"] == "none"
    assert report["altered"] is None


def test_a_mark_alone_says_nothing_about_changes(tmp_path):
    path = write_plain(tmp_path / "swap.png")
    provenance.add_mark(path, provenance.build_mark("Rosa"))
    report = reading_marks.read_provenance(path)
    assert report["mark"]["source_identity"] == "Rosa"
    assert (report["credentials"], report["altered"]) == ("none", None)


def test_a_mark_survives_in_a_video(tmp_path):
    mark = provenance.build_mark("Marco")
    marked = write_video(tmp_path / "swap.mp4", provenance.mark_text(mark))
    assert reading_marks.read_mark(marked) == mark
    plain = write_video(tmp_path / "plain.mp4", "somebody's holiday")
    assert reading_marks.read_mark(plain) is None


def test_other_peoples_comments_are_not_taken_for_ours(tmp_path):
    path = write_plain(tmp_path / "a.png")
    content = path.read_bytes()
    for comment in (b"hello", b"[1]", b'{"generator": "else"}'):
        chunk = picture_marks._png_text(b"Comment", comment)
        path.write_bytes(content[:33] + chunk + content[33:])
        assert reading_marks.read_mark(path) is None


def test_files_that_cannot_carry_a_mark_are_refused(tmp_path):
    mark = provenance.build_mark("Rosa")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        reading_marks.read_mark(tmp_path / "none.png")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        reading_marks.read_mark(tmp_path / "none.mp4")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        provenance.add_mark(tmp_path / "none.png", mark)
    text = tmp_path / "text.png"
    text.write_text("not a picture")
    with pytest.raises(ValueError, match="none of them inside"):
        provenance.add_mark(text, mark)
    with pytest.raises(ValueError, match="none of them inside"):
        reading_marks.read_mark(text)
    with pytest.raises(ValueError, match="Marks are read from .png.*x.txt"):
        reading_marks.read_mark(tmp_path / "x.txt")
    video = tmp_path / "text.mp4"
    video.write_text("not a video")
    with pytest.raises(ValueError, match="readable video"):
        reading_marks.read_mark(video)


@pytest.mark.parametrize("name", ["cut.png", "cut.jpg", "cut.gif"])
def test_a_truncated_picture_is_said_to_be_damaged(tmp_path, name):
    path = write_plain(tmp_path / name)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ValueError, match="Received: path="):
        reading_marks.read_mark(path)


def test_what_a_file_says_is_put_into_words(tmp_path, capsys):
    path = tmp_path / "swap.png"
    mark = provenance.build_mark("Rosa", visible_label=True)
    provenance.write_picture(path, noise_frame(), mark)
    said = reading_marks.print_provenance(path)
    assert said == reading_marks.read_provenance(path)
    words = capsys.readouterr().out
    assert "label      on every swapped picture" in words
    assert "comment    the face of Rosa, swapped by" in words
    assert "signature  valid: the file is as it was signed" in words
    assert "key        your own: nobody else vouches for it" in words
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    reading_marks.print_provenance(path)
    words = capsys.readouterr().out
    assert "invalid: the file was changed since it was signed" in words
    assert "signer" not in words
    media.write_image(path, noise_frame())
    reading_marks.print_provenance(path)
    words = capsys.readouterr().out
    assert "comment    none" in words and "leaves no trace" in words
    stranger = {**said, "trusted": False}
    assert "does not know" in reading_marks.in_words(stranger)["key"]
