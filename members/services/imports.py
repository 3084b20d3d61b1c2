"""Register members from a file."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import IO
from zoneinfo import ZoneInfo

from loyalty.actors import Actor
from loyalty.errors import Code, Invalid
from loyalty.models import Job, JobRow, Store
from loyalty.services.jobs.creation import create_job
from loyalty.services.jobs.kinds import JobKind, Outcome, Row, actor_of, register
from loyalty.services.jobs.lines import file_refused, texts_of
from loyalty.services.jobs.staging import Staged, StagedRow, stage_rows
from loyalty.services.jobs.tables import Columns, read_table
from members.selectors.imports import MEMBER_IMPORT
from members.services.import_values import IDENTIFIERS, LABEL, NAMES, read_fields
from members.services.import_xml import read_customers
from members.services.imported import Imported
from members.services.member_rows import add_member, names_in
from members.services.waiting import adopt_waiting, expect_members

CHUNK = 500

_COLUMNS = Columns(names=NAMES, identifying=tuple(IDENTIFIERS), prefix=LABEL)


def import_members(store: Store, *, file: IO[bytes], actor: Actor) -> Job:
    """A job that registers the member of each line; CSV and XML are told apart by the content.

    Raises `Invalid` for a file that means nothing.
    """
    zone = ZoneInfo(store.timezone)

    def stage(job: Job) -> Staged:
        staged = stage_rows(job, (_staged(given, zone) for given in _read(file)))
        if not staged.total:
            raise file_refused(Code.BLANK, "The file has no members.")
        return staged

    return create_job(store, kind=MEMBER_IMPORT, parameters={}, stage=stage, actor=actor)


def work(store: Store, job: Job, rows: Sequence[Row], now: datetime) -> Outcome:
    outcome, actor = Outcome(), actor_of(job)
    expect_members(store, (name for row in rows for name in names_in(row.data)))
    for row in rows:
        try:
            member = add_member(store, actor=actor, now=now, **row.data)
        except Invalid as refusal:
            outcome.problems[row.line] = str(refusal)
        else:
            outcome.members[row.line] = member.id
    outcome.changed = len(outcome.members)
    adopt_waiting(store, list(outcome.members.values()), actor=actor, now=now)
    # From now on the member's own row has what the person gave, and it alone: so it can be
    # changed and forgotten there.
    made = JobRow.for_job(job).filter(line__in=list(outcome.members))
    made.update(data=None, identifier_key="", identifier="")
    return outcome


def register_kind() -> None:
    register(JobKind(MEMBER_IMPORT, "Import members", CHUNK, work))


def _read(file: IO[bytes]) -> Iterator[Imported]:
    return read_customers(file) if _is_xml(file) else _read_lines(file)


def _is_xml(file: IO[bytes]) -> bool:
    # XML may be in encodings that a table may not; each reader says so of its own kind.
    file.seek(0)
    if file.read(256).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return True
    try:
        return "".join(itertools.islice(texts_of(file), 1)).lstrip("\ufeff \t\n").startswith("<")
    except Invalid:
        return False


def _read_lines(file: IO[bytes]) -> Iterator[Imported]:
    table = read_table(file, _COLUMNS)
    for row in table.rows:
        values = {name: cell for name, cell in zip(table.columns, row.cells, strict=False) if cell}
        yield Imported(row.line, row.text, values, row.problem)


def _staged(given: Imported, zone: ZoneInfo) -> StagedRow:
    problem, fields = given.problem, {}
    if not problem:
        try:
            fields = read_fields(given.values, zone)
        except ValueError as error:
            problem = f"{error}."
    if problem:
        return StagedRow(given.line, raw=given.text, problem=problem)
    for key, field in IDENTIFIERS.items():
        if field in fields:
            return StagedRow(given.line, key, fields[field], fields, raw="")
    return StagedRow(given.line, raw=given.text, problem="The line names no member.")
