"""Where bundles come from: zips, a server, a hub; and what is refused."""

import importlib.util
import json
import stat
import zipfile

import numpy as np
import pytest

from helpers.comb import build_comb
from helpers.files import fetching
from helpers.training import bundles, origins, sharing

SHARING = {"licence": "CC0", "data": "noise", "consent": "nobody was filmed"}
NAMES = ["manifest.json", "weights.safetensors"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A bundle as a folder and as a zip, with the sha256 of its manifest."""
    folder = tmp_path_factory.mktemp("shared")
    comb = build_comb(("Rosa",), resolution=16, widths=(4, 4, 4), latent_dim=3)
    bundles.save_bundle(comb, folder / "own", "03_full_training")
    sha256 = sharing.share_bundle(
        folder / "own", folder / "rosa.zip", **SHARING, half=False
    )
    with zipfile.ZipFile(folder / "rosa.zip") as archive:
        archive.extractall(folder)
    return folder / "rosa", folder / "rosa.zip", sha256, comb


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def assert_same(comb, other):
    latents = np.ones((1, 3), "float32")
    np.testing.assert_array_equal(
        comb.decode(latents, "Rosa"), other.decode(latents, "Rosa")
    )


def zipped(path, entries):
    """A zip of `(name or ZipInfo, content)`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
    return path


def good_entries(shared):
    return [(name, contents(shared[0])[name]) for name in NAMES]


@pytest.mark.parametrize("inside", ["", "rosa/", "some/where/"])
def test_a_zip_is_read_at_its_top_or_in_a_folder(inside, shared, tmp_path):
    path = zipped(
        tmp_path / "a.zip",
        [(inside + name, content) for name, content in good_entries(shared)],
    )
    with origins.local_folder(path) as folder:
        assert contents(folder) == contents(shared[0])
    assert not folder.exists()
    assert_same(bundles.load_bundle(path), shared[3])


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def nameless():
    info = zipfile.ZipInfo("x")
    info.filename = "\0x"  # read as nothing
    return info


def extra(entry, content=b"x"):
    return lambda good: [*good, (entry, content)]


HOSTILE = {
    "a way out": (extra("../weights.safetensors"), "a way out of the folder"),
    "a hidden way out": (extra("a/../../x"), "a way out of the folder"),
    "an absolute path": (extra("/tmp/x"), "a way out of the folder"),
    "a drive": (extra("C:/x"), "a way out of the folder"),
    "no name": (extra(nameless()), "an empty name"),
    "a way out on Windows": (extra("..\\x"), "a way out of the folder"),
    "a link": (extra(link("manifest.lnk"), "/etc/passwd"), "a link"),
    "code": (extra("model.keras"), "model.keras"),
    "a program": (extra("sitecustomize.py"), "sitecustomize.py"),
    "a name twice": (extra("other/manifest.json"), "'manifest.json' twice"),
    "many entries": (
        lambda good: [*good, *((f"{k}/", b"") for k in range(20))],
        "22 entries",
    ),
    "two folders": (
        lambda good: [("one/" + good[0][0], good[0][1]), good[1]],
        "one/manifest.json",
    ),
    "no weights": (lambda good: good[:1], r"\['manifest.json'\]"),
    "weights as a link": (
        lambda good: [good[0], (link("weights.safetensors"), "/etc/passwd")],
        "a link",
    ),
    "a bomb": (
        lambda good: [good[0], ("weights.safetensors", bytes(10**7))],
        "10000000 bytes packed into",
    ),
    "a huge manifest": (
        lambda good: [("manifest.json", b" " * 2**21), good[1]],
        "where 1048576 are the most",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_hostile_zip_is_refused_and_nothing_is_written(
    kind, shared, tmp_path, monkeypatch
):
    change, text = HOSTILE[kind]
    path = zipped(tmp_path / "a.zip", change(good_entries(shared)))
    # where a zip would be unpacked, and two floors below it
    room = tmp_path / "one" / "two"
    room.mkdir(parents=True)
    monkeypatch.setattr(origins.tempfile, "tempdir", str(room))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(origins.HostileBundleError, match=text) as caught:
        bundles.load_bundle(path)
    assert str(path) in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_encrypted_zip_is_refused(shared, tmp_path):
    path = zipped(tmp_path / "a.zip", good_entries(shared))
    content = bytearray(path.read_bytes())
    start = content.index(b"PK\x01\x02")
    content[start + 8] |= 1  # the flag in the list of contents
    path.write_bytes(content)
    with pytest.raises(origins.HostileBundleError, match="encrypted"):
        bundles.load_bundle(path)


def test_a_size_that_lies_is_no_way_to_more_bytes(shared, tmp_path):
    entries = [good_entries(shared)[0], ("weights.safetensors", bytes(10**6))]
    path = zipped(tmp_path / "a.zip", entries)
    content = bytearray(path.read_bytes())
    start = content.rindex(b"PK\x01\x02")
    content[start + 24 : start + 28] = (1000).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(ValueError, match="a whole zip file. Received"):
        bundles.load_bundle(path)


@pytest.mark.parametrize("kept", [0, 10, -30])
def test_a_zip_cut_short_is_refused(kept, shared, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(shared[1].read_bytes()[:kept])
    with pytest.raises(ValueError, match="a whole zip file. Received"):
        bundles.load_bundle(path)


def test_a_huge_manifest_in_a_folder_is_not_read(shared, tmp_path):
    (tmp_path / "manifest.json").write_bytes(b" " * 2**21)
    with pytest.raises(origins.HostileBundleError, match="of 2097152"):
        bundles.load_bundle(tmp_path)


def test_what_is_not_there_is_told(tmp_path):
    for name in ("nothing", "nothing.zip"):
        with pytest.raises(FileNotFoundError, match=name):
            bundles.load_bundle(tmp_path / name)


def test_the_hash_of_the_manifest_vouches_for_a_folder_and_a_zip(shared):
    folder, path, sha256, comb = shared
    for origin in (folder, path):
        assert_same(bundles.load_bundle(origin, sha256=sha256.upper()), comb)
        with pytest.raises(ValueError, match="Expected: sha256 000"):
            bundles.load_bundle(origin, sha256="0" * 64)


def test_a_bundle_is_fetched_once_and_kept(shared, server, tmp_path):
    server.files["/rosa.zip"] = shared[1].read_bytes()
    url = server.url + "/rosa.zip"
    for _ in range(2):
        found = bundles.load_bundle(url, sha256=shared[2], cache=tmp_path)
        assert_same(found, shared[3])
    assert server.log == [("/rosa.zip", None)]
    (kept,) = tmp_path.iterdir()
    assert kept.name.startswith("rosa-") and kept.suffix == ".zip"
    assert kept.read_bytes() == shared[1].read_bytes()
    with pytest.raises(ValueError, match="not the manifest that was asked"):
        bundles.load_bundle(url, sha256="0" * 64, cache=tmp_path)
    assert kept.is_file()


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_that_broke_off_goes_on(ranges, shared, server, tmp_path):
    content = shared[1].read_bytes()
    server.files["/rosa.zip"] = content
    server.ranges = ranges
    server.breaks = [1000]
    url = server.url + "/rosa.zip"
    with pytest.raises(ConnectionError, match="run the same again") as caught:
        bundles.load_bundle(url, cache=tmp_path)
    (partial,) = tmp_path.iterdir()
    assert str(partial) in str(caught.value)
    assert partial.read_bytes() == content[:1000]
    assert_same(bundles.load_bundle(url, cache=tmp_path), shared[3])
    assert server.log[1:] == [("/rosa.zip", "bytes=1000-")]
    (kept,) = tmp_path.iterdir()
    assert kept.read_bytes() == content


def test_a_download_that_was_whole_already_is_fetched_anew(
    shared, server, tmp_path
):
    server.files["/rosa.zip"] = shared[1].read_bytes()
    url = server.url + "/rosa.zip"
    bundles.load_bundle(url, cache=tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.rename(kept.with_suffix(".part"))
    assert_same(bundles.load_bundle(url, cache=tmp_path), shared[3])
    assert [asked for _, asked in server.log][1:] == [
        f"bytes={len(shared[1].read_bytes())}-",
        None,
    ]


def test_a_download_joined_from_two_versions_is_not_kept(
    shared, server, tmp_path
):
    content = shared[1].read_bytes()
    server.files["/rosa.zip"] = bytes(1000) + content[1000:]
    server.breaks = [1000]
    url = server.url + "/rosa.zip"
    with pytest.raises(ConnectionError):
        bundles.load_bundle(url, cache=tmp_path)
    server.files["/rosa.zip"] = content
    with pytest.raises(ValueError):
        bundles.load_bundle(url, cache=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert_same(bundles.load_bundle(url, cache=tmp_path), shared[3])


def test_what_a_server_sends_is_looked_through_before_it_is_kept(
    shared, server, tmp_path
):
    bad = zipped(tmp_path / "bad.zip", [("../x", b"x")]).read_bytes()
    server.files |= {"/bad.zip": bad, "/page.zip": b"<html>"}
    server.files["/other.zip"] = shared[1].read_bytes()
    cache = tmp_path / "cache"
    for name, wanted, text in (
        ("bad", None, "a way out of the folder"),
        ("page", None, "a whole zip file"),
        ("other", "0" * 64, "not the manifest that was asked for"),
    ):
        url = f"{server.url}/{name}.zip"
        with pytest.raises(ValueError, match=text):
            bundles.load_bundle(url, sha256=wanted, cache=cache)
        assert list(cache.iterdir()) == []


def test_a_server_that_never_ends_is_left(server, tmp_path, monkeypatch):
    monkeypatch.setattr(
        origins, "LARGEST", {"manifest.json": 10, "weights.safetensors": 1000}
    )
    monkeypatch.setattr(fetching, "PIECE", 100)
    server.files["/a.zip"] = bytes(10**5)
    with pytest.raises(origins.HostileBundleError, match="at most 1010 bytes"):
        bundles.load_bundle(server.url + "/a.zip", cache=tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) == 0


def test_a_wrong_address_is_told(server, tmp_path):
    with pytest.raises(ConnectionError, match="404"):
        bundles.load_bundle(server.url + "/a.zip", cache=tmp_path)
    for url in (
        "http://example.org/a.zip",
        "ftp://127.0.0.1/a.zip",
        "file:///etc/passwd",
    ):
        with pytest.raises(ValueError, match="fetched by https"):
            bundles.load_bundle(url, cache=tmp_path)
    for name in ("hf://rosa", "hf://a/b/c", "hf://../..@x y"):
        with pytest.raises(ValueError, match="hf://owner/name@revision"):
            bundles.load_bundle(name, cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_https_does_not_lead_to_http():
    fetching.check_redirect("https://a/b.zip", "https://c/d.zip")
    with pytest.raises(ValueError, match="leads to http://c"):
        fetching.check_redirect("https://a/b.zip", "http://c/d.zip")


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub(shared, server, monkeypatch):
    """A hub on this machine with one model: the bundle, and code beside it."""
    if importlib.util.find_spec("huggingface_hub") is None:
        pytest.skip("huggingface_hub is not installed: requirements.txt")
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    files = {**contents(shared[0]), "model.py": b"raise SystemExit"}

    def send(content, kind="application/json", **headers):
        def answer(handler):
            handler.send_response(200)
            headers["Content-Length"] = str(len(content))
            headers["Content-Type"] = kind
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            if handler.command == "GET":
                handler.wfile.write(content)

        return answer

    info = {
        "id": "we/rosa",
        "sha": COMMIT,
        "siblings": [{"rfilename": name} for name in files],
    }
    tree = [
        {"type": "file", "path": name, "size": len(content), "oid": name}
        for name, content in files.items()
    ]
    api = "/api/models/we/rosa"
    for revision in ("main", "first", COMMIT):
        server.files[f"{api}/revision/{revision}"] = send(
            json.dumps(info).encode()
        )
    server.files[f"{api}/tree/{COMMIT}"] = send(json.dumps(tree).encode())
    for name, content in files.items():
        server.files[f"/we/rosa/resolve/{COMMIT}/{name}"] = send(
            content, "text/plain", X_Repo_Commit=COMMIT, ETag=f'"{name}"'
        )
    return server


@pytest.mark.parametrize("revision", ["", "@first", f"@{COMMIT}"])
def test_a_bundle_of_a_hub_is_fetched_once_and_without_its_code(
    revision, shared, hub, tmp_path
):
    origin = f"hf://we/rosa{revision}"
    for _ in range(2):
        found = bundles.load_bundle(origin, sha256=shared[2], cache=tmp_path)
        assert_same(found, shared[3])
    fetched = [path for path, _ in hub.log if path.endswith("safetensors")]
    assert fetched.count(f"/we/rosa/resolve/{COMMIT}/{NAMES[1]}") == 1
    assert not any(path.endswith("model.py") for path, _ in hub.log)


def test_a_bundle_of_a_hub_is_checked_as_any_other(shared, hub, tmp_path):
    with pytest.raises(ValueError, match="not the manifest that was asked"):
        bundles.load_bundle("hf://we/rosa", sha256="0" * 64, cache=tmp_path)
    (path,) = {found.resolve() for found in tmp_path.rglob(NAMES[1])}
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="has changed since it was written"):
        bundles.load_bundle("hf://we/rosa", cache=tmp_path)
