"""Files as people really send them, and what has to become of each.

A file is either refused, with a message, or every line below its header is accepted, as (line,
key, identifier, data), or rejected, as (line, problem).
"""

from dataclasses import dataclass, field
from typing import Any

UUID = "0198aaaa-bbbb-7ccc-8ddd-eeeeffff0000"
ACCEPTED = "Accepted are UTF-8, and UTF-16 with a byte order mark."
HINT = "The first line has to name the columns."
KNOWN = (
    "Known columns: memberId, email, phone, loyaltyCardNumber, walletAddress, count, reason,"
    " earnedAt."
)
UNCLOSED = "A quote is opened and not closed."
NUL = "The line contains a NUL character."


@dataclass(frozen=True)
class File:
    name: str
    content: bytes
    accepted: list[tuple[int, str, str, dict[str, Any] | None]] = field(default_factory=list)
    rejected: list[tuple[int, str]] = field(default_factory=list)
    refused: str = ""
    kind: str = "assign"


def email(line: int, name: str, **data: Any) -> tuple[int, str, str, dict[str, Any] | None]:
    return (line, "email", f"{name}@example.com", data or None)


CORPUS = [
    # --- Encodings ----------------------------------------------------------------------------
    File("plain", b"email\nanna@example.com\n", [email(2, "anna")]),
    File("no line end at the end", b"email\nanna@example.com", [email(2, "anna")]),
    File(
        "UTF-8 with a byte order mark",
        b"\xef\xbb\xbfemail,reason\nanna@example.com,Gr\xc3\xbc\xc3\x9fe\n",
        [email(2, "anna", reason="Grüße")],
    ),
    File(
        "two byte order marks",
        b"\xef\xbb\xbf\xef\xbb\xbfemail\nanna@example.com\n",
        [email(2, "anna")],
    ),
    File(
        "UTF-16, little end first, as Excel's Unicode text",
        b"\xff\xfe" + "email\treason\r\nanna@example.com\tZłoto\r\n".encode("utf-16-le"),
        [email(2, "anna", reason="Złoto")],
    ),
    File(
        "UTF-16, big end first",
        b"\xfe\xff" + "email;reason\nanna@example.com;😀\n".encode("utf-16-be"),
        [email(2, "anna", reason="😀")],
    ),
    File(
        "UTF-16 that does not say so",
        "email\nanna@example.com\n".encode("utf-16-le"),
        refused=f"The file is not text: it has a NUL near byte 1. {ACCEPTED}",
    ),
    File(
        "UTF-16 that ends within a character",
        b"\xff\xfe" + "email\nx".encode("utf-16-le")[:-1],
        refused=f"The file is not valid UTF-16 at byte 14. {ACCEPTED}",
    ),
    File(
        "Windows-1252",
        "email,reason\nanna@example.com,Grüße\n".encode("cp1252"),
        refused=f"The file is not valid UTF-8 at byte 32. {ACCEPTED}",
    ),
    File(
        "a character cut at the end",
        b"email,reason\nanna@example.com,\xc3",
        refused=f"The file is not valid UTF-8 at byte 30. {ACCEPTED}",
    ),
    File(
        "a bad byte far behind",
        b"email\n" + b"a@example.com\n" * 10_000 + b"\xff",
        refused=f"The file is not valid UTF-8 at byte 140006. {ACCEPTED}",
    ),
    File(
        "a workbook, not a CSV",
        b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00",
        refused=f"The file is not text: it has a NUL near byte 5. {ACCEPTED}",
    ),
    # --- Lines --------------------------------------------------------------------------------
    File("CRLF", b"email\r\nanna@example.com\r\n", [email(2, "anna")]),
    File(
        "CR only, as old Macs",
        b"email\ranna@example.com\rbert@example.com\r",
        [email(2, "anna"), email(3, "bert")],
    ),
    File(
        "line ends of all kinds",
        b"email\r\nanna@example.com\nbert@example.com\rcarl@example.com",
        [email(2, "anna"), email(3, "bert"), email(4, "carl")],
    ),
    File(
        "blank lines are skipped and counted",
        b"\n\r\nemail\n\n  \nanna@example.com\n\n\nbert@example.com\n\n",
        [email(6, "anna"), email(9, "bert")],
    ),
    File(
        "rows of delimiters, which spreadsheets leave",
        b"email,count,,\nanna@example.com,2,,\n,,,\n,,,\n",
        [email(2, "anna", count=2)],
    ),
    File(
        "other characters that some editors break lines at",
        "email,reason\nanna@example.com,a\u2028b\x0bc\x85d\nbert@example.com,\n".encode(),
        [email(2, "anna", reason="a\u2028b\x0bc\x85d"), email(3, "bert")],
    ),
    File(
        "a line without an end",
        b"email\n" + b"x" * 200_000 + b"\nanna@example.com\n",
        [email(3, "anna")],
        [(2, "The line is longer than 65536 characters.")],
    ),
    # --- Delimiters and quotes ----------------------------------------------------------------
    File(
        "semicolons",
        b"email;count;reason\nanna@example.com;2;a, b\n",
        [email(2, "anna", count=2, reason="a, b")],
    ),
    File("tabs", b"email\tcount\nanna@example.com\t2\n", [email(2, "anna", count=2)]),
    File(
        "Excel's first line",
        b"sep=;\r\nemail;reason\r\nanna@example.com;a,b\r\n",
        [email(3, "anna", reason="a,b")],
    ),
    File(
        "everything quoted",
        b'"email","count"\n"anna@example.com","2"\n',
        [email(2, "anna", count=2)],
    ),
    File(
        "delimiters and quotes within quotes",
        b'email,reason\nanna@example.com,"5"" tall, ""very"""\n',
        [email(2, "anna", reason='5" tall, "very"')],
    ),
    File(
        "lines within quotes, and the number of the line after them",
        b'email,reason\r\nanna@example.com,"one\r\ntwo\r\n\r\nfour"\r\nbert@example.com,x\r\n',
        [email(2, "anna", reason="one\ntwo\n\nfour"), email(6, "bert", reason="x")],
    ),
    File(
        "a quote within an unquoted cell",
        b'email,reason\nanna@example.com,5" tall\n',
        [email(2, "anna", reason='5" tall')],
    ),
    File(
        "spaces around quotes and cells",
        b'email , reason\n "anna@example.com" ,  "x"  \n  bert@example.com  ,  y \n',
        [email(2, "anna", reason="x"), email(3, "bert", reason="y")],
    ),
    File(
        "a quote that is never closed costs one line",
        b'email,reason\nanna@example.com,"oops\nbert@example.com,x\ncarl@example.com,y\n',
        [email(3, "bert", reason="x"), email(4, "carl", reason="y")],
        [(2, UNCLOSED)],
    ),
    File(
        "a quote that the next quoted cell seems to close",
        b'email,reason\nanna@example.com,"oops\nbert@example.com,"fine"\n',
        [email(3, "bert", reason="fine")],
        [(2, UNCLOSED)],
    ),
    File(
        "text after a closing quote",
        b'email,reason\n"anna"@example.com,x\nbert@example.com,x\n',
        [email(3, "bert", reason="x")],
        [(2, "There is text after a closing quote.")],
    ),
    File(
        "a header with a quote that is not closed",
        b'email,"reason\nanna@example.com,x\n',
        refused=f"Line 1: {UNCLOSED} {HINT}",
    ),
    # --- Headers ------------------------------------------------------------------------------
    File("nothing at all", b"", refused=f"The file is empty. {HINT}"),
    File("only a byte order mark", b"\xef\xbb\xbf", refused=f"The file is empty. {HINT}"),
    File("only blank lines", b"\n \n,,\n", refused=f"The file is empty. {HINT}"),
    File("only a header", b"email\n", refused="The file has no lines below its header."),
    File(
        "no header",
        b"anna@example.com,3\nbert@example.com,4\n",
        refused=f'Unknown column "anna@example.com", "3". {HINT} {KNOWN}',
    ),
    File(
        "an unknown column",
        b"email,points\nanna@example.com,3\n",
        refused=f'Unknown column "points". {HINT} {KNOWN}',
    ),
    File(
        "a column without a name",
        b"email,,count\nanna@example.com,x,3\n",
        refused=f'Unknown column "(empty)". {HINT} {KNOWN}',
    ),
    File(
        "the same column twice, written in two ways",
        b"email,E-Mail\nanna@example.com,bert@example.com\n",
        refused='The column "email" is there more than once.',
    ),
    File(
        "no column that names a member",
        b"count,reason\n3,x\n",
        refused="No column names the member. One of these has to: memberId, email, phone,"
        " loyaltyCardNumber, walletAddress.",
    ),
    File(
        "columns as people write them",
        b"LOYALTY_CARD-number;Earned At;COUNT\nC-1;2024-01-31;2\n",
        [
            (
                2,
                "loyaltyCardNumber",
                "C-1",
                {"earnedAt": "2024-01-30T23:00:00+00:00", "count": 2},
            )
        ],
    ),
    # --- Cells --------------------------------------------------------------------------------
    File(
        "the first column that is filled in names the member",
        f"email,memberId,phone,walletAddress\n"
        f"a@example.com,{UUID.upper()},+1,\n,,+48600100200,0xAB\n,,,0xAB\nb@example.com,,,\n,,,\n".encode(),
        [
            (2, "id", UUID, None),
            (3, "phone", "+48600100200", None),
            (4, "walletAddress", "0xAB", None),
            email(5, "b"),
        ],
    ),
    File(
        "lines that name nobody",
        b"email,count\n,3\nanna@example.com,3\n",
        [email(3, "anna", count=3)],
        [(2, "The line names no member.")],
    ),
    File(
        "what is not a UUID",
        b"memberId\nx\n{0198aaaa-bbbb-7ccc-8ddd-eeeeffff0000}\n0198aaaabbbb7ccc8dddeeeeffff0000\n",
        rejected=[(line, "memberId is not a UUID.") for line in (2, 3, 4)],
    ),
    File(
        "Excel's way to keep zeros, and formulas, which are only values",
        b'loyaltyCardNumber\n="00123"\n"=""00124"""\n=1+1\n=cmd|\' /C calc\'!A0\n@SUM(A1)\n',
        [
            (2, "loyaltyCardNumber", "00123", None),
            (3, "loyaltyCardNumber", "00124", None),
            (4, "loyaltyCardNumber", "=1+1", None),
            (5, "loyaltyCardNumber", "=cmd|' /C calc'!A0", None),
            (6, "loyaltyCardNumber", "@SUM(A1)", None),
        ],
    ),
    File(
        "NUL bytes",
        b'email\nan\x00na@example.com\n"a\x00"\nbert@example.com\n',
        [email(4, "bert")],
        [(2, NUL), (3, NUL)],
    ),
    File(
        "too many cells and too few",
        b"email,count\nanna@example.com\nbert@example.com,1,2\ncarl@example.com,1,,\n",
        [email(4, "carl", count=1)],
        [
            (2, "The line has 1 cell, and the header has 2."),
            (3, "The line has 3 cells, and the header has 2."),
        ],
    ),
    File(
        "long cells",
        b"email,reason\n"
        b"anna@example.com,"
        + b"x" * 1024
        + b"\n"
        + b"bert@example.com,"
        + b"x" * 1025
        + b"\n"
        + b"carl@example.com,"
        + b"x" * 4097
        + b"\n"
        + b"dora@example.com,"
        + "ł".encode() * 2049
        + b"\n"
        + b"x" * 256
        + b",x\n",
        [email(2, "anna", reason="x" * 1024)],
        [
            (3, "reason is longer than 1024 characters."),
            (4, "A cell is longer than 4096 bytes."),
            (5, "A cell is longer than 4096 bytes."),
            (6, "email is longer than 255 characters."),
        ],
    ),
    File(
        "counts",
        "email,count\na@example.com,1\nb@example.com,2147483647\nc@example.com,\n"
        "d@example.com,0\ne@example.com,2147483648\nf@example.com,-1\ng@example.com,1.0\n"
        "h@example.com,1e3\ni@example.com,٣\nj@example.com,+3\n".encode(),
        [email(2, "a", count=1), email(3, "b", count=2147483647), email(4, "c")],
        [(line, "count is not a whole number from 1 to 2147483647.") for line in range(5, 12)],
    ),
    File(
        "counts that are set",
        b"email,count\na@example.com,0\nb@example.com,\nc@example.com,3\n",
        [email(2, "a", count=0), email(4, "c", count=3)],
        [(3, "count is empty.")],
        kind="set_count",
    ),
    File(
        "counts to be set, and no column for them",
        b"email\na@example.com\n",
        refused="Give a count here, or a column with that name in the file.",
        kind="set_count",
    ),
    File(
        "moments",
        b"email,earnedAt\na@example.com,2024-07-01\nb@example.com,2024-07-01 12:30\n"
        b"c@example.com,2024-07-01T12:30:00.5Z\nd@example.com,2024-07-01T12:30:00+05:30\n"
        b"e@example.com,2999-01-01\nf@example.com,01.07.2024\ng@example.com,2024-02-30\n"
        b"h@example.com,0001-01-01T00:00:00+14:00\ni@example.com,20240701\n"
        b"j@example.com,2024-07-01T25:00\n",
        [
            email(2, "a", earnedAt="2024-06-30T22:00:00+00:00"),
            email(3, "b", earnedAt="2024-07-01T10:30:00+00:00"),
            email(4, "c", earnedAt="2024-07-01T12:30:00.500000+00:00"),
            email(5, "d", earnedAt="2024-07-01T07:00:00+00:00"),
        ],
        [
            (6, "earnedAt is in the future."),
            *(
                (
                    line,
                    "earnedAt is not a date or a date and time such as 2024-12-31T23:59:00+01:00.",
                )
                for line in range(7, 12)
            ),
        ],
    ),
    File(
        "duplicate lines are staged; the job counts a member once",
        b"email\nanna@example.com\nanna@example.com\n",
        [email(2, "anna"), email(3, "anna")],
    ),
    File(
        "two files put together",
        b"email\nanna@example.com\n\xef\xbb\xbfemail\nbert@example.com\n",
        [email(2, "anna"), (3, "email", "\ufeffemail", None), email(4, "bert")],
    ),
]
