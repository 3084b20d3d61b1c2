"""Read CSV as people send it, record by record.

What makes the file as a whole meaningless raises `Invalid` on the path `file`; what is wrong with
one line is that line's problem, and the others go on.
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import IO, NamedTuple

from loyalty.errors import Code
from loyalty.services.jobs.lines import LONGEST_LINE, byte_refused, file_refused, lines_of

MAX_CELL = 4096
"""In bytes of UTF-8."""

_DELIMITERS = (",", ";", "\t")
_NO_CELL_IS_LONGER = MAX_CELL // 4
_UNCLOSED = "A quote is opened and not closed."
_AFTER_QUOTE = "There is text after a closing quote."
_NUL = "The line contains a NUL character."
_PICTURE_OF_NUL = "\N{SYMBOL FOR NULL}"
_HINT = "The first line has to name the columns."


@dataclass(frozen=True, slots=True)
class Columns:
    """What a header may name.  Case, spaces, `_` and `-` make no difference."""

    names: tuple[str, ...]
    identifying: tuple[str, ...]
    """At least one of these has to be there."""
    prefix: str = ""
    """Such as "label:": what follows it is a name of the sender's own, kept as it is written."""

    def named(self, written: str) -> str | None:
        plain = _plain(written)
        for name in self.names:
            if _plain(name) == plain:
                return name
        head, own = written[: len(self.prefix)], written[len(self.prefix) :].strip()
        if self.prefix and own and head.lower() == self.prefix:
            return self.prefix + own
        return None

    @property
    def listed(self) -> str:
        return ", ".join([*self.names, *([f"{self.prefix}…"] if self.prefix else [])])


class TableRow(NamedTuple):
    """A record below the header.  With a `problem` there are no cells."""

    line: int
    """Where it begins."""
    text: str
    cells: Sequence[str]
    """One for each column, without the spaces around."""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[str, ...]
    rows: Iterator[TableRow]


def read_table(file: IO[bytes], columns: Columns) -> Table:
    """The header, read now, and the rows, which are read as they are asked for."""
    lines = _Lines(lines_of(file))
    delimiter = _delimiter(lines)
    for record in _records(lines, delimiter):
        if record.problem or any(record.cells):
            return Table(_header(record, columns), _rows(lines, delimiter, record))
    raise file_refused(Code.BLANK, f"The file is empty. {_HINT}")


class _Lines:
    """Numbered lines, some of which can be given back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._returned: deque[str] = deque()
        self.number = 0
        """Of the line that was taken last."""

    def take(self) -> str | None:
        line = self._returned.popleft() if self._returned else next(self._lines, None)
        self.number += line is not None
        return line

    def give_back(self, lines: Sequence[str]) -> None:
        self._returned.extendleft(reversed(lines))
        self.number -= len(lines)


def _delimiter(lines: _Lines) -> str:
    """From the header, or from the line `sep=;` with which Excel begins some files."""
    while (line := lines.take()) is not None:
        if not line.strip():
            continue
        if line[:4].lower() == "sep=" and line[4:].strip(" ") in _DELIMITERS:
            return line[4:].strip(" ")
        lines.give_back([line])
        unquoted = re.sub(r'"[^"]*"', "", line)
        return max(_DELIMITERS, key=unquoted.count)
    return _DELIMITERS[0]


def _header(record: TableRow, columns: Columns) -> tuple[str, ...]:
    if record.problem == _NUL:
        raise byte_refused(record.text.index(_PICTURE_OF_NUL))
    if record.problem:
        raise file_refused(Code.PATTERN, f"Line {record.line}: {record.problem} {_HINT}")
    # Excel ends lines with delimiters when a column to the right was used once.
    written = _without_empty_end(record.cells)
    known = [columns.named(name) for name in written]
    unknown = [name or "(empty)" for name, found in zip(written, known, strict=True) if not found]
    if unknown:
        some = ", ".join(f'"{name[:50]}"' for name in unknown[:5])
        message = f"Unknown column {some}. {_HINT} Known columns: {columns.listed}."
        raise file_refused(Code.UNKNOWN_FIELD, message)
    found = tuple(name for name in known if name)
    for name in found:
        if found.count(name) > 1:
            message = f'The column "{name[:50]}" is there more than once.'
            raise file_refused(Code.NOT_ALLOWED, message)
    if not set(found) & set(columns.identifying):
        message = f"No column names the member. One of these has to: {_one_of(columns)}."
        raise file_refused(Code.MISSING, message)
    return found


def _rows(lines: _Lines, delimiter: str, header: TableRow) -> Iterator[TableRow]:
    width = len(_without_empty_end(header.cells))
    for record in _records(lines, delimiter):
        cells = record.cells
        if record.problem:
            yield record
        elif any(cells):
            if len(cells) > width:
                cells = _without_empty_end(cells, width)
            problem = _problem(record.text, cells, width)
            yield record._replace(cells=[] if problem else cells, problem=problem)


def _problem(text: str, cells: Sequence[str], width: int) -> str:
    if len(cells) != width:
        found = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
        return f"The line has {found}, and the header has {width}."
    if len(text) > _NO_CELL_IS_LONGER and any(len(cell.encode()) > MAX_CELL for cell in cells):
        return f"A cell is longer than {MAX_CELL} bytes."
    return ""


def _records(lines: _Lines, delimiter: str) -> Iterator[TableRow]:
    while (line := lines.take()) is not None:
        number = lines.number
        if len(line) > LONGEST_LINE:
            problem = f"The line is longer than {LONGEST_LINE} characters."
            yield TableRow(number, _storable(line[:MAX_CELL]), [], problem)
        elif '"' in line:
            yield _quoted_record(lines, line, delimiter)
        elif "\0" in line:
            yield TableRow(number, _storable(line), [], _NUL)
        else:
            yield TableRow(number, line, [cell.strip() for cell in line.split(delimiter)])


def _quoted_record(lines: _Lines, line: str, delimiter: str) -> TableRow:
    """A record with quotes, which may go on over many lines.

    If it does not end well, only its first line is to blame, and the others are given back.
    """
    number, taken, size = lines.number, [line], len(line)
    record = _QuotedRecord(delimiter)
    state = record.add(line)
    while state is _State.OPEN and size <= LONGEST_LINE:
        more = lines.take()
        if more is None:
            break
        taken.append(more)
        size += len(more) + 1
        state = record.add(more)
    if state is not _State.COMPLETE:
        lines.give_back(taken[1:])
        broken = state is _State.BROKEN and len(taken) == 1
        return TableRow(number, _storable(line), [], _AFTER_QUOTE if broken else _UNCLOSED)
    text = "\n".join(taken)
    if "\0" in text:
        return TableRow(number, _storable(text), [], _NUL)
    return TableRow(number, text, [_plain_cell(cell) for cell in record.cells])


class _State(Enum):
    COMPLETE = auto()
    OPEN = auto()
    BROKEN = auto()


_OPENING = re.compile(r' *+"')
_CLOSING = re.compile(r'([^"]*+(?:""[^"]*+)*+)"')


@dataclass(slots=True)
class _QuotedRecord:
    """Takes a record apart as RFC 4180 has it, each line once.

    Spaces around a quoted cell are forgiven; a quote within an unquoted cell is a quote.
    """

    delimiter: str
    cells: list[str] = field(default_factory=list)
    _open: list[str] | None = None

    def add(self, line: str) -> _State:
        after = 0 if self._open is None else self._quoted(line, 0)
        while not isinstance(after, _State):
            opening = _OPENING.match(line, after)
            if opening is None:
                after = self._unquoted(line, after)
            else:
                self._open = []
                after = self._quoted(line, opening.end())
        return after

    def _unquoted(self, line: str, at: int) -> int | _State:
        end = line.find(self.delimiter, at)
        self.cells.append(line[at:] if end < 0 else line[at:end])
        return _State.COMPLETE if end < 0 else end + 1

    def _quoted(self, line: str, at: int) -> int | _State:
        """From within the quotes."""
        assert self._open is not None  # noqa: S101 (`add` opened it)
        closing = _CLOSING.match(line, at)
        if closing is None:
            self._open.append(line[at:])
            return _State.OPEN
        self.cells.append("\n".join([*self._open, closing[1]]).replace('""', '"'))
        self._open = None
        return self._after_quote(line, closing.end())

    def _after_quote(self, line: str, at: int) -> int | _State:
        """Where the next cell begins, or what the record is now."""
        end = line.find(self.delimiter, at)
        if line[at : len(line) if end < 0 else end].strip(" "):
            return _State.BROKEN
        return _State.COMPLETE if end < 0 else end + 1


def _plain_cell(cell: str) -> str:
    """Without spaces around, and without the `="00123"` by which Excel keeps zeros."""
    cell = cell.strip()
    if len(cell) > 2 and cell.startswith('="') and cell.endswith('"'):
        return cell[2:-1].replace('""', '"').strip()
    return cell


def _without_empty_end(cells: Sequence[str], down_to: int = 0) -> Sequence[str]:
    end = len(cells)
    while end > down_to and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _one_of(columns: Columns) -> str:
    return ", ".join(columns.identifying)


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-\ufeff]", "", name).casefold()


def _storable(text: str) -> str:
    """PostgreSQL keeps no NUL; its picture shows where it was."""
    return text.replace("\0", _PICTURE_OF_NUL)
