"""Put a job's input where the work will find it, without ever holding all of it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from loyalty.models import Job


@dataclass(frozen=True, slots=True)
class StagedRow:
    """One line of input; with a `problem` it is only kept for the report."""

    line: int
    identifier_key: str = ""
    identifier: str = ""
    data: Mapping[str, Any] | None = None
    raw: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Staged:
    total: int
    rejected: int


# What is kept of a line that could not be read, and of an identifier that nobody can have.
_RAW_LENGTH = 1000
_IDENTIFIER_LENGTH = 255
_PROBLEM_LENGTH = 255


def stage_rows(job: Job, rows: Iterable[StagedRow]) -> Staged:
    """Stream the rows in by COPY, in the transaction under way."""
    total = rejected = 0
    with connection.cursor() as cursor:
        command = (
            "COPY loyalty_jobrow (store_id, job_id, line, identifier_key, identifier, data, raw,"
            " problem) FROM STDIN"
        )
        with cursor.copy(command) as copy:
            for row in rows:
                total += 1
                rejected += bool(row.problem)
                copy.write_row(
                    (
                        job.store_id,
                        job.id,
                        row.line,
                        row.identifier_key,
                        row.identifier[:_IDENTIFIER_LENGTH],
                        json.dumps(row.data) if row.data else None,
                        row.raw[:_RAW_LENGTH],
                        row.problem[:_PROBLEM_LENGTH],
                    )
                )
    return Staged(total, rejected)


def stage_members(job: Job, members: QuerySet[Any]) -> Staged:
    """Stage the members of a query, as they are now, without one of them passing through here."""
    chosen, parameters = members.order_by("id").values("id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO loyalty_jobrow
                   (store_id, job_id, line, identifier_key, identifier, raw, problem)
            SELECT %s, %s, row_number() OVER (), 'id', chosen.id::text, '', ''
              FROM ({chosen}) chosen
            """,  # noqa: S608 (Django's own SQL, with its parameters apart)
            [job.store_id, job.id, *parameters],
        )
        return Staged(int(cursor.rowcount), 0)
