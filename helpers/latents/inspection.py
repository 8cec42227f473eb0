"""A network and face sets in; their latents, and who lacks what, out."""

import dataclasses
import functools
import textwrap

import numpy as np

from helpers.latents import (
    descriptions,
    encoding,
    gap_report,
    gaps,
    spaces,
)

THUMBNAIL = 64  # side in pixels


@dataclasses.dataclass
class Inspection:
    """What `inspect_latents()` sees: row i of everything is the same face.

    Attributes:
        network: comb, as it was when it was inspected.
        face_sets: dict from identity to `FaceSet`.
        encoded: `encoding.EncodedFaces`, the latents of the faces.
        described: float array, shape `(faces, features)`: what each face
            does, see `descriptions`.
        pairs: list of `gaps.Pair`, one a target and source.
    """

    network: object
    face_sets: dict
    encoded: encoding.EncodedFaces
    described: np.ndarray
    pairs: list

    @property
    def labels(self):
        """Identity of each face, string array of shape `(faces,)`."""
        return self.encoded.labels

    @functools.cached_property
    def thumbnails(self):
        """The crops, uint8 array of shape `(faces, height, width, 3)`."""
        return encoding.crops_of(self.face_sets, self.encoded, THUMBNAIL)

    def joint_map(self, method="pca", seed=0):
        """One map of everybody: see `spaces.joint_map`.

        All latents lie where a swap hands them to the first identity's
        decoder (`encoding.at_one_place`).

        Returns:
            float64 array, shape `(faces, 2)`.
        """
        first = encoding.identities_of(self.encoded)[0]
        together = encoding.at_one_place(
            self.encoded, self.network.shifts, first
        )
        return spaces.joint_map(together, method, seed)

    def maps_laid_over(self, method="pca", seed=0):
        """A map of each person alone, laid over each other.

        It compares nothing, whatever it looks like.

        Returns:
            float64 array, shape `(faces, 2)`.
        """
        points = np.zeros((len(self.labels), 2))
        for name in encoding.identities_of(self.encoded):
            own = self.labels == name
            latents = self.encoded.latents[own]
            points[own] = spaces.joint_map(latents, method, seed)
        return points

    def all_gaps(self):
        """What is missing in whom: list of `(gaps.Pair, gap_search.Gap)`."""
        return [(pair, gap) for pair in self.pairs for gap in pair.gaps]

    def rows_of_gaps(self):
        """Rows of all images in gaps, int array."""
        rows = [gap.rows for _, gap in self.all_gaps()]
        return np.unique(np.concatenate([np.zeros(0, int), *rows]))

    def named_gaps(self):
        """Who lacks what: a set of `(source, words)`."""
        return {(pair.source, gap.words) for pair, gap in self.all_gaps()}

    def mixing_around_gaps(self, points, neighbours=10):
        """How mixed a map looks around the images in gaps.

        Args:
            points: float array, shape `(faces, 2)`: a map.
            neighbours: int, of each image.

        Returns:
            float: the share of other identities among the nearest points,
            over what chance gives: 1 is mixed, 0 apart. Nan without a gap.
        """
        rows = self.rows_of_gaps()
        if not len(rows):
            return float("nan")
        count = min(neighbours + 1, len(points))
        near = spaces.find_nearest(points[rows], points, count)[1][:, 1:]
        other = self.labels[near] != self.labels[rows, None]
        chance = [np.mean(self.labels != self.labels[row]) for row in rows]
        return float(other.mean() / np.mean(chance))

    def in_words(self):
        """What has no counterpart in whom, in short lines to be printed."""
        lines = []
        for pair in self.pairs:
            lines.append(
                f"{pair.source} on {pair.target}: {pair.lonely.mean():.0%} of "
                "the images have no counterpart"
            )
            lines += [_fill(gap.advice) for gap in pair.gaps]
        return "\n".join(lines)

    def write_gaps(self, path):
        """Write every image without a counterpart, see `gap_report`."""
        data = gap_report.gaps_as_data(self.pairs, self.encoded, self.face_sets)
        gap_report.write_gaps(path, data)


def _fill(line, width=78, indent="    "):
    return textwrap.fill(
        line, width, initial_indent=indent, subsequent_indent=indent
    )


def inspect_latents(network, face_sets, most=None, seed=0):
    """Encode faces, describe them, and find what is missing in whom.

    Args:
        network: comb, with its `shifts`.
        face_sets: dict from identity to `FaceSet`, two or more.
        most: int. Faces of each identity at most, evenly spread, or `None`
            for all.
        seed: int.

    Returns:
        `Inspection`.

    Raises:
        ValueError: if an identity has no face, or too little footage.
        ContractError: if a face set and the network follow different
            contracts.
    """
    encoded = encoding.encode_face_sets(network, face_sets, most)
    described = descriptions.describe_encoded(face_sets, encoded)
    return Inspection(
        network,
        face_sets,
        encoded,
        described,
        gaps.find_gaps(encoded, described, network.shifts, seed),
    )
