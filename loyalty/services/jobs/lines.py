"""The lines of a text file, as an editor counts them, without ever holding the file."""

import codecs
import io
from collections.abc import Iterator
from typing import IO

from loyalty.errors import Code, Invalid, Violation

MAX_FILE = 100 * 1024 * 1024
MAX_LINES = 1_000_001
LONGEST_LINE = 65_536
"""In characters.  A longer line arrives cut, but still longer than this."""

_CHUNK = 65_536
_ACCEPTED = "Accepted are UTF-8, and UTF-16 with a byte order mark."
_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)


def file_refused(code: Code, message: str) -> Invalid:
    """The file as a whole means nothing."""
    return Invalid(Violation(code, "file", message))


def texts_of(file: IO[bytes]) -> Iterator[str]:
    """The file's text from its beginning, in pieces; every kind of line end is "\\n".

    Raises `Invalid` that names the first byte that is not of the encoding.
    """
    file.seek(0)
    chunk = file.read(_CHUNK)
    encoding, title, offset = _encoding(chunk)
    chunk = chunk[offset:]
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    while True:
        kept_back = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, not chunk)
        except UnicodeDecodeError as error:
            position = offset - kept_back + error.start
            message = f"The file is not valid {title} at byte {position}. {_ACCEPTED}"
            raise file_refused(Code.PATTERN, message) from None
        yield newlines.decode(text, not chunk)
        if not chunk:
            return
        offset += len(chunk)
        chunk = file.read(_CHUNK)


def lines_of(file: IO[bytes]) -> Iterator[str]:
    """Each line without its end.  Raises `Invalid` as above, and for more than `MAX_LINES`."""
    count, tail = 0, ""
    for text in texts_of(file):
        lines = (tail + text).split("\n")
        tail = lines.pop()[: LONGEST_LINE + 1]
        count += len(lines)
        if count + bool(tail) > MAX_LINES:
            message = f"The file has more than {MAX_LINES:,} lines. Split it."
            raise file_refused(Code.TOO_LONG, message)
        yield from lines
    if tail:
        yield tail


def byte_refused(offset: int) -> Invalid:
    """For a NUL where text has to be: most often UTF-16 that does not say so."""
    return file_refused(
        Code.PATTERN, f"The file is not text: it has a NUL near byte {offset}. {_ACCEPTED}"
    )


def _encoding(start: bytes) -> tuple[str, str, int]:
    """The codec, its name for people, and the length of the byte order mark."""
    for mark, encoding, title in _MARKS:
        if start.startswith(mark):
            return encoding, title, len(mark)
    return "utf-8", "UTF-8", 0
