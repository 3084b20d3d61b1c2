"""The commands in docs/points.md do what the page says."""

import json
import re
from pathlib import Path

import pytest

from loyalty.models import Access, Resource, Store
from tests.builders import make_administrator, make_api_key, make_member, make_role
from tests.clients import ApiClient

PAGE = Path(__file__).resolve().parents[2] / "docs" / "points.md"
_COMMAND = re.compile(r'curl (?:-X (\w+) )?.*?"\$API(/[^"]*)"(?: -d \'(.*?)\')?\n```', re.DOTALL)


@pytest.fixture
def key(store: Store) -> str:
    resources = (Resource.POINT_TRANSFER, Resource.WALLET, Resource.CUSTOMER)
    role = make_role(*((each, Access.MODIFY) for each in resources), stores=(store,))
    return make_api_key(make_administrator(role))


def test_every_command_on_the_page_works(key: str, store: Store) -> None:
    member = make_member(store, loyalty_card_number="DEFAULT-0001")  # As in the demo.
    commands = _COMMAND.findall(PAGE.read_text(encoding="utf-8"))
    client = ApiClient.with_key(key)

    assert len(commands) == PAGE.read_text(encoding="utf-8").count("curl ") == 8
    for method, path, body in commands:
        verb = method or ("POST" if body else "GET")
        answer = client.request(verb, f"/api/ALPHA{path}", json.loads(body) if body else None)
        assert answer.status_code == 200, (path, answer.content)
    (wallet, _) = client.get(f"/api/ALPHA/member/{member.id}/wallet").json()["items"]
    assert wallet["account"]["activePoints"] == 110.5
