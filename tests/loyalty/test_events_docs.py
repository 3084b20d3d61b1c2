"""docs/events.md names every event, and everything that an event says."""

import re
from pathlib import Path

import pytest

from loyalty.models import Event, EventName, Store
from loyalty.selectors.webhooks import EVENT_NAMES
from tests.architecture.routes import api_routes
from tests.architecture.test_tenant_matrix import CASES, Call, Cell, Cells, Matrix, make_matrix
from tests.architecture.worlds import RolledBack, do_all_jobs
from tests.clients import ApiClient

PAGE = Path(__file__).resolve().parents[2] / "docs" / "events.md"
_ROW = re.compile(r"\| `(\w+)` \| (.*?) \|(.*)\|")


def table() -> dict[str, tuple[str, str]]:
    return {
        name: (about, data) for name, about, data in _ROW.findall(PAGE.read_text(encoding="utf-8"))
    }


def test_the_table_has_every_event() -> None:
    assert table().keys() == set(EventName)


def test_the_table_says_which_events_belong_to_no_store() -> None:
    stateless = {name for name, (about, _) in table().items() if "of no store" in about}

    assert set(EventName) - stateless == set(EVENT_NAMES)


def do_everything(matrix: Matrix) -> set[tuple[str, str, tuple[str, ...]]]:
    """What events of every call say: their names, what they are about, and the keys of the data."""
    said = set()
    for route in api_routes():
        if route.method == "get" or route.operation.need is None:
            continue
        case = CASES.get(route.operation.id)
        url = route.url(**Cells(matrix.mine, matrix.theirs)._values(matrix.mine, route))
        call = Call(url, case.body if case else None)
        with RolledBack():
            matrix._send(Cell(route, "manager", "", Call(""), None), call)
            if route.operation.id in {"jobPost", "jobUndo", "importPostMember"}:
                do_all_jobs()
            rows = Event.across_stores.values_list("name", "subject_kind", "data")
            said |= {(name, kind, tuple(data)) for name, kind, data in rows}
    return said


@pytest.mark.django_db
def test_the_table_says_what_events_say() -> None:
    said, documented = do_everything(make_matrix()), table()

    assert len({name for name, _, _ in said}) > 45
    for name, kind, keys in said:
        about, data = documented[name]
        assert f"`{kind}`" in about, (name, kind)
        for key in keys:
            assert f"`{key}`" in data, (name, key)


@pytest.mark.django_db
def test_the_commands_on_the_page_work(store: Store, as_root: ApiClient) -> None:
    commands = re.findall(r'"\$(API|HOST)(/[^"]*)"', PAGE.read_text(encoding="utf-8"))

    assert len(commands) == 2
    for where, path in commands:
        base = "/api/ALPHA" if where == "API" else ""
        answer = as_root.get(base + path)
        assert answer.status_code == 200, answer.content
        assert answer.json()["items"] or where == "HOST"
