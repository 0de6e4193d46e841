#!/usr/bin/env python3
"""Draws an experiment: a metric over its first axis of numbers, one line a side.

    plot_experiment.py RUN [--metric latency_p99] [--scope total] [--out FILE.png]

RUN is the folder of an experiment, or any cells.csv (`sage-host report --csv`). A point is the median over the repetitions, the bar
their range; repetitions that failed, are INVALID or were interrupted are left out and counted, and a point that has no others is hollow.
If the axis is `rate` a second picture has throughput against the metric. Needs pandas and matplotlib.
"""
from __future__ import annotations

import argparse
import pathlib
import sys

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

FIXED = ("experiment", "workload", "backend", "side", "point", "repetition", "seed", "run_id", "status", "scope", "metric", "value", "unit")


def read_cells(run: pathlib.Path) -> pd.DataFrame:
    file = run / "cells.csv" if run.is_dir() else run
    try:
        cells = pd.read_csv(file, low_memory=False)
    except (OSError, ValueError) as e:
        why = str(e).split("\n")[0]
        raise SystemExit(f"{file}: {why}; name the folder of an experiment, or a file that `sage-host report --csv` wrote") from e
    missing = [column for column in FIXED if column not in cells.columns]
    if missing:
        raise SystemExit(f"{file}: no table of cells, it has no column '{missing[0]}'; `sage-host report RUN --csv FILE` writes one")
    return cells


def numeric_axes(cells: pd.DataFrame) -> list[str]:
    axes = list(cells.columns[cells.columns.get_loc("point") + 1:cells.columns.get_loc("repetition")])
    return [axis for axis in axes if pd.to_numeric(cells[axis], errors="coerce").notna().any()]


def points(of: pd.DataFrame, axis: str) -> pd.DataFrame:
    """Of one side and metric: a row for each value of the axis. Where no repetition may be used the median is over those that may not: it is drawn hollow."""
    rows = []
    for x, at in of.groupby(axis):
        usable = at[at["status"].isin(["ok", "unjudged"])]["value"].dropna()
        values = usable if len(usable) else at["value"].dropna()
        if len(values):
            rows.append({axis: float(x), "median": values.median(), "least": values.min(), "greatest": values.max(), "used": len(usable),
                         "left_out": len(at) - len(usable)})
    return pd.DataFrame(rows, columns=[axis, "median", "least", "greatest", "used", "left_out"])


def draw(ax: Axes, x: pd.Series, of: pd.DataFrame, label: str) -> None:
    good, hollow = of["used"] > 0, of["used"] == 0
    line = ax.errorbar(x[good], of["median"][good], [(of["median"] - of["least"])[good], (of["greatest"] - of["median"])[good]],
                       marker="o", capsize=3, label=label)
    ax.plot(x[hollow], of["median"][hollow], "o", fillstyle="none", color=line.lines[0].get_color())


def folded(cells: pd.DataFrame, axis: str) -> pd.Series:
    """A name for each line: the side, and the values of all other axes that vary."""
    others = list(cells.columns[cells.columns.get_loc("point") + 1:cells.columns.get_loc("repetition")])
    name = cells["side"].astype(str)
    for other in others:
        if other != axis and cells[other].nunique() > 1:
            name = name + f", {other} " + cells[other].astype(str)
    return name


def picture(cells: pd.DataFrame, axis: str, metric: str, scope: str, file: pathlib.Path) -> list[str]:
    """Writes it; what to say of it, a line each."""
    here = cells[(cells["scope"] == scope) & cells["metric"].isin([metric, "throughput"])].copy()
    here["value"] = pd.to_numeric(here["value"], errors="coerce")
    here[axis] = pd.to_numeric(here[axis], errors="coerce")
    here["line"] = folded(here, axis)
    of_metric = here[here["metric"] == metric]
    if not of_metric["value"].notna().any():
        raise SystemExit(f"no run has a value of {metric} in {scope}; `sage-host explain` lists the metrics, --scope chooses a part")
    unit = of_metric["unit"].dropna().iloc[0] if of_metric["unit"].notna().any() else ""
    against_throughput = axis == "rate" and metric != "throughput" and scope == "total"
    figure = Figure(figsize=(11 if against_throughput else 6, 4))
    axes = figure.subplots(1, 2 if against_throughput else 1, squeeze=False)
    said = []
    for name, of in of_metric.groupby("line", sort=False):
        found = points(of, axis)
        if found.empty:
            said.append(f"{name}: no value")
            continue
        draw(axes[0][0], found[axis], found, str(name))
        hollow, left_out = int((found["used"] == 0).sum()), int(found["left_out"].sum())
        said.append(f"{name}: {len(found)} points" + (f", {left_out} runs not ok and left out" if left_out else "") +
                    (f", {hollow} points without any other, hollow" if hollow else ""))
        if against_throughput:
            rates = points(here[(here["metric"] == "throughput") & (here["line"] == name)], axis).set_index(axis)["median"]
            draw(axes[0][1], found[axis].map(rates), found, str(name))
    for ax, x in zip(axes[0], (axis, "throughput (1/s)")):
        ax.set(xlabel=x, ylabel=f"{metric} ({unit})" if unit else metric, ylim=(0, None))
        ax.legend()
    figure.suptitle(f"{', '.join(cells['workload'].dropna().unique())}: median and range over repetitions; hollow: no run is ok")
    figure.tight_layout()
    figure.savefig(file, dpi=150)
    return said


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path, metavar="RUN")
    parser.add_argument("--metric", default="latency_p99")
    parser.add_argument("--scope", default="total", help="total, class:NAME, tenant:NAME, ...")
    parser.add_argument("--axis", help="default: the first one with numbers")
    parser.add_argument("--out", type=pathlib.Path, metavar="FILE", help="its ending chooses the format; default: METRIC.png")
    given = parser.parse_args(arguments)
    cells = read_cells(given.run)
    axes = numeric_axes(cells)
    axis = given.axis or (axes[0] if axes else None)
    if axis not in axes:
        raise SystemExit(f"{given.run}: no axis of numbers{'' if axis is None else f' is called {axis}'}; there are: {', '.join(axes) or 'none'}")
    file = given.out or pathlib.Path(f"{given.metric}.png")
    for line in picture(cells, axis, given.metric, given.scope, file):
        print(line)
    print(file)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
