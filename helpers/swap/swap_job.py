"""Swap job: whose face, on whose footage; checked before any work begins."""

import dataclasses
import functools
import json
import pathlib

from helpers.faces import detection, facesets
from helpers.faces.sorting import extraction
from helpers.files import fingerprints, manifests
from helpers.files.names import path_on_disk, plain_name
from helpers.footage import consent, listing, media
from helpers.footage.media import cameras
from helpers.swap import swapping
from helpers.training import bundles


@dataclasses.dataclass(frozen=True)
class SwapJob:
    """Who gets whose face, and all that is needed for it.

    Attributes:
        comb: trained comb, which looks at the target where it knows it.
        detector: `detection.FaceDetector`.
        source: name of the identity whose face appears.
        target: name of the identity whose footage it is, or `None`.
        media: pathlib.Path of a photo, of a video, or of a folder of them.
        agreed: dict from names to what was agreed, see
            `consent.read_consent`.
        folders: dict of str: `trained` and `faces`, where they are from.
    """

    comb: object
    detector: object
    source: str
    target: str | None
    media: pathlib.Path
    agreed: dict = dataclasses.field(default_factory=dict)
    folders: dict = dataclasses.field(default_factory=dict)

    @property
    def target_name(self):
        """The target, or what its folder is called."""
        return self.target or footage_folder(self.media).name or "footage"

    @functools.cached_property
    def listed(self):
        """Photos, videos and what is neither, see `listing.list_media`."""
        if self.media.is_dir():
            return listing.list_media(self.media)
        photo = media.is_photo(self.media)
        return ([self.media], [], []) if photo else ([], [self.media], [])

    @property
    def has_video(self):
        """Whether anything of the footage moves."""
        return bool(self.listed[1])

    def first_face(self):
        """The first frame in which a face is found, videos before photos.

        Returns:
            Tuple of uint8 array, shape `(height, width, 3)`, RGB, and the
            face's landmarks in it, float array, shape `(5, 2)`.

        Raises:
            ValueError: if there is no face; it says where was looked.
        """
        photos, videos, _ = self.listed
        frame, face = extraction.find_first_face(videos + photos, self.detector)
        return frame, face["landmarks"]

    def live_frames(self, camera=None, seconds=4):
        """Frames of a camera, or of the footage in its place.

        Args:
            camera: int, the camera's number, or `None` to play the first
                video of the footage.
            seconds: float. How much of it is played.

        Returns:
            Generator of `cameras.CameraFrame`; `None` for photos alone.
        """
        if camera is not None:
            return cameras.open_camera(camera)
        if not self.has_video:
            return None
        return cameras.play_file(self.listed[1][0], seconds=seconds)


def open_job(
    trained_folder, faces_folder, media_path, source, target, min_face_share
):
    """Read the comb, check who gets whose face, and print what was agreed.

    Args:
        trained_folder: str or path of the comb, see `bundles.load_bundle`.
        faces_folder: str or path of the face sets that it learned from.
        media_path: str or path of a photo, of a video, or of a folder of
            them.
        source: name of the identity whose face should appear.
        target: name of the identity whose footage it is; `None` for somebody
            whom the comb does not know.
        min_face_share: float, see `detection.FaceDetector`.

    Returns:
        `SwapJob`.

    Raises:
        ValueError: if source and target are one person, if the comb does not
            know one of them, or if the footage lies in the folder of another
            whom it knows.
        FileNotFoundError: if something is not there.
    """
    path = path_on_disk(media_path)
    check_people(source, target)
    if not path.exists():
        raise FileNotFoundError(
            "MEDIA is a photo, a video, or a folder of them. Received: "
            f"{path}, which is not there. Give its path as it is on the disk."
        )
    comb = bundles.load_bundle(trained_folder)
    print("this comb knows", ", ".join(comb.identities))
    swapping.check_swap(comb, source)
    comb = comb.looking_at(target)
    folder = footage_folder(path)
    check_folder(comb.identities, target, folder)
    agreed = {
        source: facesets.consent_of(faces_folder, source),
        target or folder.name: consent.read_consent(folder),
    }
    _print_consent(agreed)
    folders = {"trained": str(trained_folder), "faces": str(faces_folder)}
    detector = detection.FaceDetector(min_face_share)
    return SwapJob(comb, detector, source, target, path, agreed, folders)


def reopen_job(record):
    """The job that made a result, with the comb and footage of then.

    Args:
        record: dict, see `swap_footage.swap_all`.

    Returns:
        `SwapJob`. What was agreed is said of everybody whom the comb knows,
        and printed.

    Raises:
        FileNotFoundError: if something is gone.
        ValueError: if comb or footage are not those of then.
    """
    made, root = record["job"], manifests.project_root()
    folders = {n: str(root / path) for n, path in record["folders"].items()}
    path = root / record["media"]
    if not path.is_file():
        raise FileNotFoundError(f"The footage {path} is gone. Put it back.")
    comb = bundles.load_bundle(folders["trained"]).looking_at(made["target"])
    now = {
        "comb": fingerprints.of_comb(comb),
        "media": fingerprints.of_file(path),
    }
    for name, fingerprint in now.items():
        if json.loads(json.dumps(fingerprint)) != made[name]:
            raise ValueError(
                f"A swap is judged beside the {name} that it was made of. "
                f"Received: another, as it changed since ({path}, "
                f"{folders['trained']}). Run notebook 05 again."
            )
    agreed = {
        name: facesets.consent_of(folders["faces"], name)
        for name in comb.identities
    }
    agreed |= record["consent"]
    _print_consent(agreed)
    detector = detection.FaceDetector(made["detector"]["min_face_share"])
    return SwapJob(
        comb, detector, made["source"], made["target"], path, agreed, folders
    )


def _print_consent(agreed):
    for name, entries in agreed.items():
        print(consent.consent_line(name, entries))


def check_people(source, target):
    """Stop if source and target are one person.

    Args:
        source: name of an identity.
        target: name of an identity, or `None`.

    Raises:
        ValueError: if they are.
    """
    if target is not None and plain_name(source) == plain_name(target):
        raise ValueError(
            "A swap needs two people: SOURCE, whose face appears, and TARGET, "
            f"whose footage it is. Received: {source!r} for both. Set both "
            "SOURCE and TARGET, and MEDIA to footage of TARGET."
        )


def check_folder(identities, target, folder):
    """Stop if footage lies in the folder of somebody else.

    Args:
        identities: names that the comb knows.
        target: name of one of them, or `None`.
        folder: pathlib.Path of the footage.

    Raises:
        ValueError: if the folder is called like another identity.
    """
    there = plain_name(folder.name)
    other = [name for name in identities if plain_name(name) == there]
    if not other or other == [target]:
        return
    if target is None:
        print(
            f"The footage lies in the folder of {other[0]}, whom the comb "
            f"knows. If it shows {other[0]}, set TARGET = {other[0]!r}."
        )
        return
    raise ValueError(
        f"MEDIA should be footage of TARGET = {target!r}. Received: footage in "
        f"the folder of {other[0]}, {folder}. If it shows {other[0]}, set "
        f"TARGET = {other[0]!r} and SOURCE to somebody else; if it does show "
        f"{target}, move it to a folder of that name."
    )


def footage_folder(path):
    """The folder of some footage: it itself, or the one that a file is in.

    Args:
        path: pathlib.Path of a photo, a video or a folder.

    Returns:
        pathlib.Path.
    """
    return path if path.is_dir() else path.parent


def job_entries(job, path, faces, crf, visible, compositing):
    """All that decides what a result is, by which it is known again.

    Args:
        job: `SwapJob`.
        path: pathlib.Path of the photo or video.
        faces: see `swap_footage.swap_all`, as are the others.
        crf: int.
        visible: bool.
        compositing: dict.

    Returns:
        dict that JSON can hold.
    """
    return {
        "media": fingerprints.of_file(path),
        "comb": fingerprints.of_comb(job.comb),
        "detector": fingerprints.of_detector(job.detector),
        "source": job.source,
        "target": job.target,
        "faces": faces,
        "crf": crf,
        "visible": visible,
        **compositing,
    }
