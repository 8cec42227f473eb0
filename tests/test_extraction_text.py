"""What was found, in lines that fit a page."""

from helpers.faces.sorting import extraction_text
from helpers.footage import consent


def report(**changed):
    counts = dict.fromkeys(extraction_text.COUNTS, 4)
    files = {"left_out_files": {}, "other_files": {}, "no_face_files": []}
    files["left_out"] = {}
    return {**counts, **files, "consent": consent.unstated(), **changed}


def test_counts_stand_below_their_names():
    text = extraction_text.extraction_as_text(
        {"Ada": report(kept=3), "Jürgen 人": report()}
    )
    head, ada, other = text.splitlines()[:3]
    assert head.index("kept") + len("kept") == ada.index("3") + 1
    assert len(head) == len(ada) == len(other) <= extraction_text.WIDTH


def test_a_file_is_named_once_with_its_reason():
    reason = "x.jpg should be a photo. Received: an empty file. Copy it."
    text = extraction_text.extraction_as_text(
        {"Ada": report(left_out_files={"in/x.jpg": reason})}
    )
    assert "1 file of no use" in text and text.count("x.jpg") == 1
    assert "in/x.jpg: should be a photo" in text


def test_lines_are_short_and_many_files_are_counted():
    names = [f"photo {number}.jpg" for number in range(90)]
    reasons = dict.fromkeys(names, "should be a photo. " * 9)
    text = extraction_text.extraction_as_text(
        {"Ada": report(no_face_files=names, other_files=reasons)}
    )
    assert max(map(len, text.splitlines())) <= extraction_text.WIDTH
    assert text.count("and 50 more") == 2
    assert "90 files without a face" in text and "90 files no footage" in text


def test_why_faces_are_left_out_stands_below_whose_they_are():
    left_out = {"blurred": 7, "near-duplicate": 150, "another person": 11}
    text = extraction_text.extraction_as_text(
        {"Ada": report(left_out=left_out), "Bob": report()}
    )
    line = "  left out 168: near-duplicate 150, another person 11, blurred 7"
    assert text.splitlines().count(line) == 1
    assert text.index("Ada: who") < text.index(line) < text.index("Bob: who")
    assert text.count("left out") == 1


def test_files_of_no_use_are_named_with_reason_and_advice():
    said = {"a.jpg": "it is dark. Take more light"}
    files = report(
        no_face_files=["a.jpg", "b.mp4"],
        no_face_reasons=said,
        useless_files={"c.jpg": "blurred. Take a sharper one"},
        photo_notes={"d.jpg": "CMYK becomes RGB", "e.jpg": "CMYK becomes RGB"},
    )
    text = extraction_text.extraction_as_text({"Ada": files})
    for line in (
        "a.jpg: it is dark. Take more light",
        "b.mp4: no face was found. Use footage",
        "c.jpg: blurred. Take a sharper one",
        "d.jpg, e.jpg: CMYK becomes RGB",
    ):
        assert line in text
