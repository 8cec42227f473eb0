"""Provenance: every result says what it is, to people and to machines."""

import av
import cv2
import numpy as np
import pytest

from helpers import provenance


def picture(height=120, width=160):
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (height, width, 3), dtype=np.uint8)


def write_picture(path):
    cv2.imwrite(str(path), picture())
    return path


def write_video(path, comment=None):
    with av.open(str(path), "w") as container:
        if comment:
            container.metadata["comment"] = comment
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(picture(48, 64), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("name", ["swap.png", "swap.jpg", "Zoë é.jpeg"])
def test_a_mark_survives_in_a_picture(tmp_path, name):
    plain = cv2.imencode(tmp_path.joinpath(name).suffix, picture())[1]
    path = tmp_path / name
    path.write_bytes(plain.tobytes())
    assert provenance.read_mark(path) is None
    mark = provenance.build_mark("Zoë", visible_label=True)
    provenance.add_mark(path, mark)
    assert provenance.read_mark(path) == mark
    assert mark["source_identity"] == "Zoë"
    assert mark["digital_source_type"].endswith(
        "compositeWithTrainedAlgorithmicMedia"
    )
    assert "made_at" in mark and mark["visible_label"] is True
    # the pixels are what they were, and OpenCV still reads the file
    again = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(again, cv2.imdecode(plain, cv2.IMREAD_COLOR))
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["swap.png", "swap.jpg"])
def test_other_programs_find_the_mark_where_they_look(tmp_path, name):
    image = pytest.importorskip("PIL.Image")
    path = write_picture(tmp_path / name)
    provenance.add_mark(path, provenance.build_mark("Rosa"))
    with image.open(path) as opened:
        opened.load()
        comment = opened.info.get("Comment", opened.info.get("comment"))
        packet = opened.info.get(
            "xmp", opened.info.get("XML:com.adobe.xmp", "")
        )
    if isinstance(comment, bytes):
        comment = comment.decode("ascii")
    if isinstance(packet, bytes):
        packet = packet.decode("utf-8")
    assert '"source_identity": "Rosa"' in comment
    assert provenance.SOURCE_TYPE in packet


def test_a_mark_survives_in_a_video(tmp_path):
    mark = provenance.build_mark("Marco")
    marked = write_video(tmp_path / "swap.mp4", provenance.mark_text(mark))
    assert provenance.read_mark(marked) == mark
    plain = write_video(tmp_path / "plain.mp4", "somebody's holiday")
    assert provenance.read_mark(plain) is None


@pytest.mark.parametrize("height, width", [(1080, 1920), (240, 320), (64, 64)])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_the_label_is_visible_and_small(height, width, grey):
    image = np.full((height, width, 3), grey, np.uint8)
    labelled = provenance.draw_label(image)
    assert labelled.shape == image.shape and labelled.dtype == np.uint8
    changed = (labelled != image).any(axis=2)
    rows, columns = (
        np.flatnonzero(changed.any(1)),
        np.flatnonzero(changed.any(0)),
    )
    # bottom left, at most the lowest third and a quarter of the area
    assert rows[0] >= height * 2 / 3
    assert columns[0] < width / 10
    assert changed.mean() < 0.25
    # letters stand out from their plate, in grey levels
    plate = labelled[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert plate.max() - int(plate.min()) > 120
    np.testing.assert_array_equal(image, np.full_like(image, grey))


def test_the_label_gets_shorter_with_the_image_not_illegible():
    for width, height in [(64, 64), (320, 240), (1920, 1080)]:
        top, bottom, letters = provenance._label_letters(height, width, None)
        inked = np.flatnonzero((letters > 0.5).any(axis=1))
        assert len(inked) >= 6
        assert letters.shape[1] <= width
        assert bottom == height and 0 <= top < bottom


def test_the_label_works_at_any_size():
    for height, width in [(1, 1), (8, 200), (200, 8), (17, 31)]:
        image = np.zeros((height, width, 3), np.uint8)
        assert provenance.draw_label(image).shape == image.shape


def test_a_text_of_ones_own_can_be_drawn():
    image = np.zeros((240, 640, 3), np.uint8)
    first = provenance.draw_label(image, "a lesson")
    second = provenance.draw_label(image)
    assert (first != second).any()


def test_other_peoples_comments_are_not_taken_for_ours(tmp_path):
    path = write_picture(tmp_path / "a.png")
    content = path.read_bytes()
    for comment in (b"hello", b"[1]", b'{"generator": "else"}'):
        chunk = provenance._png_text(b"Comment", comment)
        path.write_bytes(content[:33] + chunk + content[33:])
        assert provenance.read_mark(path) is None


def test_files_that_cannot_carry_a_mark_are_refused(tmp_path):
    mark = provenance.build_mark("Rosa")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        provenance.read_mark(tmp_path / "none.png")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        provenance.read_mark(tmp_path / "none.mp4")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        provenance.add_mark(tmp_path / "none.png", mark)
    text = tmp_path / "text.png"
    text.write_text("not a picture")
    with pytest.raises(ValueError, match="neither inside"):
        provenance.add_mark(text, mark)
    with pytest.raises(ValueError, match="neither inside"):
        provenance.read_mark(text)
    with pytest.raises(ValueError, match="Marks are read from .png.*x.txt"):
        provenance.read_mark(tmp_path / "x.txt")
    video = tmp_path / "text.mp4"
    video.write_text("not a video")
    with pytest.raises(ValueError, match="readable video"):
        provenance.read_mark(video)


@pytest.mark.parametrize("name", ["cut.png", "cut.jpg"])
def test_a_truncated_picture_is_said_to_be_damaged(tmp_path, name):
    path = write_picture(tmp_path / name)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ValueError, match="Received: path="):
        provenance.read_mark(path)


def test_label_refuses_floats():
    with pytest.raises(ValueError, match="uint8 array.*float64"):
        provenance.draw_label(np.zeros((9, 9, 3)))
