"""Swapped tracks: each followed face gets a source of its own."""

import pytest
from clips import (
    FakeDetector,
    MirrorComb,
    NameComb,
    face_at,
    gap_detector,
    picture,
    read_clip,
    write_clip,
    write_gap_clip,
)

from helpers.faces import tracking
from helpers.faces.tracks import FaceTrack
from helpers.swap.swap_tracks import Role, steady_track, swap_tracks

pytestmark = pytest.mark.usefixtures("egg_masks")


@pytest.fixture
def clip(tmp_path):
    return write_gap_clip(tmp_path / "clip.mp4")


def test_a_track_of_another_video_is_refused(clip, tmp_path):
    track = tracking.find_face_track(clip, gap_detector(), every=1)
    short = FaceTrack(
        track.landmarks[:9],
        track.times[:9],
        track.face_counts[:9],
        track.shots[:9],
        None,
    )
    with pytest.raises(ValueError, match="track has 9 frames"):
        swap_tracks(
            MirrorComb(),
            clip,
            tmp_path / "swap.mp4",
            [Role(short, "Rosa")],
        )


def test_each_track_gets_its_own_source_and_is_looked_at_as_its_target(
    tmp_path,
):
    path = write_clip(tmp_path / "two.mp4", [picture(3, (160, 320))] * 6)
    left, right = face_at(0, 20), face_at(140, 20)
    tracks = tracking.find_tracks(path, FakeDetector([[left, right]] * 6), 1)
    assert len(tracks) == 2
    comb = NameComb()
    roles = [
        Role(steady_track(tracks[0]), "Rosa", "Marco"),
        Role(steady_track(tracks[1]), "Marco", "Rosa"),
    ]
    output = tmp_path / "swap.mp4"
    report = swap_tracks(comb, path, output, roles, color="none", blend="alpha")
    assert report["mark"]["source_identity"] == "Rosa, Marco"
    assert comb.batches == [("Marco", "Rosa", 6), ("Rosa", "Marco", 6)]
    frame = read_clip(output)[1][3].astype(int)
    (x, y), (u, v) = (
        face["landmarks"][2].astype(int) for face in (left, right)
    )
    assert frame[y, x, 1] - frame[y, x, 0] > 150
    assert frame[v, u].max() < 40
