"""The contract of :class:`~fitscribe.core.ports.ArtifactStore` as tests."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from fitscribe.core.entities import FileInfo
from fitscribe.core.ports import ArtifactStore
from fitscribe.errors import AlreadyExists, InvalidParameter, NotFound, UnsafePath

__all__ = ["ArtifactStoreContract"]

ODD_NAMES = [
    "%2e%2e",
    "%2e%2e%2f",
    "..%2f..",
    "%00",
    "a b",
    " ",
    " a",
    "a ",
    "a.",
    "...",
    ".hidden",
    "~",
    "~root",
    "-rf",
    "#",
    "?q=1",
    "a;b",
    "a&b=c",
    "a:b",
    "C:",
    "file:",
    "*",
    '"',
    "'",
    "<>|",
    "^41",
    "$HOME",
    "`id`",
    "con",
    "NUL.txt",
    "com1",
    "lpt9.log",
    "BLOBS~1",
    "ünïcödé",
    "u\u0308",
    "模型",
    "🌲.pkl",
    "\u202egnp.exe",
    "\u2215",
    "\uff0e\uff0e\uff0f",
    "a" * 255,
    "é" * 127,
]
UNSAFE = [
    "..",
    ".",
    "/",
    "//",
    "a/",
    "/a",
    "a//b",
    "a/./b",
    "a/../b",
    "../a",
    "a/..",
    "\\",
    "..\\a",
    "\\\\server\\share",
    "//server/share",
    "C:\\a",
    "C:/../a",
    "a\0b",
    "a\nb",
    "\x7f",
    "\x85",
    "\ud800",
    "a" * 256,
    "é" * 128,
    "/".join(["a" * 250] * 5),
    "/".join("a" * 101),
]


class ArtifactStoreContract:
    """Tests that every artifact store passes; derive from it and say how to make one.

    Examples
    --------
    ::

        class TestMine(ArtifactStoreContract):
            def new_store(self, folder):
                return MyStore(folder)
    """

    def new_store(self, folder: Path) -> ArtifactStore:
        """Return an empty store; `folder` is an empty folder that it may use."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> ArtifactStore:
        """Return an empty store."""
        folder = tmp_path / "store"
        folder.mkdir()
        return self.new_store(folder)

    def test_it_is_an_artifact_store(self, store: ArtifactStore) -> None:
        """It has the methods and an address."""
        assert isinstance(store, ArtifactStore)
        assert store.uri.partition(":")[1] == ":"

    def test_an_empty_store(self, store: ArtifactStore) -> None:
        """Nothing is there, and asking makes nothing."""
        assert store.list() == []
        assert store.list("a/b") == []
        assert not store.is_file("a")
        assert not store.is_folder("a")
        with pytest.raises(NotFound):
            store.read("a")
        assert store.list() == []

    @pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 5000])
    def test_bytes_come_back(self, store: ArtifactStore, data: bytes) -> None:
        """What was put is read."""
        store.put_bytes("a/b/c.bin", data)
        assert store.read("a/b/c.bin") == data
        assert store.is_file("a/b/c.bin")
        assert not store.is_folder("a/b/c.bin")
        assert store.is_folder("a/b")
        assert not store.is_file("a/b")
        assert store.list("a/b") == [FileInfo("a/b/c.bin", False, len(data))]
        assert store.list("a") == [FileInfo("a/b", True, None)]

    def test_a_file_is_replaced(self, store: ArtifactStore) -> None:
        """The second content counts, and leaves nothing of the first."""
        store.put_bytes("a", b"first, and longer")
        store.put_bytes("a", b"second")
        assert store.read("a") == b"second"
        assert store.list() == [FileInfo("a", False, 6)]

    def test_a_local_file_is_copied(self, store: ArtifactStore, tmp_path: Path) -> None:
        """The copy does not follow later changes."""
        source = tmp_path / "source.bin"
        content = b"0123456789" * 300_000
        source.write_bytes(content)
        store.put_file("a/copy.bin", source)
        source.write_bytes(b"changed")
        assert store.read("a/copy.bin") == content

    def test_only_files_are_copied(self, store: ArtifactStore, tmp_path: Path) -> None:
        """A folder or nothing is refused, and nothing is written."""
        for source in (tmp_path, tmp_path / "missing"):
            with pytest.raises(InvalidParameter):
                store.put_file("a", source)
        assert store.list() == []

    def test_a_folder_is_put_whole(self, store: ArtifactStore) -> None:
        """All its files are there, in their folders."""
        files = {"MLmodel": b"m" * 700, "data/model.pkl": b"p" * 5000, "data/x/y": b"", "z": b"z"}
        store.put_folder("1/models/m-1/artifacts", files)
        for path, data in files.items():
            assert store.read(f"1/models/m-1/artifacts/{path}") == data
        assert store.list("1/models/m-1/artifacts") == [
            FileInfo("1/models/m-1/artifacts/MLmodel", False, 700),
            FileInfo("1/models/m-1/artifacts/data", True),
            FileInfo("1/models/m-1/artifacts/z", False, 1),
        ]

    def test_an_empty_folder_is_a_folder(self, store: ArtifactStore) -> None:
        """A folder of no files is there."""
        store.put_folder("a", {})
        assert store.is_folder("a")
        assert store.list("a") == []

    def test_a_folder_is_not_put_over_something(self, store: ArtifactStore) -> None:
        """What is there stays as it is."""
        store.put_bytes("file", b"1")
        store.put_folder("folder", {"a": b"1"})
        for path in ("file", "folder"):
            with pytest.raises(AlreadyExists):
                store.put_folder(path, {"b": b"2"})
        assert store.read("file") == b"1"
        assert [entry.path for entry in store.list("folder")] == ["folder/a"]

    def test_a_name_is_a_file_or_a_folder(self, store: ArtifactStore) -> None:
        """Neither replaces the other."""
        store.put_bytes("a/b", b"1")
        for path in ("a", "a/b/c"):
            with pytest.raises(AlreadyExists):
                store.put_bytes(path, b"2")
        with pytest.raises(InvalidParameter):
            store.put_folder("c", {"x": b"", "x/y": b""})
        assert store.read("a/b") == b"1"
        assert [entry.path for entry in store.list()] == ["a"]

    def test_equal_content_is_apart(self, store: ArtifactStore) -> None:
        """Kept once or not, replacing or deleting one file leaves the others."""
        for name in "abc":
            store.put_folder(name, {"model.pkl": b"p" * 10_000})
        store.put_bytes("a/model.pkl", b"new")
        store.delete("b")
        assert store.read("a/model.pkl") == b"new"
        assert store.read("c/model.pkl") == b"p" * 10_000

    def test_deleting(self, store: ArtifactStore) -> None:
        """Files, folders and nothing can be deleted; then the path is free."""
        store.put_bytes("a/b/c", b"1")
        store.put_bytes("a/d", b"1")
        store.delete("a/b/c")
        assert not store.is_file("a/b/c")
        store.delete("a")
        store.delete("a")
        store.delete("a/b/c/d")
        assert store.list() == []
        store.put_folder("a", {"e": b"2"})
        assert store.read("a/e") == b"2"

    def test_downloading(self, store: ArtifactStore, tmp_path: Path) -> None:
        """A file goes into the destination, of a folder what it holds."""
        store.put_bytes("a/b/c.txt", b"1")
        store.put_bytes("a/d.txt", b"2")
        there = tmp_path / "there" / "deep"
        assert store.download("a/b/c.txt", there) == there / "c.txt"
        assert (there / "c.txt").read_bytes() == b"1"
        assert store.download("a", there) == there
        assert (there / "b" / "c.txt").read_bytes() == b"1"
        assert (there / "d.txt").read_bytes() == b"2"
        store.put_bytes("a/d.txt", b"3")
        store.download("a", there)
        assert (there / "d.txt").read_bytes() == b"3"
        found = sorted(path.name for path in there.rglob("*") if path.is_file())
        assert found == ["c.txt", "c.txt", "d.txt"]
        with pytest.raises(NotFound):
            store.download("nothing", there)

    def test_a_local_path_reads_the_same(self, store: ArtifactStore) -> None:
        """Where there is a path on this machine, it holds the bytes."""
        store.put_bytes("a/b", b"1")
        path = store.local_path("a/b")
        if path is not None:
            assert path.read_bytes() == b"1"

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_odd_names_come_back(self, store: ArtifactStore, tmp_path: Path, name: str) -> None:
        """A legal name is taken letter by letter, as file and as folder."""
        store.put_bytes(f"x/{name}", b"file")
        assert store.read(f"x/{name}") == b"file"
        assert store.list("x") == [FileInfo(f"x/{name}", False, 4)]
        store.put_folder(f"y/{name}", {name: b"inner"})
        assert store.list("y") == [FileInfo(f"y/{name}", True)]
        assert store.list(f"y/{name}") == [FileInfo(f"y/{name}/{name}", False, 5)]
        store.download(f"y/{name}", tmp_path / "copy")
        assert [path.read_bytes() for path in (tmp_path / "copy").iterdir()] == [b"inner"]
        store.delete(f"x/{name}")
        assert store.list("x") == []

    @pytest.mark.parametrize("path", UNSAFE)
    def test_unsafe_paths_are_refused(
        self, store: ArtifactStore, tmp_path: Path, path: str
    ) -> None:
        """Every method refuses them, and nothing is written."""
        source = tmp_path / "source"
        source.write_bytes(b"1")
        for use in (
            lambda: store.put_bytes(path, b"1"),
            lambda: store.put_file(path, source),
            lambda: store.put_folder(path, {"a": b"1"}),
            lambda: store.put_folder("a", {path: b"1"}),
            lambda: store.read(path),
            lambda: store.list(path),
            lambda: store.is_file(path),
            lambda: store.is_folder(path),
            lambda: store.download(path, tmp_path / "copy"),
            lambda: store.local_path(path),
            lambda: store.delete(path),
        ):
            with pytest.raises(UnsafePath):
                use()
        assert store.list() == []
        assert not (tmp_path / "copy").exists()

    def test_the_root_is_no_file(self, store: ArtifactStore, tmp_path: Path) -> None:
        """The empty path is the root: to be listed and downloaded, not written or deleted."""
        store.put_bytes("a", b"1")
        for use in (
            lambda: store.put_bytes("", b"1"),
            lambda: store.put_folder("", {"a": b"1"}),
            lambda: store.read(""),
            lambda: store.delete(""),
        ):
            with pytest.raises(UnsafePath):
                use()
        assert store.is_folder("")
        assert store.download("", tmp_path / "copy") == tmp_path / "copy"
        assert [path.name for path in (tmp_path / "copy").iterdir()] == ["a"]

    def test_a_reader_sees_one_content_or_the_other(self, store: ArtifactStore) -> None:
        """While a file is replaced, readers see whole files only."""
        contents = [bytes([letter]) * 300_000 for letter in b"ab"]
        store.put_bytes("file", contents[0])
        seen: list[bytes] = []
        stop = threading.Event()

        def look() -> None:
            while not stop.is_set():
                seen.append(store.read("file"))

        readers = [threading.Thread(target=look) for _ in range(2)]
        for reader in readers:
            reader.start()
        for turn in range(60):
            store.put_bytes("file", contents[turn % 2])
        stop.set()
        for reader in readers:
            reader.join()
        assert seen
        assert set(seen) <= set(contents)

    def test_a_folder_appears_as_one(self, store: ArtifactStore) -> None:
        """While folders are put, each that is seen has all its files."""
        names = [f"f{number}" for number in range(8)]
        short: list[int] = []
        stop = threading.Event()

        def look() -> None:
            while not stop.is_set():
                for entry in store.list("folders"):
                    found = store.list(entry.path)
                    if len(found) != len(names):
                        short.append(len(found))

        reader = threading.Thread(target=look)
        reader.start()
        for turn in range(30):
            store.put_folder(f"folders/{turn}", dict.fromkeys(names, b"x" * 600))
        stop.set()
        reader.join()
        assert short == []
        assert len(store.list("folders")) == 30
