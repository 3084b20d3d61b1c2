"""What is measured, and the requests that it consists of."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import uuid4

import orjson

from benchmarks import data
from benchmarks.data import Credentials, Size


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom one request is about: the numbers of a store, a member and a badge type."""

    store: int
    member: int
    badge: int

    @classmethod
    def drawn(cls, size: Size) -> "Subject":
        return cls(
            data.FIRST_STORE + random.randrange(size.stores),
            data.FIRST_MEMBER + random.randrange(size.members),
            data.FIRST_BADGE + random.randrange(size.badges),
        )


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    def encoded(self) -> bytes:
        """As it goes over the wire."""
        headers = {"Host": "127.0.0.1", **self.headers}
        if self.body:
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(self.body))}
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{n}: {v}" for n, v in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True, slots=True)
class Case:
    """`request` makes one of the many requests.  `asks_database` is false for the floor of HTTP.

    `unique` requests must never be sent twice: the second would only repeat the first's answer.
    """

    name: str
    title: str
    request: Callable[[Credentials, Subject], Request]
    asks_database: bool = True
    unique: bool = False


def _list(headers: Mapping[str, str], subject: Subject, query: str = "") -> Request:
    return Request("GET", f"{_badges_of(subject)}{query}", headers)


def _grant(subject: Subject, headers: Mapping[str, str]) -> Request:
    body = orjson.dumps({"systemCode": data.badge_code(subject.badge)})
    return Request("POST", _badges_of(subject), headers, body)


def _badges_of(subject: Subject) -> str:
    member = data.member_id(subject.store, subject.member)
    return f"/api/{data.store_code(subject.store)}/member/{member}/badge"


def _as_admin(credentials: Credentials) -> dict[str, str]:
    return {"Authorization": f"Bearer {credentials.token}"}


def _with_key(credentials: Credentials) -> dict[str, str]:
    return {"X-AUTH-TOKEN": credentials.key}


def _as_member(subject: Subject) -> dict[str, str]:
    return {"Authorization": f"Bearer {data.member_token(subject.store, subject.member)}"}


CASES = [
    Case(
        "empty", "an empty answer (GET /api/)", lambda _c, _s: Request("GET", "/api/", {}),
        asks_database=False,
    ),
    Case("list", "list badges, admin", lambda c, s: _list(_as_admin(c), s)),
    Case("list-key", "list badges, API key", lambda c, s: _list(_with_key(c), s)),
    Case("list-member", "list badges, member", lambda _c, s: _list(_as_member(s), s)),
    Case(
        "list-filter", "list badges, filtered",
        lambda c, s: _list(_as_admin(c), s, f"?badgeType:systemCode={data.badge_code(s.badge)}"),
    ),
    Case("grant", "grant a badge", lambda c, s: _grant(s, _as_admin(c))),
    Case(
        "grant-once", "grant, Idempotency-Key",
        lambda c, s: _grant(s, _as_admin(c) | {"Idempotency-Key": str(uuid4())}), unique=True,
    ),
]  # fmt: skip
