"""Jobs on badges from a CSV file: what its columns and cells mean.

The first of the member's columns that a line fills in names the member.  A cell that means
nothing is that line's problem.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO, Any
from zoneinfo import ZoneInfo

from badges.services.jobs import MAX_COUNT, SET_COUNT, UNKNOWN_MEMBER
from loyalty.errors import Code, Invalid, Violation
from loyalty.models import Job, Store
from loyalty.services.jobs.creation import Stage
from loyalty.services.jobs.lines import file_refused
from loyalty.services.jobs.staging import Staged, StagedRow, stage_rows
from loyalty.services.jobs.tables import Columns, Table, TableRow, read_table
from loyalty.services.jobs.values import (
    read_past_moment,
    read_text,
    read_uuid,
    read_whole_number,
)
from members.selectors.identifiers import member_ids

_KEYS = {
    "memberId": "id",
    "email": "email",
    "phone": "phone",
    "loyaltyCardNumber": "loyaltyCardNumber",
    "walletAddress": "walletAddress",
}
_COLUMNS = Columns(names=(*_KEYS, "count", "reason", "earnedAt"), identifying=tuple(_KEYS))
_LONGEST_IDENTIFIER, _LONGEST_REASON = 255, 1024


@dataclass(frozen=True, slots=True)
class Preview:
    """`rows` are the first ones; `total` and `rejected` are of the whole file.

    Only in `rows` is an unknown member a problem already: the others are looked up by the job.
    """

    columns: tuple[str, ...]
    rows: Sequence[StagedRow]
    total: int
    rejected: int


def stage_table(
    store: Store, file: IO[bytes], *, kind: str, count: int | None, now: datetime
) -> Stage:
    """One line for each of the file's; raises `Invalid` for a file that means nothing.

    `count` is the job's own, for lines that have none.
    """

    def stage(job: Job) -> Staged:
        staged = stage_rows(job, _rows(store, _table(file, kind, count), kind, count, now))
        if not staged.total:
            raise file_refused(Code.BLANK, "The file has no lines below its header.")
        return staged

    return stage


def preview(
    store: Store, file: IO[bytes], *, kind: str, count: int | None, now: datetime, most: int = 20
) -> Preview:
    """What a job would make of the file, without making it; raises as `stage_table` does."""
    table = _table(file, kind, count)
    rows = _rows(store, table, kind, count, now)
    first = list(itertools.islice(rows, most))
    total, rejected = len(first), sum(bool(row.problem) for row in first)
    for row in rows:
        total += 1
        rejected += bool(row.problem)
    return Preview(table.columns, _looked_up(store, first), total, rejected)


def _looked_up(store: Store, rows: Sequence[StagedRow]) -> Sequence[StagedRow]:
    named = [(row.identifier_key, row.identifier) for row in rows if not row.problem]
    found = member_ids(store, named)
    return [
        row
        if row.problem or (row.identifier_key, row.identifier) in found
        else replace(row, problem=UNKNOWN_MEMBER)
        for row in rows
    ]


def _table(file: IO[bytes], kind: str, count: int | None) -> Table:
    table = read_table(file, _COLUMNS)
    if kind == SET_COUNT and count is None and "count" not in table.columns:
        message = "Give a count here, or a column with that name in the file."
        raise Invalid(Violation(Code.MISSING, "count", message))
    return table


def _rows(
    store: Store, table: Table, kind: str, count: int | None, now: datetime
) -> Iterator[StagedRow]:
    reader = _Reader(
        keys=[
            (table.columns.index(column), column, key)
            for column, key in _KEYS.items()
            if column in table.columns
        ],
        others=[(at, name) for at, name in enumerate(table.columns) if name not in _KEYS],
        zone=ZoneInfo(store.timezone),
        now=now,
        least=0 if kind == SET_COUNT else 1,
        needs_count=kind == SET_COUNT and count is None,
    )
    return map(reader.read, table.rows)


@dataclass(frozen=True, slots=True)
class _Reader:
    keys: Sequence[tuple[int, str, str]]
    """The place of a column, its name, and the key that it stands for."""
    others: Sequence[tuple[int, str]]
    zone: ZoneInfo
    now: datetime
    least: int
    needs_count: bool

    def read(self, row: TableRow) -> StagedRow:
        if row.problem:
            return StagedRow(row.line, raw=row.text, problem=row.problem)
        key = identifier = ""
        for at, column, key in self.keys:  # noqa: B007 (both are used after the loop)
            if identifier := row.cells[at]:
                break
        else:
            return StagedRow(row.line, raw=row.text, problem="The line names no member.")
        data: dict[str, Any] = {}
        try:
            identifier = self._identifier(key, identifier)
            for at, column in self.others:
                if cell := row.cells[at]:
                    data[column] = self._value(column, cell)
            if self.needs_count and "count" not in data:
                column = "count"
                raise ValueError("is empty")
        except ValueError as error:
            return StagedRow(row.line, raw=row.text, problem=f"{column} {error}.")
        return StagedRow(row.line, key, identifier, data)

    def _identifier(self, key: str, cell: str) -> str:
        return read_uuid(cell) if key == "id" else read_text(cell, _LONGEST_IDENTIFIER)

    def _value(self, column: str, cell: str) -> Any:
        if column == "count":
            return read_whole_number(cell, self.least, MAX_COUNT)
        if column == "earnedAt":
            return read_past_moment(cell, self.zone, self.now).isoformat()
        return read_text(cell, _LONGEST_REASON)
