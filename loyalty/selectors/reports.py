"""The report of a job: the lines that could not be done, as CSV, safe to open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterator

from loyalty.identifiers import Identifier
from loyalty.models import Job
from loyalty.selectors.jobs import rejected_rows

# A spreadsheet computes a cell that begins so.  One that splits cells elsewhere than we do, as
# many do at ";", sees the beginning of a cell after that too.
_COMPUTED = re.compile(r"(\A|[,;|\t\r\n])(?=[ \"]*[=+\-@\t\r\n])")


def report_lines(job: Job) -> Iterator[bytes]:
    """Line by line, never as a whole in memory."""
    line = io.StringIO()
    writer = csv.writer(line)
    for cells in _report_cells(job):
        writer.writerow([harmless(cell) for cell in cells])
        yield line.getvalue().encode()
        line.seek(0)
        line.truncate()


def harmless(cell: str) -> str:
    """With a quote before it, what a spreadsheet would compute is only text."""
    return _COMPUTED.sub(r"\1'", cell)


def _report_cells(job: Job) -> Iterator[tuple[str, ...]]:
    yield ("line", "member", "problem", "text")
    for row in rejected_rows(job).iterator():
        key, value = row.identifier_key, row.identifier
        member = str(Identifier(key, value)) if key else ""
        yield (str(row.line), member, row.problem, row.raw)
