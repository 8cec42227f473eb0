"""How good is a swapped video, without a truth: two clips in, figures out.

Each figure is fooled alone: footage that was left as it is has no seam and
does not flicker, a still picture of the source has its identity. So all are
given together, each beside what it says of cases whose worth is known.
"""

import functools
import itertools
from collections import namedtuple

import numpy as np

from helpers import alignment, compositing, masks
from helpers.crops import cut_network_crops, matrix_for
from helpers.faces import tracking
from helpers.faces.readers import blendshapes, face_landmarks
from helpers.faces.tracks import has_face
from helpers.proof import (
    clip_measures,
    expression_error,
    expression_match,
    flicker,
)
from helpers.proof.scores import masked_error
from helpers.swap import swapping
from helpers.swap.swap_tracks import steady_track
from helpers.swapper import resize_pictures

CASES = ("swap", "target", "uncorrected")
UNCORRECTED = ("none", "alpha")
# The target's landmarks are found a second time from this far beside their
# place, in distances between the eyes: what they then move by, no figure sees.
BESIDE = 0.1
# Whether a frame is bad where its figure is high; the worst are shown.
WORST = {
    "flicker": True,
    "landmark_error": True,
    "seam": True,
    "identity_margin": False,
}
CURVES = (*WORST, "sharpness", "cycle_error", "expression_error")
EVENLY_SHOWN = 2  # frames, beside the worst
# A target that hardly changes from one frame to the next does not flicker by
# ten times as much because the swap changes by half a grey level.
STILL = 0.5 / 255

ClipReport = namedtuple("ClipReport", "figures curves shown")
ClipReport.__doc__ = """What was measured of a swapped clip.

Args:
    figures: dict that JSON can hold, of the whole clip, and of its faces
        `swap`, `target` (as if it had been left alone) and `uncorrected` (the
        same faces pasted as they are, with no correction of colour or light),
        each a dict, see `report_clip`.
    curves: dict of float arrays, shape `(frames,)`, of the swap by frame, NaN
        where there is nothing to measure; and `times`, seconds.
    shown: list of tuples `(caption, target, swap)`: the frame that is worst
        by each figure, and some evenly spread; uint8 arrays, RGB.
"""


def report_clip(
    comb, role, target_path, swap_path, detector, judge=None, most=None
):
    """Judge a swapped clip frame by frame; few frames are in memory at once.

    Args:
        comb: `helpers.comb.Comb`, the one that made it.
        role: `swap_tracks.Role`. Its target is an identity of the comb; its
            track, as it was swapped, or `None` to follow the face that the
            clip is about.
        target_path: str or path of the video that was swapped.
        swap_path: str or path of the result.
        detector: `detection.FaceDetector`.
        judge: `identity_judge.IdentityJudge`, or `None` to leave identity out.
        most: int or `None`. Frames that are judged at most, from the first.

    Returns:
        `ClipReport`. Its figures are `frames`, `frames_swapped`,
        `frames_without_face`, `frames_lost` (of the target, that the result
        lacks), `same_sound` (see `clip_measures.same_sound`), of the pixels
        outside the face's rectangle and the label `background_before_encoding`
        (largest difference of a swapped frame to the target's before it is
        written, 0-255, 0 is right), `background_max` and `background_psnr`
        (of the file; decibels, `None` if there is no difference), and for
        each of the three faces

        - `cycle_ratio`: error of the way back, in which the face is encoded
          as it is seen in the frame, moved and decoded as the target, over
          that of the target's own reconstruction;
        - `landmark_error_share`: mean distance of the five landmarks from
          the target's, in distances between its eyes; of the target itself,
          found a second time, what cannot be measured;
        - `expression_error_share`: mean distance of lids and lips from the
          target's, see `expression_error.expression_distance`; of the target
          itself, read in the mirror, what cannot be measured;
        - `expression_correlation`, `expression_slope`: whether the face does
          what the target does, and how much of it, see `expression_match`;
          not there if the target's face stands still;
        - `jitter_ratio`: acceleration of the landmarks over the target's;
        - `flicker_ratio`: see `flicker`; `seam`, `sharpness`: see
          `clip_measures`;
        - `identity_share`, `identity_margin`: see `IdentityJudge.score`, for
          the source.

    Raises:
        FileNotFoundError: if there is no such video.
        MediaError: if a video cannot be read.
        ValueError: if the role's identities are unknown, if the track is too
            short, if no frame shows the face, or if the two videos are not
            of one size.
    """
    comb.check_identity(role.target)
    swapping.check_swap(comb, role.source)
    if role.track is None:
        track = tracking.find_face_track(target_path, detector)
        role = role._replace(track=steady_track(track))
    clip = _Clip(comb.looking_at(role.target), role, detector, judge, most)
    frames = clip_measures.both_frames(target_path, swap_path)
    frames = itertools.islice(frames, most)
    while chunk := list(itertools.islice(frames, swapping.BATCH_SIZE)):
        clip.measure_frames(chunk)
    frames, faces = len(clip.times), len(clip.rows["swap"])
    if not faces:
        raise ValueError(
            "A clip is judged by its faces. Received: none in the "
            f"{frames} frames that {target_path} and {swap_path} share"
        )
    figures = {
        "frames": frames,
        "frames_swapped": faces,
        "frames_without_face": frames - faces,
        "frames_lost": len(role.track.landmarks[:most]) - frames,
        "same_sound": clip_measures.same_sound(target_path, swap_path),
        **clip.background.figures(),
        **clip.figures(),
    }
    return ClipReport(figures, clip.curves(), clip.shown())


def print_table(report):
    """Print a clip's figures, each of the swap beside the known cases.

    Args:
        report: `ClipReport`.
    """
    cases = [k for k, v in report.figures.items() if isinstance(v, dict)]
    for name, value in report.figures.items():
        if name not in cases:
            print(f"{name:28}{_written(value):>10}")
    print(f"{'':28}" + "".join(f"{case:>13}" for case in cases))
    for name in report.figures["swap"]:
        values = (report.figures[case][name] for case in cases)
        print(f"{name:28}" + "".join(f"{_written(v):>13}" for v in values))


def _written(value):
    return f"{value:.3f}" if isinstance(value, float) else str(value)


class _Clip:
    """Takes a clip some frames at a time, and keeps numbers of them."""

    def __init__(self, comb, role, detector, judge, most):
        self.comb, self.role = comb, role
        self.detector, self.judge = detector, judge
        self.reader = face_landmarks.shipped_landmarks()
        self.blendshapes = blendshapes.shipped_blendshapes()
        self.background = clip_measures.Background(comb.contract)
        self.times = []
        self.rows = {case: [] for case in CASES}
        self.before = None
        self.worst, self.sample = {}, []
        seen = has_face(role.track.landmarks[:most])
        seen = np.flatnonzero(seen)
        # the parts between the first and the last one
        places = np.linspace(0, len(seen), EVENLY_SHOWN + 2)[1:-1]
        self.sampled = seen[places.astype(int)] if len(seen) else seen
        self.mask_at = functools.cache(
            functools.partial(clip_measures.mask_at, comb.contract)
        )
        self.pasting_mask = functools.cache(
            functools.partial(masks.blending_mask, comb.contract)
        )

    def measure_frames(self, chunk):
        """Measure the next frames: tuples of index, time, target and swap."""
        landmarks = self.role.track.landmarks
        if chunk[-1][0] >= len(landmarks):
            raise ValueError(
                f"The track has {len(landmarks)} frames, the two clips have "
                f"more. Received: frame {chunk[-1][0]}. Give the track that "
                "the clip was swapped with."
            )
        self.times += [seconds for _, seconds, *_ in chunk]
        for index, _, target, swap in chunk:
            self.background.compare_written(landmarks[index], target, swap)
        seen = [row for row in chunk if np.isfinite(landmarks[row[0]]).all()]
        if not seen:
            return
        indices, _, targets, swaps = zip(*seen, strict=True)
        points = landmarks[list(indices)]
        yaws = [round(alignment.estimate_pose(each)[0]) for each in points]
        faces = {}
        looks, wanted = self._cut_faces(targets, points)
        doing = self.reader.landmarks(np.stack(looks))
        frames = {
            "swap": swaps,
            "target": targets,
            "uncorrected": self._paste(targets, wanted, points, yaws),
        }
        true, *_ = self.detector.refine(targets, points)
        owns = self._errors(self._back(wanted, 0.0), wanted, yaws)
        shift = self.comb.shift(self.role.source, self.role.target)
        for case, pictures in frames.items():
            faces[case], crops = self._cut_faces(pictures, points)
            back = self._back(crops, shift)
            columns = {
                "index": indices,
                **self._landmarks(case, pictures, points, true),
                "expression_error": self._expression(case, faces[case], doing),
                "blendshapes": self.blendshapes.read(np.stack(faces[case]))[0],
                "cycle_error": self._errors(back, wanted, yaws),
                "own_error": owns,
            }
            if self.judge is not None:
                columns["identity_margin"] = self.judge.margins(
                    np.stack(faces[case]), self.role.source
                )
            self.rows[case] += [
                dict(zip(columns, row, strict=True))
                for row in zip(*columns.values(), strict=True)
            ]
        for n, index in enumerate(indices):
            now = {case: faces[case][n] for case in CASES}
            self._compare(index, now, n - len(indices), self.mask_at(yaws[n]))

    def _cut_faces(self, frames, points):
        """Faces as they are measured, and as the encoder sees them."""
        contract = self.comb.contract
        faces = [
            clip_measures.cut_measured_crop(contract, *each)
            for each in zip(frames, points, strict=True)
        ]
        return faces, cut_network_crops(
            np.stack(faces), contract["coverage"], self.comb.resolution
        )

    def _paste(self, targets, crops, points, yaws):
        """Frames with the face in them as it is drawn."""
        contract, pasted = self.comb.contract, []
        drawn = swapping.draw_faces(self.comb, crops, self.role.source)
        seen = resize_pictures(crops, self.comb.drawn_side)
        for n, face in enumerate(drawn):
            matrix = matrix_for(points[n], contract, self.comb.drawn_side)
            mask = self.pasting_mask(self.comb.resolution, yaws[n])
            frame = compositing.composite_face(
                targets[n], face, seen[n], matrix, mask, *UNCORRECTED
            )
            self.background.compare_unwritten(points[n], targets[n], frame)
            pasted.append(frame)
        return pasted

    def _back(self, crops, shift):
        """Faces that were encoded, decoded as the target."""
        codes = self.comb.encode(crops) - shift
        return self.comb.decode(codes, self.role.target)

    def _errors(self, drawn, crops, yaws):
        side = self.comb.resolution
        inside = [self.pasting_mask(side, yaw) for yaw in yaws]
        return [
            masked_error(*(each[None] for each in row))
            for row in zip(drawn, crops, inside, strict=True)
        ]

    def _landmarks(self, case, frames, points, true):
        """Landmarks in these frames, and how far from the target's."""
        eyes = np.linalg.norm(true[:, 1] - true[:, 0], axis=-1)
        if case == "target":
            points = points + BESIDE * eyes[:, None, None]
        landmarks, *_ = self.detector.refine(frames, points)
        apart = np.linalg.norm(landmarks - true, axis=-1).mean(axis=-1)
        return {
            # in one unit, however large the face
            "landmarks": landmarks / np.median(eyes),
            "landmark_error": apart / eyes,
        }

    def _expression(self, case, faces, doing):
        """How far lids and lips are from the target's, by face."""
        if case == "target":
            points = self.reader.read_in_mirror(np.stack(faces))
        else:
            points = self.reader.landmarks(np.stack(faces))
        return expression_error.expression_distance(points, doing)

    def _compare(self, index, now, row, mask):
        """A frame's faces beside the target's and beside those before."""
        last, before = self.before or (None, None)
        shots = self.role.track.shots
        flow = None
        if last == index - 1 and shots[last] == shots[index]:
            flow, known = flicker.find_flow(before["target"], now["target"])
            known &= mask > clip_measures.BAND[0]
        for case, face in now.items():
            self.rows[case][row] |= {
                "seam": clip_measures.seam(face, now["target"], mask),
                "sharpness": clip_measures.sharpness_ratio(
                    face, now["target"], mask
                ),
                "warping_error": np.nan
                if flow is None
                else flicker.warping_error(before[case], face, flow, known),
            }
        self.before = index, now
        self._show(index, now, self._by_frame(row))

    def _by_frame(self, row):
        """Figures of one frame's swap."""
        figures = dict(self.rows["swap"][row])
        still = max(self.rows["target"][row]["warping_error"], STILL)
        return figures | {"flicker": figures["warping_error"] / still}

    def _show(self, index, now, figures):
        """Keep a frame's pictures if it is the worst so far, or a sample."""
        pictures = now["target"], now["swap"]
        if index in self.sampled:
            self.sample.append((f"{self.times[index]:.2f} s", *pictures))
        for name, is_bad_high in WORST.items():
            value = figures.get(name, np.nan)
            badness = value if is_bad_high else -value
            if badness > self.worst.get(name, (-np.inf,))[0]:
                caption = f"{name} {value:.2f}\nat {self.times[index]:.2f} s"
                self.worst[name] = (badness, caption, *pictures)

    def shown(self):
        """The frames of `ClipReport.shown`."""
        worst = [self.worst[name][1:] for name in WORST if name in self.worst]
        return worst + self.sample

    def curves(self):
        """The arrays of `ClipReport.curves`."""
        curves = {"times": np.array(self.times)}
        for name in CURVES:
            curves[name] = np.full(len(self.times), np.nan)
        for row, each in enumerate(self.rows["swap"]):
            figures = self._by_frame(row)
            for name in CURVES:
                curves[name][each["index"]] = figures.get(name, np.nan)
        return curves

    def figures(self):
        """Figures of each case over the clip."""
        columns = {
            case: {
                name: np.array([row[name] for row in rows]) for name in rows[0]
            }
            for case, rows in self.rows.items()
        }
        return {
            case: self._figures(own, columns["target"])
            for case, own in columns.items()
        }

    def _figures(self, own, target):
        jitters = [
            flicker.jitter(each["landmarks"], own["index"], self.role.track)
            for each in (own, target)
        ]
        # sums, as the ratio of two small errors says nothing
        unsteady = np.nansum(own["warping_error"])
        figures = {
            "cycle_ratio": own["cycle_error"].mean() / own["own_error"].mean(),
            "landmark_error_share": own["landmark_error"].mean(),
            "expression_error_share": own["expression_error"].mean(),
            "jitter_ratio": np.divide(*jitters),
            "flicker_ratio": unsteady / np.nansum(target["warping_error"]),
            "seam": own["seam"].mean(),
            "sharpness": own["sharpness"].mean(),
        }
        match = expression_match.match_expressions(
            target["blendshapes"], own["blendshapes"]
        )
        if match.pop("expression_by_behaviour"):
            figures |= match
        if self.judge is not None:
            margins = own["identity_margin"]
            figures["identity_margin"] = margins.mean()
            figures["identity_share"] = (margins > 0).mean()
        return {name: float(value) for name, value in figures.items()}
