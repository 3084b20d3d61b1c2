"""Server-sent events: the feed, pushed to a page that is open.

The web server has a few threads, and an open stream keeps one of them.  So there are only so many
streams in a process, each ends after a while, and the browser connects again by itself where it
was.  Between two looks a stream holds no connection to the database.
"""

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from threading import Lock
from typing import Any

import orjson
from django.conf import settings
from django.db import connection

from loyalty.errors import TooManyStreams
from loyalty.models import Event, Store
from loyalty.selectors.events import settled_page

_LOOK_EVERY = 0.5
# Also how soon it is noticed that a reader has gone, whose place is free then.
_HEARTBEAT_EVERY = 5.0
_RETRY_AFTER = 5
_PAGE = 200
# A server that forgets to close a stream loses its place for so long, in seconds.
_GRACE = 30

_lock = Lock()
_places: dict[int, float] = {}
"""The streams that are open, and when each is over at the latest, whatever its client does."""


def _take_place(stream: object) -> None:
    now = time.monotonic()
    with _lock:
        for gone in [key for key, over in _places.items() if over < now]:
            del _places[gone]
        if len(_places) >= settings.EVENT_STREAMS_PER_PROCESS:
            raise TooManyStreams(_RETRY_AFTER)
        _places[id(stream)] = now + settings.EVENT_STREAM_SECONDS + _GRACE


def _leave_place(stream: object) -> None:
    with _lock:
        _places.pop(id(stream), None)


class EventStream:
    """The body of an answer.  Whoever makes one closes it, which gives its place back.

    Raises `TooManyStreams` if there is no place.
    """

    def __init__(
        self,
        store: Store,
        *,
        after: int,
        name: str | None,
        render: Callable[[Event], Mapping[str, Any]],
    ) -> None:
        _take_place(self)
        self._store, self._after, self._name, self._render = store, after, name, render
        self._pieces = self._follow()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        self._pieces.close()
        _leave_place(self)

    def _follow(self) -> Generator[bytes]:
        ends = time.monotonic() + settings.EVENT_STREAM_SECONDS
        beats = time.monotonic() + _HEARTBEAT_EVERY
        # Where we are, from the first: a reader who is cut off before anything happened goes on
        # from here.
        yield f"retry: 2000\nid: {self._after}\n\n".encode()
        while True:
            page = settled_page(self._store, after=self._after, name=self._name, limit=_PAGE)
            if not connection.in_atomic_block:
                connection.close()
            self._after = page.next
            for event in page.events:
                yield self._message(event)
            if time.monotonic() >= ends:
                return
            if len(page.events) == _PAGE:
                continue
            if time.monotonic() >= beats:
                beats += _HEARTBEAT_EVERY
                yield f": still here\nid: {self._after}\n\n".encode()
            time.sleep(_LOOK_EVERY)

    def _message(self, event: Event) -> bytes:
        head = f"id: {event.sequence}\nevent: {event.name}\ndata: ".encode()
        return head + orjson.dumps(self._render(event)) + b"\n\n"
