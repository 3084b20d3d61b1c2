"""How many members have earned a badge by when, as a curve that the page draws without a script."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 16, 34
_LINES = 4
_MOST_ROWS = 60


@dataclass(frozen=True, slots=True)
class Tick:
    """A label beside the chart, and the line that goes with it; in the drawing's units."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Curve:
    """An SVG drawing of `WIDTH` times `HEIGHT`, and the same as rows of a table."""

    line: str
    area: str
    rows: Sequence[tuple[date, int, int]]
    """A day, how often it was earned on it, and how often until then."""
    levels: Sequence[Tick]
    days: Sequence[Tick]
    total: int
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    bottom: int = HEIGHT - _BOTTOM
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def shown_rows(self) -> Sequence[tuple[date, int, int]]:
        """The latest that have something to tell: ten years of days are read by nobody."""
        return [row for row in self.rows if row[1]][-_MOST_ROWS:]


def curve(days: Sequence[tuple[date, int]]) -> Curve | None:
    """The running total over days in order; None where there is nothing to draw."""
    if not days:
        return None
    rows, total = [], 0
    for day, count in days:
        total += count
        rows.append((day, count, total))
    first, last = days[0][0], days[-1][0]
    span = max((last - first).days, 1)
    top = _rounded_up(total)

    def x(day: date) -> float:
        # A little room at the end, or the last step would be lost in the edge.
        return round(_LEFT + 0.97 * (WIDTH - _LEFT - _RIGHT) * (day - first).days / span, 1)

    def y(count: int) -> float:
        return round(_TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - count / top), 1)

    points = [(float(_LEFT), y(0))]
    for day, count, until_then in rows:
        points += [(x(day), y(until_then - count)), (x(day), y(until_then))]
    points.append((float(WIDTH - _RIGHT), y(total)))
    line = "M" + " L".join(f"{across},{up}" for across, up in points)
    floor = HEIGHT - _BOTTOM
    return Curve(
        line=line,
        area=f"{line} L{WIDTH - _RIGHT},{floor} L{_LEFT},{floor} Z",
        rows=rows,
        levels=[Tick(y(level), f"{level:,}") for level in _levels(top)],
        days=_day_ticks(first, last, x),
        total=total,
    )


def _rounded_up(total: int) -> int:
    """The least number at the top of the scale that is easy to read: 4, 8, 20, 40, 80, 200..."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if step * factor * _LINES >= total:
                return step * factor * _LINES
        step *= 10


def _levels(top: int) -> list[int]:
    return [top * part // _LINES for part in range(_LINES + 1)]


def _day_ticks(first: date, last: date, x: Callable[[date], float]) -> list[Tick]:
    parts = min(4, (last - first).days) or 1
    days = dict.fromkeys(first + (last - first) * part / parts for part in range(parts + 1))
    return [Tick(x(day), f"{day.day} {day:%b %Y}") for day in days]
