"""A folder for one run alone; read-only folders and full disks are told."""

import errno
import os
import subprocess
import sys

import pytest

from helpers.files import folder_lock, manifests


def locked(folder):
    return folder_lock.locked_folder(folder, "Choose another one.")


def test_a_second_run_is_told_who_is_first_and_what_to_do(tmp_path):
    told = f"process {os.getpid()}.*Wait for it.*Choose another one"
    with locked(tmp_path / "faces"):
        with pytest.raises(folder_lock.FolderError, match=told) as caught:
            with locked(tmp_path / "faces"):
                pass
        # what is read begins with words, not with the number of the error
        assert str(caught.value).startswith("Another run")
        assert caught.value.errno
        assert (tmp_path / "faces").is_dir()
    with locked(tmp_path / "faces") as folder:
        assert folder.is_dir()


def test_a_run_that_was_killed_holds_nobody_up(tmp_path):
    code = (
        "import os; from helpers.files import folder_lock\n"
        f"with folder_lock.locked_folder({str(tmp_path / 'faces')!r}, ''):\n"
        "    os._exit(9)\n"
    )
    root = manifests.project_root()
    killed = subprocess.run([sys.executable, "-c", code], cwd=root)
    assert killed.returncode == 9
    assert (tmp_path / "faces" / folder_lock.LOCK).exists()
    (tmp_path / "faces" / ".half.part").write_text("half a file")
    with locked(tmp_path / "faces") as folder:
        assert [path.name for path in folder.iterdir()] == [folder_lock.LOCK]
    assert not (tmp_path / "faces").exists()  # nothing was written into it


def test_a_folder_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(folder_lock.FolderError, match="Choose another"):
        with locked(tmp_path / "file" / "faces"):
            raise AssertionError("should not get here")

    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    # who is root may write everywhere
    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(folder_lock.FolderError, match="can be written.*denied"):
        with locked(tmp_path / "faces"):
            raise AssertionError("should not get here")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_said(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(folder_lock.FolderError, match="can be written"):
        with locked(tmp_path / "faces"):
            raise AssertionError("should not get here")


def test_a_full_disk_is_said_before_the_work(tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(folder_lock.FolderError, match="is full. Make room"):
        with locked(tmp_path / "faces"):
            raise AssertionError("should not get here")
