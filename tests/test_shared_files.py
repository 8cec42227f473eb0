"""Footage that lies in two people's folders."""

from helpers.files import fingerprints


def test_one_clip_of_two_people_is_named(tmp_path):
    paths = [tmp_path / name for name in ("a.mp4", "b.mp4", "c.mp4")]
    for path, content in zip(paths, (b"one", b"two", b"one"), strict=True):
        path.write_bytes(content)
    first, other, again = paths
    assert fingerprints.shared_files({"Ann": [first], "Ben": [other]}) == []
    # twice in one folder: extraction marks the faces as duplicates
    assert fingerprints.shared_files({"Ann": [first, again]}) == []
    lines = fingerprints.shared_files({"Ann": [first, other], "Ben": [again]})
    assert len(lines) == 1
    assert "c.mp4 of Ben is a.mp4 of Ann" in lines[0] and "PERSON" in lines[0]
