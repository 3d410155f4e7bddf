"""Looking into a file imports and runs nothing of it, whatever it is."""

from __future__ import annotations

import io
import json
import pickle
import random
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from canaries import CANARIES, CONTAINERS
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from fitscribe.errors import FitscribeError
from fitscribe.modelfolder.differences import Side, compare
from fitscribe.modelfolder.formats import dump
from fitscribe.modelfolder.look import look_at

LOOK = """
import sys
from fitscribe.cli import main

def show(folder):
    main(["models", "show", folder])
    main(["models", "show", folder, "--json"])

show(sys.argv[1])  # what reads an MLmodel is loaded with the first one
before = set(sys.modules)
known = {name for name in before if name.partition(".")[0] in ("sklearn", "scipy")}
for folder in sys.argv[2:]:
    show(folder)
print("known", len(known))
print("new", *sorted(set(sys.modules) - before))
"""


def folder_of(folder: Path, data: bytes) -> str:
    """Write a folder without a manifest, and return its path."""
    folder.mkdir()
    (folder / "MLmodel").write_text(
        "flavors: {sklearn: {pickled_model: model.pkl, serialization_format: pickle}}"
    )
    (folder / "model.pkl").write_bytes(data)
    return str(folder)


def test_no_canary_runs_and_nothing_is_imported(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    folders = [folder_of(tmp_path / "harmless", pickle.dumps(1))]
    for number, make in enumerate(CANARIES.values()):
        made = make(marks / str(number))
        data = made if isinstance(made, bytes) else pickle.dumps(made)
        for wrapped, wrap in CONTAINERS.items():
            folders.append(folder_of(tmp_path / f"{number}-{wrapped}", wrap(data)))
    ran = subprocess.run(
        [sys.executable, "-c", LOOK, *folders], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    assert list(marks.iterdir()) == []
    known, new = ran.stdout.splitlines()[-2:]
    # Not even what is listed was there before.
    assert known == "known 0"
    # What a text codec or a format of compression needs may come; nothing of a library.
    imported = new.split()[1:]
    assert not [name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names]
    assert "antigravity" not in imported


# Content that was changed at random


def changed(data: bytes, dice: random.Random) -> bytes:
    """Return data with a few bytes other, gone, or twice."""
    found = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at, what = dice.randrange(len(found)), dice.random()
        if what < 0.6:
            found[at] = dice.randrange(256)
        elif what < 0.8:
            del found[at : at + dice.randint(1, 8)]
        else:
            found[at:at] = found[dice.randrange(len(found)) :][: dice.randint(1, 30)]
    return bytes(found)


def forms() -> dict[str, tuple[bytes, Any]]:
    """Return files, and what wraps each after it was changed."""
    X = [[0.0, 1.0], [1.0, 3.0], [2.0, 5.0], [4.0, 1.0]]
    model = make_pipeline(StandardScaler(), OneHotEncoder(), LogisticRegression(C=2.0))
    model.fit(X, [0, 1, 1, 0])
    written = dump(model, "skops").data
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    text = files.pop("schema.json")

    def around(schema: bytes) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in {**files, "schema.json": schema}.items():
                archive.writestr(name, content)
        return file.getvalue()

    return {
        "0": (pickle.dumps(model, 0), bytes),
        "2": (pickle.dumps(model, 2), bytes),
        "5": (pickle.dumps(model, 5), bytes),
        "schema": (text, around),
        "archive": (written, bytes),
    }


@pytest.mark.parametrize("form", ["0", "2", "5", "schema", "archive"])
def test_what_was_changed_at_random_is_shown_or_refused(form: str, tmp_path: Path) -> None:
    data, wrap = forms()[form]
    folder = Path(folder_of(tmp_path / "model", wrap(data)))
    whole = Side("whole", look_at(folder))
    assert whole.contents.model is not None
    dice = random.Random(form)
    shown = 0
    for _ in range(400):
        (folder / "model.pkl").write_bytes(wrap(changed(data, dice)))
        try:
            found = look_at(folder)
        except FitscribeError:
            continue
        shown += found.model is not None
        difference = compare(whole, Side("changed", found))
        for one in (found, difference):
            assert str(one)
            json.dumps(one.to_dict())
        assert difference._repr_html_()
    assert shown
