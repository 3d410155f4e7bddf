"""Addresses: what each form names, what comes back as it went, what is refused."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitscribe.core.uris import (
    HomeFolder,
    LocalPath,
    ModelAlias,
    ModelId,
    ModelLatest,
    ModelStage,
    ModelVersion,
    PostgresUri,
    RunArtifact,
    ServerUri,
    SqliteUri,
    file_uri,
    masked,
    parse_model_uri,
    parse_tracking_uri,
    path_of_file_uri,
    scheme_of,
    text_of_file_uri,
)
from fitscribe.errors import InvalidParameter


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("runs:/abc/model", RunArtifact("abc", "model")),
        ("runs:/abc/a/b%20c#d?e", RunArtifact("abc", "a/b%20c#d?e")),
        ("runs:/abc", RunArtifact("abc", "")),
        ("runs:/abc/", RunArtifact("abc", "")),
        ("runs:/abc/model/", RunArtifact("abc", "model")),
        ("runs:/abc/../x", RunArtifact("abc", "../x")),
        ("models:/m-0a1b", ModelId("m-0a1b")),
        ("models:/fraud/3", ModelVersion("fraud", 3)),
        ("models:/m-0a1b/3", ModelVersion("m-0a1b", 3)),
        ("models:/my fraud@champion", ModelAlias("my fraud", "champion")),
        ("models:/a@b@c", ModelAlias("a@b", "c")),
        ("models:/fraud/latest", ModelLatest("fraud")),
        ("models:/fraud/Latest", ModelLatest("fraud")),
        ("models:/fraud/production", ModelStage("fraud", "Production")),
        ("models:/fraud/None", ModelStage("fraud", "None")),
        ("some/folder", LocalPath("some/folder")),
        (r"C:\models\one", LocalPath(r"C:\models\one")),
        ("C:/models/one", LocalPath("C:/models/one")),
        ("data:2024/model", LocalPath("data:2024/model")),
        ("a%20b", LocalPath("a%20b")),
    ],
)
def test_model_addresses(text, expected):
    assert parse_model_uri(text) == expected


@pytest.mark.posix
def test_a_file_address_is_a_local_path():
    assert parse_model_uri("file:///a%20b/c") == LocalPath("/a b/c")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "runs:abc/model",
        "runs://abc/model",
        "runs:/",
        "runs://",
        "runs:/a b/model",
        "models:/",
        "models://fraud/3",
        "models:fraud/3",
        "models:/fraud",
        "models:/fraud/3/4",
        "models:/fraud/-3",
        "models:/fraud/three",
        "models:/fraud/٣",
        "models:/fraud/" + "9" * 30,
        "models:/@champion",
        "models:/fraud@",
        "models://",
        "models:/m-",
        "s3://bucket/model",
        "dbfs://x",
        "a\0b",
        None,
        3,
    ],
)
def test_other_model_addresses_are_refused(text):
    with pytest.raises(InvalidParameter) as caught:
        parse_model_uri(text)
    assert "runs:/<run id>" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sqlite:///runs.db", SqliteUri("runs.db")),
        ("sqlite:///a/b%20c #d?e.db", SqliteUri("a/b%20c #d?e.db")),
        ("sqlite:////abs/runs.db", SqliteUri("/abs/runs.db")),
        ("sqlite:///C:/x.db", SqliteUri("C:/x.db")),
        ("sqlite:////a?b=1/x.db", SqliteUri("/a?b=1/x.db")),
        ("sqlite+pysqlite:///x.db", SqliteUri("x.db")),
        ("sqlite://", SqliteUri(":memory:")),
        ("sqlite:///", SqliteUri(":memory:")),
        ("sqlite:///:memory:", SqliteUri(":memory:")),
        ("postgresql://u:p@h/db", PostgresUri("postgresql://u:p@h/db")),
        ("postgresql+psycopg://h/db", PostgresUri("postgresql+psycopg://h/db")),
        ("http://localhost:5000", ServerUri("http://localhost:5000")),
        ("HTTPS://x", ServerUri("HTTPS://x")),
        ("runs", HomeFolder("runs")),
        ("./a b%20", HomeFolder("./a b%20")),
        (r"D:\runs", HomeFolder(r"D:\runs")),
        ("~x", HomeFolder("~x")),
    ],
)
def test_tracking_addresses(text, expected):
    assert parse_tracking_uri(text) == expected


def test_the_home_folder_is_no_folder_called_tilde(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("USERPROFILE", "/home/me")
    assert parse_tracking_uri("~/runs") == HomeFolder("/home/me/runs")


@pytest.mark.posix
@pytest.mark.parametrize(
    ("text", "path"), [("file:///a%20b", "/a b"), ("file:./mlruns", "./mlruns"), ("file:x", "x")]
)
def test_tracking_folders_as_file_addresses(text, path):
    assert parse_tracking_uri(text) == HomeFolder(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sqlite:x.db",
        "sqlite:/x.db",
        "sqlite://host/x.db",
        "sqlite:///x.db?mode=ro",
        "postgresql://",
        "postgresql:db",
        "postgres://u:secret@h/db",
        "postgresql+psycopg2://u:secret@h/db",
        "mysql://u:secret@h/db",
        "http://",
        "s3://bucket",
        "file://host/x" if os.name != "nt" else "file:",
        "a\0b",
        None,
    ],
)
def test_other_tracking_addresses_are_refused(text):
    with pytest.raises(InvalidParameter) as caught:
        parse_tracking_uri(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("a/b", ""),
        ("C:/x", ""),
        ("C:\\x", ""),
        ("s3:x", ""),
        ("S3://x", "s3"),
        ("wasbs+x.y-z://x", "wasbs+x.y-z"),
        ("file:x", "file"),
        ("1a://x", ""),
        ("://x", ""),
        ("", ""),
    ],
)
def test_schemes(text, scheme):
    assert scheme_of(text) == scheme


# file: addresses


names = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=20)


@pytest.mark.posix
@given(st.binary(min_size=1, max_size=40).filter(lambda raw: b"\0" not in raw))
@settings(deadline=None, max_examples=200)
def test_every_posix_path_comes_back(raw):
    path = "/" + os.fsdecode(raw.lstrip(b"/"))
    uri = file_uri(path)
    assert uri.isascii()
    assert not set(uri[5:]) & set(' #?;\\"<>')
    assert text_of_file_uri(uri, windows=False) == path
    assert path_of_file_uri(uri) == Path(path)


@given(names, st.sampled_from(["C:", "\\\\server\\share", "\\\\?\\D:", "\\\\?\\UNC\\srv\\share"]))
@settings(deadline=None, max_examples=200)
def test_every_windows_path_comes_back(name, drive):
    path = PureWindowsPath(f"{drive}\\folder\\" + name.replace(":", ""))
    uri = file_uri(path)
    assert uri.isascii()
    assert not set(uri[5:]) & set(' #?;\\"<>')
    plain = str(path).replace("\\\\?\\UNC\\", "\\\\").replace("\\\\?\\", "")
    assert text_of_file_uri(uri, windows=True) == plain


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        (PureWindowsPath(r"C:\a b\c"), "file:///C:/a%20b/c"),
        (PureWindowsPath(r"\\server\share\é"), "file://server/share/%C3%A9"),
        (PureWindowsPath("C:\\"), "file:///C:/"),
    ],
)
def test_windows_addresses(path, uri):
    assert file_uri(path) == uri


@pytest.mark.posix
@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("/", "file:///"),
        ("//a/b", "file:///a/b"),
        (PurePosixPath("/a/%2e%2e"), "file:///a/%252e%252e"),
        ("/C:/x", "file:///C%3A/x"),
        ("/~me/a;b", "file:///~me/a%3Bb"),
    ],
)
def test_posix_addresses(path, uri):
    assert file_uri(path) == uri


@pytest.mark.parametrize(
    "path",
    [PurePosixPath("a/b"), PureWindowsPath("a"), PureWindowsPath("C:a"), PureWindowsPath(r"\a")],
)
def test_a_relative_path_has_no_address(path):
    with pytest.raises(InvalidParameter, match="absolute"):
        file_uri(path)


@pytest.mark.parametrize(
    ("uri", "posix", "windows"),
    [
        ("file:/a/b", "/a/b", "\\a\\b"),
        ("file://localhost/a", "/a", "\\a"),
        ("FILE://LOCALHOST/a", "/a", "\\a"),
        ("file:///C:/x", "/C:/x", "C:\\x"),
        ("file:///C%3A/x", "/C:/x", "C:\\x"),
        ("file:C:/x", "C:/x", "C:\\x"),
        ("file:////server/share", "//server/share", "\\\\server\\share"),
    ],
)
def test_other_spellings(uri, posix, windows):
    assert text_of_file_uri(uri, windows=True) == windows
    if os.name != "nt":
        assert text_of_file_uri(uri, windows=False) == posix


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/a",
        "http://x/y",
        "file:",
        "file://",
        "file://localhost",
        "file:///a?b",
        "file:///a#b",
        "file:///a%",
        "file:///a%2",
        "file:///a%zz",
        "file:///a%00b",
    ],
)
@pytest.mark.parametrize("windows", [False, True])
def test_other_texts_are_no_file_address(uri, windows):
    with pytest.raises(InvalidParameter):
        text_of_file_uri(uri, windows)


def test_another_machine_is_refused_on_posix():
    with pytest.raises(InvalidParameter, match="file:///tmp/x"):
        text_of_file_uri("file://tmp/x", windows=False)


def test_bytes_that_are_no_text_are_refused_on_windows():
    with pytest.raises(InvalidParameter, match="UTF-8"):
        text_of_file_uri("file:///C:/%FF", windows=True)


# Passwords


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("postgresql://me:pw@h/db", "postgresql://me:***@h/db"),
        ("postgresql://me:p@/:?w@h/db", "postgresql://me:***@h/db"),
        ("postgresql://me@h/db", "postgresql://me@h/db"),
        (
            "postgresql://h/db?user=me&password=pw&x=1",
            "postgresql://h/db?user=me&password=***&x=1",
        ),
        ("postgresql://h/db?sslPassword=pw", "postgresql://h/db?sslPassword=***"),
        ("https://token@h", "https://***@h"),
        ("sqlite:////a:b@c.db", "sqlite:////a:b@c.db"),
        ("/a:b@c", "/a:b@c"),
    ],
)
def test_masked(uri, shown):
    assert masked(uri) == shown


@given(
    st.text(min_size=1, max_size=20).filter(lambda text: text not in "postgresql://me:***@h/db")
)
@settings(deadline=None, max_examples=100)
def test_no_password_is_shown(password):
    assert masked(f"postgresql://me:{password}@h/db") == "postgresql://me:***@h/db"
