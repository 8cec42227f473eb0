"""The report of a result: judged as it was made, or a line why not."""

import dataclasses
import types

import pytest

from helpers.proof import result_report
from helpers.swap.swap_footage import SwapResult
from helpers.swap.swap_job import SwapJob


def job_and_result(tmp_path, kind="video", target="Rosa", faces="main"):
    comb = types.SimpleNamespace(identities=("Rosa", "Marco"), contract={})
    folders = {"faces": "faces", "trained": "trained"}
    job = SwapJob(comb, "detector", "Marco", target, tmp_path, {}, folders)
    record = {"kind": kind, "job": {"faces": faces}}
    return job, SwapResult(tmp_path / "swap.mp4", tmp_path / "clip.mp4", record)


def test_a_result_is_judged_as_it_was_made(tmp_path, monkeypatch, capsys):
    asked = []
    report = types.SimpleNamespace(figures={"frames": 3, "swap": {}})

    def report_clip(*arguments):
        asked.extend(arguments)
        return report

    monkeypatch.setattr(
        result_report.facesets, "read_face_set", lambda *where: where[:2]
    )
    monkeypatch.setattr(
        result_report.identity_judge, "train_identity_judge", dict
    )
    monkeypatch.setattr(result_report.clip_report, "report_clip", report_clip)
    monkeypatch.setattr(
        result_report.tracking, "find_face_track", lambda *of: "track"
    )
    monkeypatch.setattr(result_report, "steady_track", lambda one: one)
    monkeypatch.setattr(
        result_report.likeness_gap,
        "clip_gaps",
        lambda *of: {"likeness_gap": 0.4, "of": of[1:3]},
    )
    job, result = job_and_result(tmp_path)
    assert result_report.report_result(job, result, 60) is report
    comb, role, *paths, detector, judge, most = asked
    assert (comb, detector, most) == (job.comb, "detector", 60)
    assert (role.track, role.source, role.target) == ("track", "Marco", "Rosa")
    assert paths == [result.media, result.path]
    assert judge == {name: ("faces", name) for name in ("Rosa", "Marco")}
    assert report.figures["likeness_gap"] == 0.4
    assert report.figures["of"] == (("faces", "Marco"), "track")
    assert capsys.readouterr().out.startswith("frames")


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"kind": "photo"}, "nothing moves in a photo"),
        ({"target": None}, "the comb does not know the target"),
        ({"faces": "left"}, "FACES was not 'main'"),
    ],
)
def test_what_cannot_be_judged_is_said(tmp_path, capsys, change, reason):
    job, result = job_and_result(tmp_path, **change)
    assert result_report.report_result(job, result) is None
    assert f"No report on swap.mp4: {reason}" in capsys.readouterr().out
    assert dataclasses.asdict(result)["record"]["job"]
