"""Looking into a file imports and runs nothing of it, whatever it is."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

from canaries import CANARIES, CONTAINERS

LOOK = """
import sys
from fitscribe.modelfolder.look import look_at
from fitscribe.errors import FitscribeError
look_at(sys.argv[1])  # what reads an MLmodel is loaded with the first one
before = set(sys.modules)
for folder in sys.argv[2:]:
    try:
        str(look_at(folder)), look_at(folder).to_dict()
    except FitscribeError as error:
        print(folder, error, file=sys.stderr)
print(*sorted(set(sys.modules) - before), sep="\\n")
print("sklearn" in sys.modules, "scipy" in sys.modules)
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
    *imported, last = ran.stdout.splitlines()
    # What a text codec or a format of compression needs may come; nothing of a library.
    assert not [name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names]
    assert "antigravity" not in imported
    assert last == "False False"
