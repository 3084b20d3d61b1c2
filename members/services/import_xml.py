"""Read Open Loyalty's member files: `<customers><customer><email>…</email>…</customer>…`.

Nothing in a file can make the reader open another one or unfold what is written small: a document
type, without which there are no entities, is refused, and so is what nests deep or is one huge
piece.  No more than one customer is held.
"""

from collections import deque
from collections.abc import Iterator
from typing import IO
from xml.parsers import expat

from loyalty.errors import Code
from loyalty.services.jobs.lines import MAX_LINES, file_refused
from loyalty.services.jobs.tables import MAX_CELL
from members.services.import_values import LABEL, MOST_LABELS, NAMES
from members.services.imported import Imported

_CHUNK = 65_536
_LONGEST_PIECE = 1_048_576
_DEEPEST = 5
_CONTAINERS = {("address",), ("company",), ("labels",), ("labels", "label")}
_IN_LABEL = {("labels", "label", "key"), ("labels", "label", "value")}


def read_customers(file: IO[bytes]) -> Iterator[Imported]:
    """Each customer; its line is its place in the file, from 1.

    Raises `Invalid` for what is not such a file.
    """
    file.seek(0)
    customers = _Customers()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = customers.start
    parser.EndElementHandler = customers.end
    parser.CharacterDataHandler = customers.text
    parser.StartDoctypeDeclHandler = _refuse_document_type
    fed = 0
    while True:
        chunk = file.read(_CHUNK)
        try:
            parser.Parse(chunk, not chunk)
        except expat.ExpatError as error:
            what = expat.ErrorString(error.code)
            message = f"The XML is broken in line {error.lineno}, column {error.offset}: {what}."
            raise file_refused(Code.PATTERN, message) from None
        except (LookupError, ValueError):
            raise file_refused(Code.PATTERN, "The XML names an unknown encoding.") from None
        yield from customers.taken()
        if not chunk:
            return
        fed += len(chunk)
        if fed - parser.CurrentByteIndex > _LONGEST_PIECE:
            raise file_refused(Code.TOO_LONG, "A piece of the XML is larger than 1 MB.")


def _refuse_document_type(*_: object) -> None:
    raise file_refused(Code.NOT_ALLOWED, "A document type (<!DOCTYPE …>) is not accepted.")


class _Customers:
    """Collects what the parser reports."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._made: deque[Imported] = deque()
        self._count = 0
        self._values: dict[str, str] = {}
        self._label: dict[str, str] = {}
        self._problem = ""
        self._text = ""

    def taken(self) -> Iterator[Imported]:
        while self._made:
            yield self._made.popleft()

    def start(self, name: str, _: object) -> None:
        self._path.append(name)
        depth = len(self._path)
        if depth <= 2 and name != ("customers", "customer")[depth - 1]:
            message = f"The XML has <{name[:50]}> where <customers> with <customer>s is expected."
            raise file_refused(Code.PATTERN, message)
        if depth > _DEEPEST + 1:
            raise file_refused(Code.PATTERN, "The XML is nested too deep.")
        if depth == 2:
            self._values, self._problem = {}, ""
            self._count += 1
            if self._count >= MAX_LINES:
                message = f"The file has more than {MAX_LINES - 1:,} customers. Split it."
                raise file_refused(Code.TOO_LONG, message)
        self._text = ""

    def text(self, text: str) -> None:
        if len(self._text) <= MAX_CELL:
            self._text += text

    def end(self, name: str) -> None:
        place = tuple(self._path[2:])
        self._path.pop()
        if len(self._path) == 1:
            self._finish()
        elif place == ("labels", "label"):
            self._keep(f"{LABEL}{self._label.get('key', '')}", self._label.get("value", ""))
            self._label = {}
        elif place in _IN_LABEL:
            self._label[name] = self._text.strip()[:MAX_CELL]
        elif place and place not in _CONTAINERS:
            self._keep(".".join(place), self._text.strip())
        self._text = ""

    def _keep(self, name: str, value: str) -> None:
        if name == LABEL or (name not in NAMES and not name.startswith(LABEL)):
            self._problem = self._problem or f"<{name[:100]}> is not a field of a member."
        elif name in self._values:
            self._problem = self._problem or f"<{name[:100]}> is there more than once."
        elif len(self._values) > len(NAMES) + MOST_LABELS:
            self._problem = f"The member has more than {MOST_LABELS} labels."
        else:
            self._values[name] = value

    def _finish(self) -> None:
        text = ", ".join(f"{name}={value}" for name, value in self._values.items())
        given = {name: value for name, value in self._values.items() if value}
        self._made.append(Imported(self._count, text, given, self._problem))
