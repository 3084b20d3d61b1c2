"""What was measured, beside what it may cost: for people (a table) and for machines (JSON)."""

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_COLUMNS = (("", 44), ("measured", 10), ("beside", 10), ("ratio", 7), ("budget", 8), ("", 8))


@dataclass
class Figure:
    """One thing, round by round; `beside` is what it is compared with, in the same rounds.

    `budget` is the most that `judged` may be: the ratio where there is one, else the figure.
    """

    title: str
    budget: float | None = None
    by_time: bool = True
    """Whether the ratio is `measured` / `beside`; for rates it is the other way round."""
    measured: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)

    def add(self, measured: float, beside: float | None = None) -> None:
        self.measured.append(measured)
        if beside is not None:
            self.beside.append(beside)

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios: how many times as dear."""
        if not self.beside:
            return None
        rounds = zip(self.measured, self.beside, strict=True)
        return statistics.median((a / b if self.by_time else b / a) for a, b in rounds)

    @property
    def judged(self) -> float:
        return statistics.median(self.measured) if self.ratio is None else self.ratio


def table(figures: Sequence[Figure]) -> str:
    rows = [tuple(title for title, _ in _COLUMNS), *(_cells(figure) for figure in figures)]
    widths = [width for _, width in _COLUMNS]
    lines = ["".join(f"{c:>{w}}" for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([*lines, "", *_CAVEATS])


def save(file: Path, figures: Sequence[Figure], settings: Mapping[str, Any]) -> None:
    machine = {"cores": os.cpu_count(), "python": platform.python_version()}
    content = {
        "settings": {**settings, **machine},
        "figures": [{**asdict(each), "ratio": each.ratio} for each in figures],
    }
    file.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _cells(figure: Figure) -> tuple[str, ...]:
    beside, ratio, budget, verdict = "-", "-", "-", ""
    if figure.ratio is not None:
        beside, ratio = _number(statistics.median(figure.beside)), f"{figure.ratio:.2f}"
    if figure.budget is not None:
        budget = f"{figure.budget:g}"
        verdict = "met" if figure.judged <= figure.budget else "MISSED"
    measured = _number(statistics.median(figure.measured))
    return (figure.title, measured, beside, ratio, budget, verdict)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


_CAVEATS = (
    "Medians of the rounds; a ratio is the median of the rounds' ratios, 1.00 being as cheap.",
    "beside: the raw SQL; the memory of a twentieth of the members; the list while no job runs.",
)
