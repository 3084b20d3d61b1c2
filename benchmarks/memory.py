"""How much memory processes needed at most, as Linux itself notes it: nothing is sampled."""

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_FORGET_THE_PEAK = "5"


def family(pid: int) -> Sequence[int]:
    """The process and all that descend from it."""
    parents = {int(each.name): _parent(each) for each in _PROC.glob("[0-9]*")}
    found = [pid]
    for member in found:  # It grows as we go.
        found.extend(child for child, parent in parents.items() if parent == member)
    return found


def forget_peaks(pids: Iterable[int]) -> None:
    """From now on the peak is that of what happens next."""
    for pid in pids:
        with suppress(OSError):
            (_PROC / str(pid) / "clear_refs").write_text(_FORGET_THE_PEAK, encoding="ascii")


def peak(pids: Iterable[int]) -> float:
    """The most that one of the processes held resident, in MB; nan where it is unknown."""
    return max((_status(pid, "VmHWM") for pid in pids), default=0.0) or math.nan


def _parent(process: Path) -> int:
    with suppress(OSError):
        # The name of the program, in parentheses, may have spaces in it.
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _status(pid: int, name: str) -> float:
    with suppress(OSError):
        for line in (_PROC / str(pid) / "status").read_text().splitlines():
            key, _, value = line.partition(":")
            if key == name:
                return int(value.split()[0]) / 1024
    return 0.0
