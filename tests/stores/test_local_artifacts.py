"""LocalArtifacts: the contract, and what only files on a disk can show."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from fitscribe.core.entities import FileInfo
from fitscribe.core.uris import file_uri
from fitscribe.errors import (
    AlreadyExists,
    InvalidParameter,
    NotFound,
    NotSupported,
    StoreUnavailable,
)
from fitscribe.stores.artifacts import open_artifacts, reach
from fitscribe.stores.artifacts.local import LocalArtifacts
from fitscribe.testing import ArtifactStoreContract

MODEL = {"MLmodel": b"m" * 900, "model.pkl": b"p" * 2_000_000, "requirements.txt": b"r" * 100}


class TestLocalArtifacts(ArtifactStoreContract):
    def new_store(self, folder):
        return LocalArtifacts(folder)


class TestWithoutDescriptors(ArtifactStoreContract):
    """As on Windows, where folders have no descriptors."""

    @pytest.fixture(autouse=True)
    def _no_descriptors(self, monkeypatch):
        monkeypatch.setattr(reach, "BY_DESCRIPTOR", False)

    def new_store(self, folder):
        return LocalArtifacts(folder)


@pytest.mark.posix
class TestBelowALink(ArtifactStoreContract):
    """The root itself may be a link."""

    def new_store(self, folder):
        link = folder.parent / "link"
        link.symlink_to(folder)
        return LocalArtifacts(link)


@pytest.fixture
def store(tmp_path):
    return LocalArtifacts(tmp_path / "root")


def tree(folder):
    """Return path to content of all files below a folder, and the folders."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in Path(folder).rglob("*")
    }


def staged(store_root):
    return os.listdir(Path(store_root, ".tmp"))


# Addresses


def test_a_store_is_opened_by_path_and_by_address(tmp_path):
    folder = tmp_path / "a b%20#?"
    for address in (folder, str(folder), file_uri(folder)):
        assert open_artifacts(address).uri == file_uri(folder)
    assert not folder.exists()


def test_a_relative_path_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = open_artifacts("runs")
    monkeypatch.chdir(tmp_path.parent)
    store.put_bytes("a", b"1")
    assert (tmp_path / "runs" / "a").read_bytes() == b"1"


def test_other_places_are_not_supported():
    with pytest.raises(NotSupported, match=r"s3://me:\*\*\*@bucket") as caught:
        open_artifacts("s3://me:secret@bucket/x")
    assert "file:///" in str(caught.value)


@pytest.mark.parametrize("uri", ["", " ", None, 3, "a\0b", "file:///a#b"])
def test_what_is_no_address_is_refused(uri):
    with pytest.raises(InvalidParameter):
        open_artifacts(uri)


def test_reading_makes_nothing(store, tmp_path):
    store.list()
    store.is_file("a")
    store.is_folder("")
    store.delete("a/b")
    with pytest.raises(NotFound):
        store.download("", tmp_path / "copy")
    assert os.listdir(tmp_path) == []


# Equal bytes


@pytest.mark.posix
def test_equal_files_of_folders_are_one_file(store, tmp_path):
    for name in "abc":
        store.put_folder(name, {**MODEL, "MLmodel": name.encode() * 900})
    root = tmp_path / "root"
    files = [(root / name / "model.pkl").stat() for name in "abc"]
    assert len({found.st_ino for found in files}) == 1
    assert files[0].st_nlink == 4
    assert not files[0].st_mode & stat.S_IWUSR
    assert len({(root / name / "MLmodel").stat().st_ino for name in "abc"}) == 3
    assert (root / "a" / "requirements.txt").stat().st_nlink == 4


@pytest.mark.posix
def test_short_files_that_were_compared_once_are_linked_unread(store, tmp_path, monkeypatch):
    short = {"conda.yaml": b"name: env\n" * 20}
    store.put_folder("a", short)
    opened, real = [], os.open
    monkeypatch.setattr(
        os, "open", lambda path, *a, **k: opened.append(path) or real(path, *a, **k)
    )
    store.put_folder("b", short)
    assert not {".blobs", "conda.yaml"} & set(opened)
    blob = (tmp_path / "root" / "b" / "conda.yaml").stat()
    assert blob.st_nlink == 3
    # A file that somebody wrote to is compared again.
    os.utime(tmp_path / "root" / "b" / "conda.yaml", ns=(1, 1))
    store.put_folder("c", short)
    assert ".blobs" in opened
    assert store.read("c/conda.yaml") == short["conda.yaml"]


@pytest.mark.posix
def test_the_last_use_takes_the_blob_along(store, tmp_path):
    store.put_folder("a", MODEL)
    store.put_folder("b", {"inner/model.pkl": MODEL["model.pkl"]})
    store.delete("a")
    blobs = [path for path in (tmp_path / "root" / ".blobs").rglob("*") if path.is_file()]
    assert [path.stat().st_size for path in blobs] == [2_000_000]
    store.delete("b")
    assert not [path for path in (tmp_path / "root" / ".blobs").rglob("*") if path.is_file()]


@pytest.mark.parametrize("size", [2, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_a_blob_that_rotted_is_not_used_again(store, tmp_path, size):
    good = os.urandom(size)
    store.put_folder("a", {"x": good})
    (blob,) = [path for path in (tmp_path / "root" / ".blobs").rglob("*") if path.is_file()]
    for bad in (good[:-1], good[:-1] + bytes([good[-1] ^ 1]), b""):
        blob.chmod(0o666)
        blob.unlink()
        blob.write_bytes(bad)
        name = f"b{len(bad)}{bad[-1:].hex()}"
        store.put_folder(name, {"x": good})
        assert store.read(f"{name}/x") == good
        assert blob.read_bytes() == good


@pytest.mark.posix
@pytest.mark.parametrize("planted", ["file", "link", "folder"])
def test_what_stands_where_blobs_go_is_written_around(store, tmp_path, planted):
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    if planted == "file":
        (root / ".blobs").write_bytes(b"")
    elif planted == "link":
        (root / ".blobs").symlink_to(outside)
    else:
        (root / ".blobs").mkdir()
        for number in range(256):
            (root / ".blobs" / f"{number:02x}").symlink_to(outside)
    store.put_folder("a", MODEL)
    assert store.read("a/model.pkl") == MODEL["model.pkl"]
    assert os.listdir(outside) == []


@pytest.mark.posix
def test_without_links_files_are_written(store, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    for name in "ab":
        store.put_folder(name, MODEL)
        assert store.read(f"{name}/model.pkl") == MODEL["model.pkl"]


@pytest.mark.posix
def test_more_links_than_the_file_system_has(store, tmp_path, monkeypatch):
    """A blob with all its links in use makes way for a fresh one."""
    link, full = os.link, set()

    def refuse(source, target, **kwargs):
        if source not in full and target == "x":
            full.add(source)
            raise OSError(31, "Too many links")
        return link(source, target, **kwargs)

    store.put_folder("a", {"x": MODEL["model.pkl"]})
    monkeypatch.setattr(os, "link", refuse)
    for name in "bc":
        store.put_folder(name, {"x": MODEL["model.pkl"]})
    inodes = [(tmp_path / "root" / name / "x").stat().st_ino for name in "abc"]
    assert inodes[0] != inodes[1] == inodes[2]


# What others put there


def test_own_folders_are_not_shown(store, tmp_path):
    store.put_folder("a", MODEL)
    assert [entry.path for entry in store.list()] == ["a"]
    store.download("", tmp_path / "copy")
    assert sorted(os.listdir(tmp_path / "copy")) == ["a"]


@pytest.mark.posix
def test_names_that_no_path_has_are_left_out(store, tmp_path):
    store.put_bytes("a/good", b"1")
    folder = os.fsencode(tmp_path / "root" / "a")
    for name in (b"back\\slash", b"new\nline", b"\xff\xfe"):
        Path(os.fsdecode(os.path.join(folder, name))).write_bytes(b"1")
    os.mkfifo(os.path.join(folder, b"pipe"))
    assert store.list("a") == [FileInfo("a/good", False, 1)]
    with pytest.raises(NotFound):
        store.read("a/pipe")
    assert not store.is_file("a/pipe")
    store.download("a", tmp_path / "copy")
    assert os.listdir(tmp_path / "copy") == ["good"]


@pytest.mark.posix
def test_a_pipe_is_no_file_to_put(store, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidParameter, match="no file"):
        store.put_file("a", tmp_path / "pipe")


# Failures


@pytest.mark.posix
def test_a_folder_that_cannot_be_written():
    """In a process without root's rights, for root may write everywhere."""
    with tempfile.TemporaryDirectory() as base:
        os.chmod(base, 0o755)
        root = Path(base, "root")
        LocalArtifacts(root).put_bytes("a/b", b"1")
        closed = (root, root / ".tmp", root / "a")
        for folder in closed:
            folder.chmod(0o555)
        try:
            _run(FORBIDDEN, root)
        finally:
            for folder in closed:
                folder.chmod(0o755)


FORBIDDEN = """
import os, sys
from fitscribe.errors import StoreUnavailable
from fitscribe.stores.artifacts.local import LocalArtifacts

if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
store = LocalArtifacts(sys.argv[1])
assert store.read("a/b") == b"1"
for write in (
    lambda: store.put_bytes("a/b", b"2"),
    lambda: store.put_folder("c", {"x": b"1"}),
    lambda: store.delete("a"),
):
    try:
        write()
    except StoreUnavailable as error:
        assert sys.argv[1] in str(error) and "permissions" in str(error), error
    else:
        raise AssertionError("written")
assert store.read("a/b") == b"1"
"""


def _run(script, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


FULL = """
import os, resource, signal, sys
from pathlib import Path
from fitscribe.errors import StoreUnavailable
from fitscribe.stores.artifacts.local import LocalArtifacts

root = sys.argv[1]
store = LocalArtifacts(root)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
big = b"x" * 300_000
source = Path(root, "..", "source")
for write in (
    lambda: store.put_bytes("old", big),
    lambda: store.put_bytes("new/file", big),
    lambda: store.put_file("new/file", source),
    lambda: store.put_folder("folder", {"small": b"s", "data/model.pkl": big}),
    lambda: store.download("big", Path(root, "..", "copy")),
):
    try:
        write()
    except StoreUnavailable as error:
        assert "free" in str(error), error
    else:
        raise AssertionError("written")
"""


@pytest.mark.posix
def test_a_full_disk_leaves_nothing(store, tmp_path):
    """A limit on the size of files stops a write half way, as a full disk does."""
    root = tmp_path / "root"
    store.put_bytes("old", b"1")
    store.put_bytes("big", b"x" * 300_000)
    (tmp_path / "source").write_bytes(b"x" * 300_000)
    _run(FULL, root)
    files = {path: len(data) for path, data in tree(root).items() if data is not None}
    assert files == {"old": 1, "big": 300_000}
    assert staged(root) == []
    assert os.listdir(tmp_path / "copy") == []


def test_a_failing_rename_leaves_nothing(store, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(28, "No space left on device")

    store.put_bytes("old", b"1")
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        for write in (
            lambda: store.put_bytes("old", b"2"),
            lambda: store.put_folder("new", MODEL),
            lambda: store.download("old", tmp_path / "copy"),
        ):
            with pytest.raises(StoreUnavailable, match=r"\d (bytes|kB|MB|GB) free"):
                write()
    assert staged(tmp_path / "root") == []
    assert os.listdir(tmp_path / "copy") == []
    assert [entry.path for entry in store.list()] == ["old"]


def test_a_race_for_one_folder_has_one_winner(store, tmp_path, monkeypatch):
    """The second finds the name taken at the rename itself."""
    monkeypatch.setattr(reach.Folder, "exists", lambda self, name: False)
    store.put_folder("a", {"x": b"1"})
    with pytest.raises(AlreadyExists):
        store.put_folder("a", {"x": b"2"})
    assert store.read("a/x") == b"1"
    assert staged(tmp_path / "root") == []


@pytest.mark.posix
def test_a_name_that_the_file_system_refuses(tmp_path, monkeypatch):
    """Some file systems take fewer bytes than 255."""
    store = LocalArtifacts(tmp_path)
    replace = os.replace

    def refuse(source, target, **kwargs):
        if len(target) > 140:
            raise OSError(36, "File name too long")
        return replace(source, target, **kwargs)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(InvalidParameter, match="shorter"):
        store.put_bytes("a" * 200, b"1")
    assert staged(tmp_path) == []


def test_windows_asks_again_while_somebody_reads(store, tmp_path, monkeypatch):
    """A rename that is refused for a moment is tried again."""
    replace, refused = os.replace, []

    def refuse(source, target, **kwargs):
        if len(refused) < 4:
            refused.append(source)
            raise PermissionError(13, "Access is denied")
        return replace(source, target, **kwargs)

    monkeypatch.setattr(reach, "BY_DESCRIPTOR", False)
    monkeypatch.setattr("fitscribe.stores.artifacts.staging.WINDOWS", True)
    monkeypatch.setattr(os, "replace", refuse)
    store.put_bytes("a", b"1")
    assert len(refused) == 4
    assert store.read("a") == b"1"


# Killed processes

KILLED = """
import sys
from fitscribe.stores.artifacts.local import LocalArtifacts

store = LocalArtifacts(sys.argv[1])
files = {f"data/{name}": bytes([name]) * 400_000 for name in range(20)}
turn = 0
while True:
    turn += 1
    store.put_folder(f"{sys.argv[2]}-{turn}", files)
    print(turn, flush=True)
"""


@pytest.mark.posix
def test_kill_leaves_no_half_folder(store, tmp_path):
    left = 0
    for number in range(10):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path / "root"), str(number)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout.readline() == "1\n"
        time.sleep(0.002 * number)
        process.send_signal(signal.SIGKILL)
        acknowledged = ["1", *process.stdout.read().split()]
        process.wait()
        process.stdout.close()
        folders = [entry.path for entry in store.list()]
        assert {f"{number}-{turn}" for turn in acknowledged} <= set(folders)
        for folder in folders:
            entries = store.list(f"{folder}/data")
            assert [entry.file_size for entry in entries] == [400_000] * 20
            for entry in entries:
                assert store.read(entry.path) == bytes([int(Path(entry.path).name)]) * 400_000
            store.delete(folder)
        left += len(staged(tmp_path / "root"))
    # Some of the kills came in the middle.
    assert left > 0


def test_what_killed_processes_left_is_removed_after_an_hour(store, tmp_path):
    store.put_bytes("a", b"1")
    staging = tmp_path / "root" / ".tmp"
    old = time.time() - 3700
    for name in ("old-file", "new-file"):
        (staging / name).write_bytes(b"1")
    for name in ("old-folder", "new-folder", "busy-folder"):
        (staging / name / "data").mkdir(parents=True)
        (staging / name / "data" / "file").write_bytes(b"1")
        if name != "new-folder":
            os.utime(staging / name, (old, old))
            os.utime(staging / name / "data", (old, old))
    os.utime(staging / "old-file", (old, old))
    os.utime(staging / "old-folder" / "data" / "file", (old, old))
    store.put_bytes("a", b"2")
    assert len(staged(tmp_path / "root")) == 5
    LocalArtifacts(tmp_path / "root").put_bytes("a", b"3")
    assert sorted(staged(tmp_path / "root")) == ["busy-folder", "new-file", "new-folder"]
