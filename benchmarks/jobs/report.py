"""What was measured, beside what it may cost: for people (a table) and for machines (JSON)."""

import json
import math
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

    `budget` is the most that the ratio may be; where there is none, the figure.
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
    def ratios(self) -> list[float]:
        """Round by round, how many times as dear."""
        rounds = zip(self.measured, self.beside, strict=bool(self.beside))
        return [a / b if self.by_time else b / a for a, b in rounds]

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios."""
        return statistics.median(self.ratios) if self.beside else None

    @property
    def verdict(self) -> str:
        """Only what all rounds agree on is met or missed."""
        judged = self.ratios or self.measured
        if self.budget is None or any(map(math.isnan, judged)):
            return ""
        met = {each <= self.budget for each in judged}
        return "mixed" if len(met) == 2 else "met" if met == {True} else "MISSED"


def table(figures: Sequence[Figure], *, beside: str) -> str:
    """`beside` says what the figures are compared with."""
    rows = [tuple(title for title, _ in _COLUMNS), *(_cells(figure) for figure in figures)]
    widths = [width for _, width in _COLUMNS]
    lines = ["".join(f"{c:>{w}}" for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([*lines, "", *_CAVEATS, f"beside: {beside}"])


def save(file: Path, figures: Sequence[Figure], settings: Mapping[str, Any]) -> None:
    machine = {"cores": os.cpu_count(), "python": platform.python_version()}
    content = {
        "settings": {**settings, **machine},
        "figures": [
            {**asdict(each), "ratio": each.ratio, "verdict": each.verdict} for each in figures
        ],
    }
    file.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _cells(figure: Figure) -> tuple[str, ...]:
    beside, ratio = "-", "-"
    if figure.ratio is not None:
        beside, ratio = _number(statistics.median(figure.beside)), f"{figure.ratio:.2f}"
    budget = "-" if figure.budget is None else f"{figure.budget:g}"
    measured = _number(statistics.median(figure.measured))
    return (figure.title, measured, beside, ratio, budget, figure.verdict)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


_CAVEATS = (
    "mixed: some rounds are within the budget and some are not.",
    "Medians of the rounds; a ratio is the median of the rounds' ratios, 1.00 being as cheap.",
)
