"""What was measured, for people (a table) and for the next run (JSON)."""

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.data import Size
from benchmarks.floor import MODES
from benchmarks.load import GENERATOR, Driven

_ENOUGH_HEADROOM = 1 / 3  # Of a core: three times as much could be sent.
_COLUMNS = (
    ("", 28), ("req/s", 8), ("p50 ms", 8), ("p95 ms", 8), ("p99 ms", 8), ("SQL", 4),
    ("floor/s", 9), ("ratio", 7), ("unprep/s", 9), ("ratio", 7), ("of empty", 9),
)  # fmt: skip


@dataclass
class Measured:
    """One case: what each round found.  The floors are there only where there is SQL."""

    title: str
    statements: int
    driven: list[Driven] = field(default_factory=list)
    floors: dict[str, list[float]] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return statistics.median(each.rate for each in self.driven)

    @property
    def busy(self) -> float:
        return max(each.busy for each in self.driven)

    def latency(self, name: str) -> float:
        return float(statistics.median(getattr(each, name) for each in self.driven))

    def floor(self, mode: str) -> float:
        return statistics.median(self.floors[mode])

    def ratio(self, mode: str) -> float:
        """The median of the rounds' ratios: what disturbs a round disturbs both sides of it."""
        rounds = zip(self.driven, self.floors[mode], strict=True)
        return statistics.median(driven.rate / floor for driven, floor in rounds)


Results = Mapping[str, Measured]


def table(results: Results) -> str:
    lines = ["".join(f"{title:>{width}}" for title, width in _COLUMNS)]
    for measured in results.values():
        cells = [measured.title, *_figures(measured, results)]
        widths = (width for _, width in _COLUMNS)
        lines.append("".join(f"{c:>{w}}" for c, w in zip(cells, widths, strict=True)))
    return "\n".join([*lines, "", *_caveats(results)])


def comparison(results: Results, before: Mapping[str, Any]) -> str:
    """The ratios of another run beside those of this one; rates of two runs say little."""
    lines = []
    for name, measured in results.items():
        for mode, floor in before["cases"].get(name, {}).get("ratios", {}).items():
            if mode in measured.floors:
                now = measured.ratio(mode)
                change = 100 * (now / floor - 1)
                lines.append(
                    f"{measured.title:>28}  {mode:>8}  {floor:.3f} -> {now:.3f}  {change:+.0f} %"
                )
    return "\n".join(["Ratios before and now:", *lines])


def save(file: Path, results: Results, size: Size, settings: Mapping[str, Any]) -> None:
    content = {
        "size": asdict(size),
        "settings": {
            **settings,
            "generator": GENERATOR,
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "cases": {
            name: {**asdict(each), "ratios": {mode: each.ratio(mode) for mode in each.floors}}
            for name, each in results.items()
        },
    }
    file.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _figures(measured: Measured, results: Results) -> Sequence[str]:
    figures = [f"{measured.rate:.0f}"]
    figures += [f"{measured.latency(name):.1f}" for name in ("p50", "p95", "p99")]
    figures.append(str(measured.statements))
    for mode in MODES:
        has_floor = mode in measured.floors
        figures.append(f"{measured.floor(mode):.0f}" if has_floor else "-")
        figures.append(f"{measured.ratio(mode):.3f}" if has_floor else "-")
    empty = results.get("empty")
    figures.append(f"{measured.rate / empty.rate:.2f}" if empty else "-")
    return figures


def _caveats(results: Results) -> Sequence[str]:
    lines = [
        "req/s and latencies are medians of the rounds. SQL: statements in one request.",
        "floor/s: the same SQL by pgbench, prepared; unprep/s: the same, planned anew each time.",
        f"Server, PostgreSQL and load generator ({GENERATOR}) share {os.cpu_count()} cores:",
        "rates are for this machine and hour, ratios are what to keep.",
    ]
    busiest = max(results.values(), key=lambda each: each.busy)
    lines.append(
        f"The generator needed at most {100 * busiest.busy:.0f} % of a core ({busiest.title}),"
        f" so it could have sent {1 / busiest.busy:.1f} times as much."
    )
    if busiest.busy > _ENOUGH_HEADROOM:
        lines.append("That is less than three times: read that line's rate as a lower bound.")
    return lines
