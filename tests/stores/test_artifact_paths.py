"""No path leaves the root: the rule of names, hostile spellings, planted and swapped links."""

from __future__ import annotations

import itertools
import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitscribe.errors import FitscribeError, UnsafePath
from fitscribe.stores.artifacts import paths, reach
from fitscribe.stores.artifacts.local import LocalArtifacts
from fitscribe.stores.artifacts.paths import (
    from_windows,
    logical_name,
    on_windows,
    segments,
)

CANARY = b"CANARY"


# The rule


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", []),
        ("a", ["a"]),
        ("1/models/m-1/artifacts", ["1", "models", "m-1", "artifacts"]),
        ("a b/%2e%2e/ü", ["a b", "%2e%2e", "ü"]),
        ("a/.blobs", ["a", ".blobs"]),
        (".blobsy", [".blobsy"]),
    ],
)
def test_segments(path, expected):
    assert segments(path) == expected


@pytest.mark.parametrize(
    "path",
    [
        ".blobs",
        ".tmp/x",
        ".BLOBS/aa/bb",
        ".Tmp",
        ".b\u200clobs",
        "\ufeff.tmp",
        ".ｔｍｐ\u00ad\u0000",
    ],
)
def test_the_stores_own_names_are_taken(path):
    with pytest.raises(UnsafePath):
        segments(path)


@pytest.mark.parametrize("path", [None, 1, b"a", Path("a")])
def test_a_path_is_text(path):
    with pytest.raises(UnsafePath, match="text"):
        segments(path)


def test_a_long_path_is_shown_short():
    with pytest.raises(UnsafePath) as caught:
        segments("a" * 100_000)
    assert len(str(caught.value)) < 500


# Names on Windows


@pytest.mark.parametrize(
    ("segment", "name"),
    [
        ("model.pkl", "model.pkl"),
        ("a^b", "a^b"),
        ("a^5Eb", "a^5E5Eb"),
        ("C:", "C^3A"),
        ("a*?", "a^2A^3F"),
        ("con", "^63on"),
        ("CON.tar.gz", "^43ON.tar.gz"),
        ("con .x", "^63on .x"),
        ("lpt¹", "^6Cpt¹"),
        ("console", "console"),
        ("com10", "com10"),
        ("a.", "a^2E"),
        ("a. ", "a.^20"),
        (" ", "^20"),
        ("...", "..^2E"),
        ("BLOBS~1", "BLOBS^7E1"),
        ("~user", "~user"),
        ("%2e%2e", "%2e%2e"),
    ],
)
def test_windows_names(segment, name):
    assert on_windows(segment) == name
    assert from_windows(name) == segment


segment_texts = st.one_of(
    st.text(min_size=1, max_size=12),
    st.lists(
        st.sampled_from(["^", "5E", "3A", ":", "~", "1", ".", " ", "con", "com1", "a", "%", "2e"]),
        min_size=1,
        max_size=6,
    ).map("".join),
)


@given(segment_texts)
@settings(max_examples=300)
def test_every_segment_comes_back_from_windows(segment):
    try:
        (safe,) = segments(segment)
    except (UnsafePath, ValueError):
        return
    name = on_windows(safe)
    assert from_windows(name) == segment
    assert not set(name) & set('<>:"|?*/\\\0')
    assert name[-1] not in ". "
    assert name.upper().split(".")[0].rstrip() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT9"}


@given(segment_texts, segment_texts)
@settings(max_examples=300)
def test_two_segments_are_two_names(one, other):
    assert (one == other) == (on_windows(one) == on_windows(other))


@pytest.mark.parametrize(
    "name", ["^2E.", ".^2E", "^2E", "^2F", "a^5Cb", "^41", "a.", "a^2e^2E^2E", "^00"]
)
def test_names_that_no_segment_has(name):
    """A folder that came from elsewhere may hold them; they are not what they look like."""
    assert from_windows(name) not in ("..", ".", "/", "a\\b", "A", "\0")


def test_a_segment_that_windows_cannot_hold():
    assert len(on_windows("é" * 127)) == 127
    with pytest.raises(UnsafePath, match="Windows"):
        on_windows(":" * 100)


def test_names_on_disk_that_are_no_segments():
    assert logical_name("a\\b") is None
    assert logical_name("a\nb") is None
    assert logical_name("\udcff") is None
    assert logical_name("%2e%2e") == "%2e%2e"


# Hostile spellings


UPS = [
    "..",
    "../..",
    "../../..",
    "..\\..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e",
    "..%2f..",
    "..%5c..",
    "%252e%252e%252f",
    "..%c0%af..",
    "..%ef%bc%8f",
    ".%2e",
    "....//",
    "...",
    "..;",
    "..;/..",
    ".. /..",
    "..%00",
    "..\0",
    "..\n",
    "\uff0e\uff0e",
    "\u2025",
    "\u2024\u2024",
    ".\u200d.",
    "..\uff0f..",
    "..\u2215..",
    "~",
    "$PWD/..",
    "C:..",
    "C:\\..",
    "\\\\?\\C:\\..",
    "\\\\.\\C:\\..",
    "//?/..",
    "file:..",
    "a/../..",
    "./..",
    "..//..",
]
STARTS = ["", "/", "./", "a/", "a/b/../../", "//", "\\", "..."]
ENDS = ["canary", "canary%00.txt", "canary/", "./canary", "b/canary", "new", "canary::$DATA"]


def hostile_paths(outside):
    """Return spellings that would lead to the canaries if anything were decoded or followed."""
    made = [f"{start}{up}/{end}" for start, up, end in itertools.product(STARTS, UPS, ENDS)]
    made += [f"{up}\\{end}" for up, end in itertools.product(UPS, ENDS)]
    made += [f"{up}%2f{end}" for up, end in itertools.product(UPS, ENDS)]
    absolute = f"{outside}/canary"
    made += [
        absolute,
        f"/{absolute}",
        f"file://{absolute}",
        f"file:{absolute}",
        f"a/{absolute}",
        absolute.replace("/", "%2f"),
        absolute.replace("/", "\\"),
        f"\\\\localhost{absolute}",
    ]
    return list(dict.fromkeys(made))


@pytest.fixture
def world(tmp_path):
    """A store whose root has canaries in every folder above it, and beside it."""
    root = tmp_path / "x" / "y" / "root"
    root.mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "x", tmp_path / "x" / "y", tmp_path / "x" / "y" / "b"):
        folder.mkdir(exist_ok=True)
        (folder / "canary").write_bytes(CANARY)
    (tmp_path / "source").write_bytes(b"source")
    return LocalArtifacts(root), root, tmp_path


def outside(base, root):
    """Return what is outside the root: every name, with content and time of change."""
    found = {}
    for folder, folders, names in os.walk(base):
        if folder == str(root):
            folders.clear()
            continue
        for name in [*names, *folders]:
            path = os.path.join(folder, name)
            if path == str(root):
                continue
            seen = os.lstat(path)
            content = Path(path).read_bytes() if os.path.isfile(path) else None
            found[path] = (seen.st_mtime_ns, seen.st_ino, content)
    return found


def use_all(store, path, base):
    """Use a path in every way; return what was read by it before anything was written."""
    reads = [
        lambda: store.read(path),
        lambda: store.is_file(path),
        lambda: store.is_folder(path),
        lambda: [entry.path for entry in store.list(path)],
        lambda: store.local_path(path),
    ]
    found = []
    for read in reads:
        try:
            found.append(read())
        except FitscribeError:
            pass
    for write in (
        lambda: store.delete(path),
        lambda: store.put_file(path, base / "source"),
        lambda: store.delete(path),
        lambda: store.put_folder("folder", {path: b"put"}),
        lambda: store.delete("folder"),
        lambda: store.put_folder(path, {"file": b"put"}),
        lambda: store.delete(path),
        lambda: store.put_bytes(path, b"put"),
    ):
        try:
            write()
        except FitscribeError:
            pass
    return found


@pytest.mark.parametrize("by_descriptor", [True, False])
def test_no_spelling_leaves_the_root(world, monkeypatch, by_descriptor):
    store, root, base = world
    monkeypatch.setattr(reach, "BY_DESCRIPTOR", by_descriptor and reach.BY_DESCRIPTOR)
    spellings = hostile_paths(base)
    assert len(spellings) >= 400
    before = outside(base, root)
    for path in spellings:
        found = use_all(store, path, base)
        assert CANARY not in found, path
        assert all(
            (isinstance(seen, Path) and seen.is_relative_to(root)) or not seen for seen in found
        )
    assert outside(base, root) == before


any_path = st.one_of(
    st.text(max_size=40),
    st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5).map("/".join),
    st.lists(st.sampled_from([*UPS, *ENDS, *STARTS, "/", "."]), max_size=6).map("".join),
)


@given(path=any_path, data=st.binary(max_size=700))
@settings(max_examples=300)
def test_every_text_is_a_file_of_that_name_or_refused(tmp_path_factory, path, data):
    base = tmp_path_factory.getbasetemp() / "any-path"
    root = base / "root"
    base.mkdir(exist_ok=True)
    (base / "canary").write_bytes(CANARY)
    store = LocalArtifacts(root)
    store.put_bytes("before", b"")
    before = outside(base, root)
    try:
        store.put_bytes(path, data)
    except UnsafePath:
        assert not path or os.listdir(root / ".tmp") == []
    else:
        assert store.read(path) == data
        parent, _, name = path.rpartition("/")
        assert path in [entry.path for entry in store.list(parent)]
        store.delete(path)
        store.put_folder(path, {name: data})
        assert store.read(f"{path}/{name}") == data
        store.delete(path.partition("/")[0])
    assert outside(base, root) == before


def test_the_names_are_windows_only_there(world, monkeypatch):
    """The store over Windows' names, which any file system holds."""
    for module in ("paths", "local"):
        monkeypatch.setattr(f"fitscribe.stores.artifacts.{module}.WINDOWS", True)
    store, root, base = world
    for name in ("con", "C:", "a.", " ", "BLOBS~1", "^41", "%2e%2e"):
        store.put_bytes(f"{name}/{name}", b"1")
        store.put_folder(f"f/{name}", {f"{name}/{name}": b"2"})
        assert store.read(f"{name}/{name}") == b"1"
        assert [entry.path for entry in store.list(name)] == [f"{name}/{name}"]
        assert [entry.path for entry in store.list(f"f/{name}/{name}")] == [
            f"f/{name}/{name}/{name}"
        ]
        store.download(f"f/{name}", base / "copy")
    assert {"^63on", "C^3A", "a^2E", "^20", "BLOBS^7E1", "^5E41", "%2e%2e"} <= set(
        os.listdir(root)
    )
    assert paths.stored_name("con") == "^63on"


# Links


@pytest.mark.posix
@pytest.mark.parametrize("by_descriptor", [True, False])
def test_links_that_lead_out_are_refused(world, monkeypatch, by_descriptor):
    store, root, base = world
    monkeypatch.setattr(reach, "BY_DESCRIPTOR", by_descriptor)
    target = base / "target"
    (target / "deep").mkdir(parents=True)
    (target / "canary").write_bytes(CANARY)
    store.put_folder("good", {"file": b"1", "model": b"m" * 1000})
    (root / "folder").symlink_to(target)
    (root / "relative").symlink_to("../../../target")
    (root / "twice").symlink_to("folder")
    (root / "file").symlink_to(target / "canary")
    (root / "new").symlink_to(target / "new")
    (root / "to-the-top").symlink_to("/")
    (root / "prefix").symlink_to(f"{root}-evil")
    Path(f"{root}-evil").mkdir()
    (root / "self").symlink_to("self")
    (root / "blobs").symlink_to(".blobs")
    (root / "good" / "inner").symlink_to(target)
    before = outside(base, root)
    for path in (
        "folder",
        "folder/canary",
        "folder/deep",
        "folder/deep/new",
        "folder/new/new",
        "relative/canary",
        "relative/new",
        "twice/canary",
        "twice/new",
        "file",
        "new",
        "to-the-top/tmp",
        "prefix",
        "prefix/new",
        "self/new",
        "blobs",
        "blobs/new",
        "good/inner/canary",
        "good/inner/new",
    ):
        for use in (
            lambda path=path: store.read(path),
            lambda path=path: store.list(path),
            lambda path=path: store.is_file(path),
            lambda path=path: store.is_folder(path),
            lambda path=path: store.local_path(path),
            lambda path=path: store.download(path, base / "copy"),
            lambda path=path: store.put_bytes(path, b"put"),
            lambda path=path: store.put_file(path, base / "source"),
            lambda path=path: store.put_folder(f"{path}/x", {"a": b"put"}),
        ):
            with pytest.raises(UnsafePath):
                use()
    for path in ("good", "", "self"):
        with pytest.raises(UnsafePath):
            store.download(path, base / "copy")
    assert [entry.path for entry in store.list("good")] == ["good/file", "good/model"]
    assert [entry.path for entry in store.list()] == ["good"]
    assert outside(base, root) == before


@pytest.mark.posix
@pytest.mark.parametrize("by_descriptor", [True, False])
def test_of_a_link_only_the_link_is_deleted(world, monkeypatch, by_descriptor):
    store, root, base = world
    monkeypatch.setattr(reach, "BY_DESCRIPTOR", by_descriptor)
    before = outside(base, root)
    store.put_bytes("a/file", b"1")
    (root / "link").symlink_to(base)
    (root / "a" / "file-link").symlink_to(base / "canary")
    (root / "a" / "folder-link").symlink_to(base)
    store.delete("link")
    store.delete("a")
    assert store.list() == []
    assert os.listdir(root / ".tmp") == []
    assert outside(base, root) == before


@pytest.mark.posix
@pytest.mark.parametrize("by_descriptor", [True, False])
def test_links_that_stay_inside_are_followed(world, monkeypatch, by_descriptor):
    store, root, base = world
    monkeypatch.setattr(reach, "BY_DESCRIPTOR", by_descriptor)
    store.put_bytes("a/b/file", b"1")
    (root / "latest").symlink_to("a/b")
    (root / "absolute").symlink_to(root / "a")
    (root / "a" / "same").symlink_to("b/file")
    assert store.read("latest/file") == b"1"
    assert store.read("absolute/same") == b"1"
    store.put_bytes("latest/new", b"2")
    assert store.read("a/b/new") == b"2"
    assert [entry.path for entry in store.list("latest")] == ["latest/file", "latest/new"]
    assert [entry.path for entry in store.list("a")] == ["a/b", "a/same"]
    assert store.is_folder("absolute/b")
    store.download("absolute", base / "copy")
    assert (base / "copy" / "same").read_bytes() == b"1"
    store.put_bytes("a/same", b"3")
    assert store.read("a/b/file") == b"1"


@pytest.mark.posix
def test_a_link_that_goes_round_is_refused(world):
    store, root, base = world
    store.put_bytes("a/file", b"1")
    (root / "a" / "round").symlink_to("../a")
    assert store.read("a/round/round/file") == b"1"
    with pytest.raises(UnsafePath, match="round"):
        store.download("a", base / "copy")
    assert not (base / "copy").exists()


@pytest.mark.posix
@pytest.mark.parametrize("name", [".tmp", ".blobs"])
def test_own_folders_that_are_links_are_not_followed(world, name):
    store, root, base = world
    (root / name).symlink_to(base / "x")
    before = outside(base, root)
    for number in range(3):
        try:
            store.put_bytes(f"file-{number}", b"1")
            store.put_folder(f"folder-{number}", {"a": b"x" * 5000})
        except FitscribeError:
            pass
    store.list()
    assert outside(base, root) == before


@pytest.mark.posix
def test_a_link_put_in_between_is_not_followed(world):
    """A thread changes a folder for a link that leads out, and back, all the time."""
    store, root, base = world
    target = base / "target"
    target.mkdir()
    (target / "canary").write_bytes(CANARY)
    (target / "folder").mkdir()
    store.put_bytes("a/b/canary", b"inside")
    before = outside(base, root)
    stop = threading.Event()
    swaps = []
    spare = itertools.count()

    def swap():
        place, aside = root / "a" / "b", root / "a" / "aside"
        while not stop.is_set():
            os.rename(place, aside)
            os.symlink(target, place)
            os.unlink(place)
            if os.path.isdir(place):
                # The store has made the folder that it missed.
                os.rename(place, root / "a" / f"made-{next(spare)}")
            os.rename(aside, place)
            swaps.append(1)

    def swap_guarded():
        while not stop.is_set():
            try:
                swap()
            except OSError:
                with suppress(OSError):  # the store was quicker; the next turn tries again
                    restore()

    def restore():
        place, aside = root / "a" / "b", root / "a" / "aside"
        if place.is_symlink():
            place.unlink()
        elif place.exists() and aside.exists():
            os.rename(place, root / "a" / f"left-{next(spare)}")
        if aside.exists():
            os.rename(aside, place)

    thread = threading.Thread(target=swap_guarded)
    thread.start()
    read, listed = set(), set()
    try:
        for turn in range(1500):
            for use in (
                lambda: read.add(store.read("a/b/canary")),
                lambda: listed.update(entry.path for entry in store.list("a/b")),
                lambda turn=turn: store.put_bytes(f"a/b/file{turn % 7}", b"put"),
                lambda turn=turn: store.put_folder(f"a/b/folder{turn % 7}", {"x": b"put"}),
                lambda turn=turn: store.delete(f"a/b/folder{turn % 7}"),
            ):
                try:
                    use()
                except FitscribeError:
                    pass
    finally:
        stop.set()
        thread.join()
    assert len(swaps) > 20
    assert read <= {b"inside"}
    assert b"inside" in read
    assert "a/b/folder" not in listed
    assert outside(base, root) == before
