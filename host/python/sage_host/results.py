"""Unified records as a pandas frame. docs/records.md describes the fields."""
from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

RESULTS = "unified_results.jsonl"
TEXTS = ("backend", "workload", "run_id")
COUNTS = ("seed", "nodes", "parallelism")
MEASURES = ("throughput", "latency_p50", "latency_p95", "latency_p99", "success_rate", "duration_seconds")
HASHES = ("timestamp", "config_hash", "backend_hash")
COLUMNS = (*TEXTS, *COUNTS, *MEASURES, *HASHES)


def read_results(path: str | os.PathLike[str]) -> pandas.DataFrame:
    """All unified records at or below `path`, a run's folder, a folder of such, or a file: one row a record, ordered by file.

    The columns of `unified_results.csv` come first and are always there, in its order; `seed`, `nodes` and `parallelism` are
    Int64, measures are float64, and what was not measured is missing (`isna`). Then `file`, which the record is from, and
    everything in the record's `metadata`, members of members under names such as `metadata.config.load.rate`; lists stay lists. A
    record that stands there several times, as those of a pair do in a collection beside the runs, is one row.
    """
    try:
        import pandas
    except ImportError as error:
        raise ImportError("read_results needs pandas: pip install 'sage-host[pandas]'") from error
    rows = list(_rows(pathlib.Path(path)))
    extra = sorted({name for row in rows for name in row} - {*COLUMNS, "file"})
    frame = pandas.DataFrame(rows, columns=[*COLUMNS, "file", *extra])
    return frame.astype({**dict.fromkeys(COUNTS, "Int64"), **dict.fromkeys(MEASURES, "float64")})


def _rows(path: pathlib.Path) -> Iterator[dict[str, Any]]:
    files = [path] if path.is_file() else sorted(path.rglob(RESULTS))
    if not files:
        raise FileNotFoundError(f"{path}: no {RESULTS} there or below; give the folder of a run, or one that holds such")
    seen = set()
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if line in seen:
                continue
            seen.add(line)
            try:
                record = json.loads(line)
                row = {name: record[name] for name in COLUMNS}
                row.update(_flat("metadata", record["metadata"]))
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{file}:{number}: this is no unified record: {error!r}") from error
            yield {**row, "file": str(file)}


def _flat(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value:
        for member, inner in value.items():
            yield from _flat(f"{name}.{member}", inner)
    else:
        yield name, value
