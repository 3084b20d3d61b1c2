"""What other systems call a member."""

from typing import Any

import pytest
from django.http import HttpResponse

from loyalty.models import Event, EventName, Store
from members.models import ExternalIdentifier, ExternalKind, Member
from members.services.external_identifiers import set_external_identifier
from tests.builders import TESTER, make_member
from tests.clients import ApiClient

URL = "/api/ALPHA/member/email=anna@example.com/external-identifier"
ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"


def put(client: ApiClient, *values: str, url: str = URL) -> HttpResponse:
    given = [{"kind": "walletAddress", "value": value} for value in values]
    return client.put(url, {"externalIdentifiers": given})


def held(client: ApiClient) -> Any:
    return client.get(URL).json()


def events(store: Store) -> list[Any]:
    found = Event.for_store(store).filter(name=EventName.MEMBER_IDENTIFIERS_CHANGED)
    return list(found.values_list("data", flat=True))


def test_what_is_put_replaces_what_was_there(
    as_manager: ApiClient, store: Store, member: Member
) -> None:
    assert held(as_manager) == {"externalIdentifiers": []}

    assert put(as_manager, ADDRESS).status_code == 204
    assert held(as_manager) == {
        "externalIdentifiers": [{"kind": "walletAddress", "value": ADDRESS.lower()}]
    }
    put(as_manager, ADDRESS)
    assert put(as_manager, "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin").status_code == 204
    assert held(as_manager) == {
        "externalIdentifiers": [
            {"kind": "walletAddress", "value": "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"}
        ]
    }
    assert put(as_manager).status_code == 204
    assert held(as_manager) == {"externalIdentifiers": []}

    # The second time changed nothing; and no event says what a person is called.
    assert events(store) == [{"changed": ["walletAddress"]}] * 3


def test_an_identifier_is_unique_in_its_store(
    as_manager: ApiClient, as_root: ApiClient, store: Store, other_store: Store, member: Member
) -> None:
    other = make_member(store)
    set_external_identifier(
        store, member=other, kind=ExternalKind.WALLET_ADDRESS, value=ADDRESS, actor=TESTER
    )
    make_member(other_store, email="anna@example.com")

    refused = put(as_manager, ADDRESS)
    assert (refused.status_code, refused.json()["errors"][0]["message"]) == (
        400, "Customer with such wallet address already exists.",
    )  # fmt: skip
    assert held(as_manager) == {"externalIdentifiers": []}
    assert put(as_root, ADDRESS, url=URL.replace("ALPHA", "BETA")).status_code == 204

    set_external_identifier(
        store, member=other, kind=ExternalKind.WALLET_ADDRESS, value=None, actor=TESTER
    )
    assert put(as_manager, ADDRESS).status_code == 204


@pytest.mark.parametrize(
    "given",
    [
        [{"kind": "passport", "value": "x"}],
        [{"kind": "walletAddress", "value": ""}],
        [{"kind": "walletAddress", "value": "a b"}],
        [{"kind": "walletAddress", "value": "x" * 256}],
        [{"kind": "walletAddress"}],
        [{"kind": "walletAddress", "value": "a"}, {"kind": "walletAddress", "value": "b"}],
    ],
)
def test_a_bad_identifier_is_refused(
    as_manager: ApiClient, store: Store, member: Member, given: Any
) -> None:
    assert as_manager.put(URL, {"externalIdentifiers": given}).status_code == 400
    assert held(as_manager) == {"externalIdentifiers": []}
    assert events(store) == []


def test_who_may_read_and_who_may_change(
    as_viewer: ApiClient, as_member: ApiClient, store: Store, member: Member
) -> None:
    assert (as_viewer.get(URL).status_code, put(as_viewer, ADDRESS).status_code) == (200, 403)
    assert (as_member.get(URL).status_code, put(as_member, ADDRESS).status_code) == (200, 403)
    assert events(store) == []


@pytest.mark.parametrize("how", ["anonymize", "delete"])
def test_identifiers_go_when_the_person_goes(
    as_manager: ApiClient, store: Store, member: Member, how: str
) -> None:
    put(as_manager, ADDRESS)

    url = f"/api/ALPHA/member/{member.id}"
    if how == "anonymize":
        assert as_manager.post(f"{url}/anonymize").status_code == 204
        refused = put(as_manager, ADDRESS, url=f"{url}/external-identifier")
        assert refused.status_code == 400
    else:
        assert as_manager.delete(url).status_code == 204

    assert not ExternalIdentifier.for_store(store).exists()
