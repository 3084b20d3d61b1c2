"""Nobody sees or touches another store: every route x every identifier x every kind of caller.

The cells are generated from the URL resolver and the declared searches.  A route, a path
parameter, a filter or a body that this file does not know fails the suite: whoever adds one says
here how a stranger would put another store's value into it.

In each cell a caller of ALPHA sends a value of BETA where one of ALPHA belongs, and then the same
request with a value that exists nowhere.  The two answers must be equal to the byte, the first
may hold nothing of BETA, and every row of BETA must be as it was.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django import forms
from django.core.files.base import ContentFile
from django.db import DatabaseError, connections
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from loyalty.errors import Forbidden
from loyalty.models import Access, Administrator, Event, Role, Store, StoreOwnedModel
from loyalty.selectors.access import EVERYTHING, Reach
from loyalty.selectors.callers import Caller
from loyalty.services.administrators import update_administrator
from loyalty.services.api_keys import create_api_key, revoke_api_key
from loyalty.services.jobs.control import cancel_job
from loyalty.tokens import AdminAccessToken
from members.selectors.sessions import MemberCaller
from members.services.members import set_member_active
from tests.architecture.condition_worlds import COMPLETION, CONFIRMED, known_id
from tests.architecture.routes import Route, api_routes
from tests.architecture.world_activity import SHARED_DOCUMENT, SHARED_EVENT
from tests.architecture.worlds import (
    SHARED_CARD,
    SHARED_CODE,
    SHARED_EMAIL,
    SHARED_PHONE,
    RolledBack,
    World,
    do_all_jobs,
    fingerprint,
    make_world,
)
from tests.builders import (
    PASSWORD,
    TESTER,
    admin_token,
    make_administrator,
    make_member,
    member_token,
)
from tests.clients import Answer, ApiClient

pytestmark = pytest.mark.django_db

NOWHERE = "GAMMA"
USED_KEY = "a-key-that-BETA-used"

# --- What stands in a path ----------------------------------------------------------------------

Pick = Callable[[World], str]


@dataclass(frozen=True)
class Form:
    """One way to write a parameter: a world's own value, and one that exists nowhere."""

    name: str
    of: Pick
    absent: str


PATHS: dict[str, list[Form]] = {
    "member": [
        Form("uuid", lambda w: str(w.member.id), str(uuid4())),
        Form("email", lambda w: f"email={w.member.email}", "email=nobody@example.org"),
        Form("phone", lambda w: f"phone={w.member.phone}", "phone=+19999999"),
        Form("card", lambda w: f"loyaltyCardNumber={w.member.loyalty_card_number}",
             "loyaltyCardNumber=NO-CARD"),
    ],
    "badge_type": [
        Form("uuid", lambda w: str(w.badge_type.id), str(uuid4())),
        Form("code", lambda w: f"systemCode={w.badge_type.system_code}", "systemCode=no_badge"),
    ],
    "store_id": [Form("uuid", lambda w: str(w.store.id), str(uuid4()))],
    "admin_id": [Form("uuid", lambda w: str(w.manager.id), str(uuid4()))],
    "key_id": [Form("uuid", lambda w: str(w.api_key.id), str(uuid4()))],
    "role_id": [Form("number", lambda w: str(w.role.id), "2000000000")],
    "job_id": [
        Form("uuid", lambda w: str(w.job.id), str(uuid4())),
        Form("uuid, paused", lambda w: str(w.paused_job.id), str(uuid4())),
        Form("uuid, done", lambda w: str(w.done_job.id), str(uuid4())),
    ],
    "import_id": [Form("uuid", lambda w: str(w.done_import.id), str(uuid4()))],
    "event_type": [Form("type", lambda w: f"{w.mark}_event", "no_such")],
    "custom_event_id": [Form("uuid", lambda w: str(w.custom_event.id), str(uuid4()))],
    "transaction_id": [Form("uuid", lambda w: str(w.transaction.id), str(uuid4()))],
    "transfer_id": [Form("uuid", lambda w: str(w.transfer.id), str(uuid4()))],
    "list_id": [Form("uuid", lambda w: str(w.member_list.id), str(uuid4()))],
    "wallet_type_id": [Form("uuid", lambda w: str(w.wallet_type.id), str(uuid4()))],
    "rule_id": [Form("uuid", lambda w: str(w.conditions.rule.id), str(uuid4()))],
    "rule_group_id": [Form("uuid", lambda w: str(w.conditions.group.id), str(uuid4()))],
    "dry_run_id": [Form("uuid", lambda w: str(w.conditions.dry_run.id), str(uuid4()))],
    "subscription_id": [Form("uuid", lambda w: str(w.subscription.id), str(uuid4()))],
    "message_id": [Form("uuid", lambda w: str(w.message.id), str(uuid4()))],
}  # fmt: skip
# The caller's own job, where it has to be in another state for the call to succeed.
OWN_JOBS: dict[str, Pick] = {
    "jobResume": lambda w: str(w.paused_job.id),
    "jobUndo": lambda w: str(w.done_job.id),
}
# Values that both stores have.  ALPHA's own row answers, and BETA's stays what it is.
COLLIDING = {
    "member": [
        f"email={SHARED_EMAIL}", f"phone={SHARED_PHONE}", f"loyaltyCardNumber={SHARED_CARD}",
    ],
    "badge_type": [f"systemCode={SHARED_CODE}"],
    "event_type": [SHARED_EVENT],
}  # fmt: skip

# --- What stands in a body ----------------------------------------------------------------------


@dataclass(frozen=True)
class Slot:
    """A place in a body where a stranger can put a value of another store.

    `lookup`: the value names a row, which must not be found.  Otherwise it is a natural key, and
    the other store's having it must not make a difference.
    """

    name: str
    body: Callable[[str], Any]
    of: Pick
    absent: str
    lookup: bool = True


@dataclass(frozen=True)
class Case:
    """A body with which the call would succeed, if the rows in its URL were the caller's."""

    body: Any
    slots: list[Slot] = field(default_factory=list)


def _customer(name: str) -> Callable[[str], Any]:
    return lambda value: {"customer": {"email": "new@example.org", name: value}}


_NATURAL_KEYS = [
    Slot("email", _customer("email"), lambda w: str(w.member.email), "xy@ab.example", lookup=False),
    Slot("phone", _customer("phone"), lambda w: str(w.member.phone), "+1999", lookup=False),
    Slot("card", _customer("loyaltyCardNumber"), lambda w: str(w.member.loyalty_card_number),
         "NO-1", lookup=False),
]  # fmt: skip
_TEXTS = {"en": {"name": "Changed"}}
_ROLE = {"name": "Changed role", "permissions": [{"resource": "BADGE", "access": "VIEW"}]}
_ROLE_SLOTS = [
    Slot("stores", lambda code: {"role": {**_ROLE, "stores": [code]}}, lambda w: w.code, NOWHERE),
    Slot("stores, no permission", lambda code: {"role": {"name": "Changed role", "stores": [code]}},
         lambda w: w.code, NOWHERE),
    Slot("stores, beside one's own",
         lambda code: {"role": {**_ROLE, "stores": ["ALPHA", code]}}, lambda w: w.code, NOWHERE),
]  # fmt: skip


def _administrator(**more: Any) -> dict[str, Any]:
    return {"admin": {"email": "changed@example.org", "plainPassword": PASSWORD, **more}}


_ADMIN_SLOTS = [
    Slot("roles", lambda number: _administrator(roles=[int(number)]), lambda w: str(w.role.id),
         "2000000000")
]  # fmt: skip
_KEY = {"apiKey": {"name": "Changed key"}}


class Upload(dict[str, str]):
    """The fields of a form; `file` and `import[file]` are sent as files."""

    def encoded(self) -> dict[str, Any]:
        return {
            name: ContentFile(value.encode(), name="file.csv") if "file" in name else value
            for name, value in self.items()
        }


def _job(**more: Any) -> dict[str, Any]:
    job = {"kind": "assign", "badgeType": f"systemCode={SHARED_CODE}", **more}
    return {"job": job if "filter" in more else {"members": [f"email={SHARED_EMAIL}"], **job}}


def _job_file(**more: str) -> Upload:
    fields = {
        "kind": "assign",
        "badgeType": f"systemCode={SHARED_CODE}",
        "file": "email\nx@y.example\n",
    }
    return Upload(fields | more)


def _badge_slots(body: Callable[[str], Any]) -> list[Slot]:
    return [
        Slot("badgeType", body, lambda w: str(w.badge_type.id), str(uuid4())),
        Slot("badgeType by code", body, lambda w: f"systemCode={w.badge_type.system_code}",
             "systemCode=no_badge"),
    ]  # fmt: skip


def _rule(**more: Any) -> dict[str, Any]:
    filters = [{"attribute": "place", "operator": "startsWith", "value": "here"}]
    rule = {"name": "New", "kind": "activity", "eventType": "transaction", "filters": filters}
    return {"rule": {**rule, **more}}


_OWN_RULE = str(known_id("alfakanarie", "rule"))


def _rule_group(**more: Any) -> dict[str, Any]:
    group = {"name": "New", "ruleIds": [_OWN_RULE]}
    return {"ruleGroup": {**group, **more}}


_RULE_GROUP_SLOTS = [
    Slot("rule", lambda rule_id: _rule_group(ruleIds=[rule_id]),
         lambda w: str(w.conditions.rule.id), str(uuid4())),
    Slot("rule, beside one's own", lambda rule_id: _rule_group(ruleIds=[_OWN_RULE, rule_id]),
         lambda w: str(w.conditions.rule.id), str(uuid4())),
]  # fmt: skip


def _in_tree(body: Callable[[Any], Any]) -> list[Slot]:
    """What the leaf of a tree can name."""

    def leaf(kind: str, key: str) -> Callable[[str], Any]:
        more = {"target": 1} if kind in {"count", "points"} else {}
        return lambda value: body(
            {"type": "any", "conditions": [{"type": kind, key: value, **more}]}
        )

    return [
        Slot("tree: badge", leaf("badge", "badgeTypeId"), lambda w: str(w.twin_type.id),
             str(uuid4())),
        Slot("tree: badge by code", leaf("badge", "systemCode"),
             lambda w: w.badge_type.system_code, "no_badge"),
        Slot("tree: rule", leaf("rule", "ruleId"), lambda w: str(w.conditions.rule.id),
             str(uuid4())),
        Slot("tree: group", leaf("ruleGroup", "ruleGroupId"),
             lambda w: str(w.conditions.group.id), str(uuid4())),
        Slot("tree: list", leaf("listed", "listId"), lambda w: str(w.conditions.member_list.id),
             str(uuid4())),
        Slot("tree: event", leaf("count", "event"), lambda w: w.conditions.event, "unheard_of"),
        Slot("tree: wallet", leaf("points", "wallet"), lambda w: w.wallet_type.code, "no_wallet"),
    ]  # fmt: skip


_TREE = {"type": "all", "conditions": [
    {"type": "count", "event": "transaction", "target": 2},
    {"type": "streak", "event": "transaction", "target": 3, "unit": "day"},
]}  # fmt: skip


def _condition(tree: Any = _TREE) -> dict[str, Any]:
    return {"condition": {
        "tree": tree, "refundPolicy": "keep", "graceDays": 7, "hidden": True,
    }}  # fmt: skip


def _dry_run(tree: Any = _TREE) -> dict[str, Any]:
    return {"dryRun": {"tree": tree, "countingFrom": "2020-01-01T00:00:00Z"}}


def _backfill(dry_run: str) -> dict[str, Any]:
    return {"backfill": {
        "dryRunJobId": dry_run, "countingFrom": "2020-01-01T00:00:00Z", "silent": True,
    }}  # fmt: skip


def _completion(**customer: str) -> dict[str, Any]:
    return {"completion": {
        "customerData": customer or {"email": SHARED_EMAIL}, "completionId": "new",
        "completedAt": "2026-01-01T00:00:00Z",
    }}  # fmt: skip


def _confirmation(**customer: str) -> dict[str, Any]:
    return {"confirmation": {
        "key": "new", "customerData": customer or {"email": SHARED_EMAIL},
        "confirmedAt": "2026-01-01T00:00:00Z",
    }}  # fmt: skip


def _withdrawn(**customer: str) -> dict[str, Any]:
    customer = customer or {"email": SHARED_EMAIL}
    return {"confirmation": {"key": CONFIRMED, "customerData": customer}}


def _customers(body: Callable[..., Any]) -> list[Slot]:
    return [
        Slot("customer", lambda v: body(customerId=v), lambda w: str(w.member.id), str(uuid4())),
        Slot("customer by email", lambda v: body(email=v), lambda w: str(w.member.email),
             "nobody@example.org"),
        Slot("customer by phone", lambda v: body(phone=v), lambda w: str(w.member.phone),
             "+19999999"),
        Slot("customer by card", lambda v: body(loyaltyCardNumber=v),
             lambda w: str(w.member.loyalty_card_number), "NO-CARD"),
        Slot("customer by wallet", lambda v: body(walletAddress=v),
             lambda w: f"{w.mark}-wallet", "nobodys"),
    ]  # fmt: skip


_WALLET = "externalIdentifiers"


def _transfer(**more: Any) -> dict[str, Any]:
    return {"customer": f"email={SHARED_EMAIL}", "points": 2.5, **more}


def _transfer_slots(body: Callable[..., Any]) -> list[Slot]:
    """`body` makes one from the members of a transfer."""

    def customer(name: str) -> Any:
        return body(customer=name)

    return [
        Slot("customer", customer, lambda w: str(w.member.id), str(uuid4())),
        Slot("customer by e-mail", customer, lambda w: f"email={w.member.email}",
             "email=nobody@example.org"),
        Slot("customer by phone", customer, lambda w: f"phone={w.member.phone}", "phone=+19999"),
        Slot("customer by card", customer,
             lambda w: f"loyaltyCardNumber={w.member.loyalty_card_number}",
             "loyaltyCardNumber=NO-CARD"),
        Slot("customer by wallet address", customer, lambda w: f"walletAddress={w.mark}-wallet",
             "walletAddress=nobodys"),
        Slot("walletCode", lambda code: body(walletCode=code), lambda w: w.wallet_type.code,
             "no_wallet"),
        Slot("externalTransferId", lambda name: body(externalTransferId=name),
             lambda w: str(w.transfer.external_id), "nobodys", lookup=False),
    ]  # fmt: skip


def _one_transfer(**more: Any) -> Any:
    return {"transfer": _transfer(**more)}


def _batch_of_transfers(**more: Any) -> Any:
    return {"transfers": [_transfer(type="adding", **more)]}


def _login(username: str) -> Any:
    return {"username": username, "password": f"{PASSWORD} betakanarie"}


_LOGIN_SLOTS = [
    Slot("email", _login, lambda w: str(w.member.email), "nobody@example.org", lookup=False),
    Slot("phone", _login, lambda w: str(w.member.phone), "+19999999", lookup=False),
    Slot("card", _login, lambda w: str(w.member.loyalty_card_number), "NO-CARD", lookup=False),
    # The e-mail that both stores know, with BETA's password.
    Slot("twin", _login, lambda _: SHARED_EMAIL, "nobody@example.org", lookup=False),
]


def _refresh(token: str) -> Any:
    return {"refresh_token": token}


_FIELDS = {"fields": [{"type": "text", "name": "place", "description": "Where"}]}


def _schema(event_type: str) -> Any:
    return {"customEventSchema": {"eventType": event_type, "name": "New", "schema": _FIELDS}}


def _event(**more: Any) -> dict[str, Any]:
    return {"type": SHARED_EVENT, "eventDate": "2026-03-01T10:00:00Z", **more}


def _sale(number: str = "S-9", **more: Any) -> dict[str, Any]:
    header = {"documentNumber": number, "purchasedAt": "2026-03-01T10:00:00Z"}
    return {"header": {**header, "documentType": "sell"}, "items": [], **more}


def _return(number: str) -> dict[str, Any]:
    header = {"documentType": "return", "linkedDocumentNumber": number}
    return {**_sale(), "header": {**_sale()["header"], **header}}


def _assign(number: str = SHARED_DOCUMENT, **member: str) -> Any:
    member = member or {"customerEmail": SHARED_EMAIL}
    return {"assign": {"transactionDocumentNumber": number, **member}}


def _customer_slots(body: Callable[[Any], Any]) -> list[Slot]:
    """Whose activity it is, the answer does not say; and BETA's rows must be as before."""
    return [
        Slot("customerId", lambda value: body({"customerId": value}), lambda w: str(w.member.id),
             str(uuid4()), lookup=False),
        Slot("email", lambda value: body({"email": value}), lambda w: str(w.member.email),
             "nobody@example.org", lookup=False),
        Slot("phone", lambda value: body({"phone": value}), lambda w: str(w.member.phone),
             "+19999999", lookup=False),
        Slot("card", lambda value: body({"loyaltyCardNumber": value}),
             lambda w: str(w.member.loyalty_card_number), "NO-CARD", lookup=False),
    ]  # fmt: skip


def _event_slots(body: Callable[[Any], Any]) -> list[Slot]:
    return [
        Slot("type", lambda name: body(_event(type=name)), lambda w: f"{w.mark}_event", "no_such"),
        Slot("eventId", lambda name: body(_event(eventId=name)), lambda w: f"{w.mark}-event",
             "no-1", lookup=False),
        *_customer_slots(lambda customer: body(_event(customerData=customer))),
    ]  # fmt: skip


def _sale_slots(body: Callable[[Any], Any]) -> list[Slot]:
    return [
        Slot("documentNumber", lambda name: body(_sale(name)), lambda w: f"{w.mark}-sale", "no-1",
             lookup=False),
        Slot("linkedDocumentNumber", lambda name: body(_return(name)), lambda w: f"{w.mark}-sale",
             "no-1", lookup=False),
        *_customer_slots(lambda customer: body(_sale(customerData=customer))),
    ]  # fmt: skip


def _member_list(name: str) -> Any:
    return {"memberList": {"name": name}}


def _named(name: str) -> Any:
    return {"members": [name]}


_NAME_SLOTS = [
    Slot("member", _named, lambda w: str(w.member.id), str(uuid4())),
    Slot("member by e-mail", _named, lambda w: f"email={w.member.email}",
         "email=nobody@example.org"),
    Slot("member by wallet address", _named, lambda w: f"walletAddress={w.mark}-wallet",
         "walletAddress=nobodys"),
]  # fmt: skip


def _webhook(**more: Any) -> Any:
    return {"webhookSubscription": {
        "url": "https://example.com/hook", "destinationType": "rest", "includeSilent": False,
        "headers": [{"headerName": "X-Token", "headerValue": "1"}], **more,
    }}  # fmt: skip


# By operation.  Names that are unique on the whole platform (a store's code, an administrator's
# e-mail, a role's name) are no slots: that they are taken is said to whoever wants them, too.
CASES: dict[str, Case] = {
    "adminLoginCheck": Case(_login("nobody"), [
        Slot("a member's e-mail", _login, lambda w: str(w.member.email), "nobody@example.org",
             lookup=False)]),
    "tokenRefresh": Case(_refresh("0" * 64), [
        Slot("a member's", _refresh, lambda w: w.refresh_token, "0" * 64, lookup=False)]),
    "memberLoginCheck": Case(_login("nobody"), _LOGIN_SLOTS),
    "tokenRefreshMember": Case(_refresh("0" * 64), [
        Slot("a member's", _refresh, lambda w: w.refresh_token, "0" * 64, lookup=False),
        Slot("an administrator's", _refresh, lambda w: w.admin_refresh_token, "0" * 64,
             lookup=False)]),
    "storePost": Case({"store": {"name": "New", "currency": "EUR", "active": True}}),
    "storePut": Case({"store": {"name": "Changed", "currency": "PLN", "active": False}}),
    "settingsPatch": Case({"settings": {"timezone": "UTC"}}),
    "aclRolePost": Case({"role": _ROLE}, _ROLE_SLOTS),
    "aclRolePut": Case({"role": _ROLE}, _ROLE_SLOTS),
    "adminPost": Case(_administrator(roles=[]), _ADMIN_SLOTS),
    "adminPut": Case(_administrator(roles=[]), _ADMIN_SLOTS),
    "adminPutPassword": Case({"currentPassword": PASSWORD, "plainPassword": f"{PASSWORD} 2"}),
    "apiKeyPost": Case(_KEY),
    "apiKeyPut": Case(_KEY),
    "memberPost": Case({"customer": {"email": "new@example.org"}}, _NATURAL_KEYS),
    "memberPut": Case({"customer": {"firstName": "Changed"}}, _NATURAL_KEYS),
    "memberPutCustomAttribute": Case({"customAttributes": [{"key": "new", "value": "1"}]}),
    "memberDeleteCustomAttribute": Case({"customAttributes": [{"key": "betakanarie"}]}),
    "memberPostPassword": Case({"plainPassword": f"{PASSWORD} 2"}),
    "memberPutPassword": Case(
        {"currentPassword": f"{PASSWORD} alfakanarie", "plainPassword": f"{PASSWORD} 2"}),
    "_badgeTypePost": Case({"badgeType": {"systemCode": "new", "translations": _TEXTS}}, [
        Slot("systemCode", lambda code: {"badgeType": {"systemCode": code, "translations": _TEXTS}},
             lambda w: w.badge_type.system_code, "nobody_has_it", lookup=False)]),
    "_badgeTypePut": Case({"badgeType": {"translations": _TEXTS, "active": False}}),
    "_badgeTypeActivePost": Case({"active": False}),
    "badgeTypePatchAttributes": Case({"attributes": {"displayRank": 7}}),
    "_memberPostBadge": Case({"systemCode": SHARED_CODE}, [
        Slot("systemCode", lambda code: {"systemCode": code}, lambda w: w.badge_type.system_code,
             "no_badge")]),
    "_memberBadgePut": Case({"badge": {"completedCount": 9}}),
    "memberPutExternalIdentifier": Case(
        {_WALLET: [{"kind": "walletAddress", "value": "new"}]}, [
        Slot("value", lambda v: {_WALLET: [{"kind": "walletAddress", "value": v}]},
             lambda w: f"{w.mark}-wallet", "nobodys", lookup=False)]),
    # Members are looked for when the job is done, which has a test of its own below.
    "jobPost": Case(_job(), [
        *_badge_slots(lambda name: _job(badgeType=name)),
        Slot("filter", lambda name: _job(filter=f"email={name}"), lambda w: str(w.member.email),
             "nobody@example.org", lookup=False)]),
    "jobPostCsv": Case(_job_file(), _badge_slots(lambda name: _job_file(badgeType=name))),
    "pointsPostTransferAdd": Case(
        _one_transfer(expiresInDays=30, lockedUntilDays=0, comment="x",
                      requestedAt="2026-01-31T12:00:00Z"),
        _transfer_slots(_one_transfer)),
    "pointsPostTransferSpend": Case(
        _one_transfer(walletCode="default"), _transfer_slots(_one_transfer)),
    "pointsPostBatch": Case(_batch_of_transfers(), _transfer_slots(_batch_of_transfers)),
    "_walletTypePost": Case({"walletType": {"code": "stars", "name": "Stars"}}, [
        Slot("code", lambda code: {"walletType": {"code": code, "name": "Stars"}},
             lambda w: w.wallet_type.code, "nobody_has_it", lookup=False)]),
    "_walletTypePut": Case({"walletType": {"name": "Changed", "unitPluralName": "stars"}}),
    "_walletTypeActivePost": Case({"active": False}),
    "customEventSchemaPost": Case(_schema("new"), [
        Slot("eventType", _schema, lambda w: f"{w.mark}_event", "nobody_has_it", lookup=False)]),
    "customEventSchemaPut": Case({"customEventSchema": {"name": "New", "schema": _FIELDS}}),
    "customEventSchemaActivePut": Case({"active": False}),
    "customEventPost": Case({"event": _event()}, _event_slots(lambda event: {"event": event})),
    "customEventPostBatch": Case(
        {"events": [_event()]}, _event_slots(lambda event: {"events": [event]})),
    "_transactionPost": Case(
        {"transaction": _sale()}, _sale_slots(lambda sale: {"transaction": sale})),
    "transactionPostBatch": Case(
        {"transactions": [_sale()]}, _sale_slots(lambda sale: {"transactions": [sale]})),
    "transactionPostMemberAssign": Case(_assign(), [
        Slot("transactionDocumentNumber", _assign, lambda w: f"{w.mark}-sale", "no-1"),
        Slot("customerId", lambda value: _assign(customerId=value), lambda w: str(w.member.id),
             str(uuid4())),
        Slot("customerEmail", lambda value: _assign(customerEmail=value),
             lambda w: str(w.member.email), "nobody@example.org"),
        Slot("customerPhoneNumber", lambda value: _assign(customerPhoneNumber=value),
             lambda w: str(w.member.phone), "+19999999"),
        Slot("customerLoyaltyCardNumber", lambda value: _assign(customerLoyaltyCardNumber=value),
             lambda w: str(w.member.loyalty_card_number), "NO-CARD")]),
    "rulePost": Case(_rule(), [
        Slot("event", lambda event: _rule(eventType=event), lambda w: w.conditions.event,
             "unheard_of")]),
    "rulePut": Case({"rule": {"name": "Changed", "description": "Changed"}}),
    "ruleGroupPost": Case(_rule_group(), _RULE_GROUP_SLOTS),
    "ruleGroupPut": Case(_rule_group(), _RULE_GROUP_SLOTS),
    "rulePostComplete": Case(_completion(), _customers(_completion)),
    "rulePostWithdraw": Case({"completion": {"completionId": COMPLETION}}),
    "confirmationPost": Case(_confirmation(), _customers(_confirmation)),
    "confirmationPostWithdraw": Case(_withdrawn(), _customers(_withdrawn)),
    "conditionPutDraft": Case(_condition(), _in_tree(_condition)),
    "conditionPostPublish": Case({"publish": {
        "policy": "onlyAdd", "countingFrom": "2020-01-01T00:00:00Z", "announce": False}}),
    "conditionPostDryRun": Case(_dry_run(), _in_tree(_dry_run)),
    "conditionPostBackfill": Case(_backfill(str(known_id("alfakanarie", "dry run"))), [
        Slot("dry run", _backfill, lambda w: str(w.conditions.dry_run.id), str(uuid4()))]),
    "memberListPost": Case(_member_list("New"), [
        Slot("name", _member_list, lambda w: w.member_list.name, "nobody has it", lookup=False)]),
    "memberListPut": Case(_member_list("New"), [
        Slot("name", _member_list, lambda w: w.member_list.name, "nobody has it", lookup=False)]),
    "memberListPostMembers": Case(_named(f"email={SHARED_EMAIL}"), _NAME_SLOTS),
    "memberListDeleteMembers": Case(_named(f"email={SHARED_EMAIL}"), _NAME_SLOTS),
    "memberListPostCsv": Case(Upload({"file": f"email\n{SHARED_EMAIL}\n"})),
    "webhookSubscriptionPost": Case(_webhook(
        eventName="BadgeCompleted", eventNames=["BadgeExpired"], format="standard")),
    "webhookSubscriptionPut": Case(_webhook()),
    "webhookSubscriptionActivePost": Case({"active": False}),
    "webhookSubscriptionPostSecret": Case({"rotation": {"overlapHours": 24}}),
    "webhookSubscriptionPostRedeliver": Case({"redelivery": {
        "from": "2026-01-01T00:00:00Z", "to": "2036-01-02T00:00:00Z", "onlyDead": False}}),
    "importPostMember": Case(Upload({"import[file]": "email\nnew@example.org\n"})),
}  # fmt: skip

# --- What stands in a query ---------------------------------------------------------------------

_CUSTOMER_FILTERS: dict[str, Pick] = {
    "customerId": lambda w: str(w.member.id),
    "customerData:email": lambda w: str(w.member.email),
    "customerData:phone": lambda w: str(w.member.phone),
    "customerData:loyaltyCardNumber": lambda w: str(w.member.loyalty_card_number),
    "labels": lambda w: f"({w.mark};)",
}
IDENTIFIERS: dict[str, Pick] = {
    "BadgeTypeSearch.badgeTypeId": lambda w: str(w.badge_type.id),
    "MemberBadgeSearch.badgeType:badgeTypeId": lambda w: str(w.badge_type.id),
    "MemberBadgeSearch.badgeTypeId": lambda w: str(w.badge_type.id),
    "RuleSearch.ruleId": lambda w: str(w.conditions.rule.id),
    "RuleGroupSearch.ruleGroupId": lambda w: str(w.conditions.group.id),
    "TransferSearch.transferId": lambda w: str(w.transfer.id),
    "TransferSearch.customer": lambda w: str(w.member.id),
    "TransferSearch.member:id": lambda w: str(w.member.id),
    "TransferSearch.member:phoneNumber": lambda w: str(w.member.phone),
    "MemberListSearch.memberListId": lambda w: str(w.member_list.id),
    "ListedMemberSearch.customerId": lambda w: str(w.member.id),
    "WalletTypeSearch.walletTypeId": lambda w: str(w.wallet_type.id),
    "WalletSearch.walletTypeId": lambda w: str(w.wallet_type.id),
    "ImportRowSearch.entity": lambda w: str(w.twin.id),
    "HolderSearch.customerId": lambda w: str(w.member.id),
    "CountSearch.badgeTypeId": lambda w: str(w.badge_type.id),
    "EntrySearch.badgeTypeId": lambda w: str(w.badge_type.id),
    "MemberSearch.customerId": lambda w: str(w.member.id),
    "MemberSearch.emailOrPhone": lambda w: str(w.member.email),
    "MemberSearch.labels": lambda w: f"({w.mark};)",
    "MemberSearch.phone": lambda w: str(w.member.phone),
    # Whatever `_switch_scoping_off` does to `Event.for_store`, the world's own.
    "AuditSearch.auditLogId": lambda w: str(
        Event.across_stores.filter(store=w.store).values_list("id", flat=True)[0]
    ),
    "AuditSearch.entityId": lambda w: str(w.badge_type.id),
    "AuditSearch.userId": lambda w: str(w.manager.id),
    "AuditSearch.store": lambda w: w.code,
    "AuditSearch.customerId": lambda w: str(w.member.id),
    "StoreSearch.storeId": lambda w: str(w.store.id),
    "StoreSearch.code": lambda w: w.code,
    "AdministratorSearch.id": lambda w: str(w.manager.id),
    "AdministratorSearch.role": lambda w: str(w.role.id),
    "RoleSearch.id": lambda w: str(w.role.id),
    "CustomEventSearch.customEventId": lambda w: str(w.custom_event.id),
    "CustomEventSearch.attributes": lambda w: f"(place;{w.mark})",
    "TransactionSearch.transactionId": lambda w: str(w.transaction.id),
    "TransactionSearch.customerData:customerId": lambda w: str(w.member.id),
    "TransactionSearch.attributes": lambda w: f"(purchasePlace;{w.mark})",
    "TransactionSearch.header:labels": lambda w: f"({w.mark};)",
    "TransactionSearch.items:labels": lambda w: f"({w.mark};)",
    **{
        f"TransactionSearch.items:{name}": lambda w: w.mark
        for name in ("sku", "name", "category", "maker")
    },
    **{
        f"{search}.{name}": pick
        for search in ("CustomEventSearch", "TransactionSearch")
        for name, pick in _CUSTOMER_FILTERS.items()
    },
}
# Filters whose values say nothing of whose row it is.
SAY_NOTHING = {
    "MemberBadgeSearch.completedCount", "HolderSearch.completedCount", "StoreSearch.currency",
    "ImportRowSearch.line", "TransactionSearch.grossValue", "TransferSearch.createdBy",
    "ConditionVersionSearch.number", "DeliverySearch.lastStatus",
    "AuditSearch.username", "AuditSearch.ip",
}  # fmt: skip
ABSENT = {"role": "2000000000", "id": "2000000000"}
PAIRS = {"labels", "header:labels", "items:labels", "attributes"}
SCROLLED = {"memberGetList", "customEventGetList", "transactionGetList"}


def _queries(route: Route) -> Iterator[tuple[str, Pick, str]]:
    """The parameters of a list that can name a row: the name, a world's value, an absent one."""
    search = route.operation.search
    if search is None:
        return
    if route.operation.id in SCROLLED:
        # The place of a row of the other store; the absent one is the same moment.
        yield "_scroll", lambda w: _scroll_token(w, w.twin.id), ""
    for name in search.terms.keys() | search.base_filters.keys() - set(_derived(search)):
        known, term = f"{search.__name__}.{name}", search.terms.get(name)
        if known in IDENTIFIERS:
            absent = str(uuid4()) if term and term.field is forms.UUIDField else "nobody"
            if known in {"AdministratorSearch.role", "RoleSearch.id"}:
                absent = ABSENT[name]
            elif name in PAIRS:
                absent = "(nobody;)"
            yield name, IDENTIFIERS[known], absent
            if term and "in" in term.operators:
                yield f"{name}[in]", IDENTIFIERS[known], absent
        elif term is not None and "like" in term.operators and known not in SAY_NOTHING:
            yield f"{name}[like]", lambda w: w.mark, "nobody"
        else:
            decides = term is not None and not {"in", "like"} & set(term.operators)
            choice = term is not None and "like" not in term.operators and "gt" not in (
                term.operators
            )  # fmt: skip
            assert decides or choice or known in SAY_NOTHING, (
                f"{known} is a new filter: add it to IDENTIFIERS, or to SAY_NOTHING."
            )


def _scroll_token(world: World, row_id: UUID) -> str:
    place = {"createdAt": world.twin.created_at.isoformat(), "id": str(row_id)}
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _derived(search: Any) -> Iterator[str]:
    """`name[operator]`, which is known with `name`."""
    return (name for name in search.base_filters if name.endswith("]"))


# --- The cells ----------------------------------------------------------------------------------

ADMITTED = ("manager", "viewer", "key")
TURNED_AWAY = (
    "anonymous", "expired", "garbage", "revoked key", "deactivated member",
    "deactivated administrator",
)  # fmt: skip


@dataclass(frozen=True)
class Call:
    url: str
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Cell:
    route: Route
    principal: str
    slot: str
    foreign: Call
    absent: Call | None
    sent: tuple[str, str] = ("", "")
    """The foreign and the absent value, where an answer repeats what was sent."""
    can_leak: bool = False
    """Whether nothing but the scoping keeps the answers equal."""

    def __str__(self) -> str:
        return f"{self.route} as {self.principal}: {self.slot}"


class Cells:
    """All cells of the matrix for a caller of `mine` who names things of `theirs`."""

    def __init__(self, mine: World, theirs: World) -> None:
        self.mine, self.theirs = mine, theirs

    def __iter__(self) -> Iterator[Cell]:
        for route in api_routes():
            yield from self.of(route)

    def of(self, route: Route) -> Iterator[Cell]:
        case = CASES.get(route.operation.id)
        assert case or route.operation.body is None, (
            f"{route} takes a body: give {route.operation.id} a case."
        )
        assert {name for name in route.parameters if name != "store_code"} <= PATHS.keys(), (
            f"{route} has a new path parameter: add it to PATHS."
        )
        body = case.body if case else None
        for principal in (*ADMITTED, "member"):
            yield from self._paths(route, principal, body)
            yield from self._queries(route, principal)
            for slot in case.slots if case else ():
                yield self._body(route, principal, slot)
            if route.method != "get" and route.in_store and principal != "member":
                yield self._used_key(route, principal, body)
        for principal in TURNED_AWAY:
            if route.operation.need is not None:
                yield self._turned_away(route, principal, body)
        if route.in_store:
            yield self._own_of(route, "member of BETA", body)
            yield self._own_of(route, "manager of BETA", body)

    def _may(self, route: Route, principal: str) -> bool:
        need = route.operation.need
        if need is None or principal not in ADMITTED:
            return False
        return principal != "viewer" or need.access == Access.VIEW

    def _values(self, world: World, route: Route, **other: str) -> dict[str, str]:
        values = {
            "store_code": world.code,
            **{name: forms_[0].of(world) for name, forms_ in PATHS.items()},
            # A member's own name, so that a member's token gets as far as it can.
            "member": str(world.twin.id),
        }
        if route.operation.id in OWN_JOBS:
            values["job_id"] = OWN_JOBS[route.operation.id](world)
        return {name: value for name, value in {**values, **other}.items()
                if name in route.parameters}  # fmt: skip

    def _paths(self, route: Route, principal: str, body: Any) -> Iterator[Cell]:
        may = self._may(route, principal)
        named = [name for name in route.parameters if name != "store_code"]
        for name in named:
            for form in PATHS[name]:
                theirs, nobodys = form.of(self.theirs), form.absent
                yield Cell(
                    route, principal, f"{name} by {form.name}",
                    Call(route.url(**self._values(self.mine, route, **{name: theirs})), body),
                    Call(route.url(**self._values(self.mine, route, **{name: nobodys})), body),
                    # Of two names, each keeps the other one's row apart: a key has one owner.
                    can_leak=may and len(named) == 1,
                )  # fmt: skip
            for value in COLLIDING.get(name, ()):
                url = route.url(**self._values(self.mine, route, **{name: value}))
                yield Cell(route, principal, f"{name} that both have", Call(url, body), None)
        if len(named) > 1:
            absent = {name: PATHS[name][0].absent for name in named}
            values = self._values(self.theirs, route, store_code=self.mine.code)
            yield Cell(
                route, principal, "all of them",
                Call(route.url(**values), body),
                Call(route.url(**self._values(self.mine, route, **absent)), body),
                can_leak=may,
            )  # fmt: skip
        if "store_code" in route.parameters:
            values = self._values(self.theirs, route)
            yield Cell(
                route, principal, "store",
                Call(route.url(**values), body),
                Call(route.url(**{**values, "store_code": NOWHERE}), body),
                can_leak=may and route.operation.need is not None
                and route.operation.need.resource is not None,
            )  # fmt: skip

    def _queries(self, route: Route, principal: str) -> Iterator[Cell]:
        # A list below one member or badge type holds what belongs to it, whatever the filter.
        whole_store = set(route.parameters) <= {"store_code"}
        base = route.url(**self._values(self.mine, route))
        for name, pick, absent in _queries(route):
            theirs = pick(self.theirs).replace("+", "%2B").replace(";", "%3B")
            absent = absent or _scroll_token(self.theirs, uuid4())
            yield Cell(
                route, principal, f"filter {name}",
                Call(f"{base}?{name}={theirs}"), Call(f"{base}?{name}={absent}"),
                can_leak=whole_store and self._may(route, principal),
            )  # fmt: skip

    def _body(self, route: Route, principal: str, slot: Slot) -> Cell:
        url = route.url(**self._values(self.mine, route))
        theirs = slot.of(self.theirs)
        return Cell(
            route, principal, f"body {slot.name}",
            Call(url, slot.body(theirs)), Call(url, slot.body(slot.absent)),
            sent=(theirs, slot.absent),
            can_leak=slot.lookup and self._may(route, principal),
        )  # fmt: skip

    def _used_key(self, route: Route, principal: str, body: Any) -> Cell:
        url = route.url(**self._values(self.mine, route))
        return Cell(
            route, principal, "idempotency key",
            Call(url, body, (("Idempotency-Key", USED_KEY),)),
            Call(url, body, (("Idempotency-Key", "a-key-that-nobody-used"),)),
        )  # fmt: skip

    def _turned_away(self, route: Route, principal: str, body: Any) -> Cell:
        values = self._values(self.theirs, route)
        absent = {name: forms_[0].absent for name, forms_ in PATHS.items()}
        nowhere = self._values(self.mine, route, **{**absent, "store_code": NOWHERE})
        return Cell(
            route, principal, "everything",
            Call(route.url(**values), body), Call(route.url(**nowhere), body),
        )  # fmt: skip

    def _own_of(self, route: Route, principal: str, body: Any) -> Cell:
        """BETA's own people in ALPHA, who must not learn more than in a store that is nowhere."""
        values = self._values(self.mine, route)
        return Cell(
            route, principal, "ALPHA",
            Call(route.url(**values), body),
            Call(route.url(**{**values, "store_code": NOWHERE}), body),
        )  # fmt: skip


# --- Looking into a cell ------------------------------------------------------------------------

_UUID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LENGTH = re.compile(rb"'Content-Length': '\d+'")
_SECRET = re.compile(rb"rsk_[0-9a-f_]+|whsec_[A-Za-z0-9+/=]+")


@dataclass
class Matrix:
    mine: World
    theirs: World
    principals: dict[str, ApiClient]
    theirs_before: tuple[Any, ...]
    mine_before: tuple[Any, ...]

    def cells(self) -> Iterator[Cell]:
        return iter(Cells(self.mine, self.theirs))

    def leak(self, cell: Cell) -> str | None:
        """What BETA lost, in a few words, or None."""
        world, before = self.theirs, self.theirs_before
        if cell.slot == "ALPHA":
            world, before = self.mine, self.mine_before
        try:
            with RolledBack():
                answer = self._send(cell, cell.foreign)
                content_of(answer)
                untouched = fingerprint(world) == before
        except DatabaseError:
            return "the transaction broke"
        if not untouched:
            return f"{answer.status_code}, and rows of {world.code} changed"
        said = _readable(answer)
        if cell.sent[0]:
            said = said.replace(cell.sent[0].encode(), b"<sent>")
        for canary in world.canaries:
            if canary.encode() in said:
                return f"{answer.status_code}, and the answer holds {canary!r}"
        if cell.absent is None:
            return None
        with RolledBack():
            expected = self._send(cell, cell.absent)
            content_of(expected)
        if _comparable(answer, cell.sent[0]) != _comparable(expected, cell.sent[1]):
            return (
                f"{answer.status_code} {content_of(answer)[:200]!r} where a value that exists"
                f" nowhere gets {expected.status_code} {content_of(expected)[:200]!r}"
            )
        return None

    def _send(self, cell: Cell, call: Call) -> Answer:
        client = self.principals[cell.principal]
        if isinstance(call.body, Upload):
            return client.upload(call.url, call.body.encoded(), **dict(call.headers))
        return client.request(cell.route.method.upper(), call.url, call.body, **dict(call.headers))


def content_of(answer: Answer) -> bytes:
    """The body, which a report only makes, from rows that may be rolled back soon, when asked."""
    if not answer.streaming:
        return answer.content
    report: Any = answer
    whole = b"".join(report.streaming_content)
    report.streaming_content = [whole]
    return whole


def _readable(answer: Answer) -> bytes:
    return content_of(answer) + str(answer.headers).encode()


def _comparable(answer: Answer, sent: str) -> tuple[int, bytes]:
    said = _readable(answer)
    if answer.status_code < 300:
        # A row made anew has an id of its own, and may repeat what was sent.
        said = said.replace(sent.encode(), b"<sent>") if sent else said
        said = _LENGTH.sub(b"", said)
        said = _SECRET.sub(b"<secret>", _UUID.sub(b"<uuid>", said))
    return answer.status_code, said


def make_matrix() -> Matrix:
    mine, theirs = make_world("ALPHA", "alfakanarie"), make_world("BETA", "betakanarie")
    principals = _principals(mine, theirs)
    answer = principals["manager of BETA"].post(
        "/api/BETA/badge-type",
        {"badgeType": {"systemCode": "by_key", "translations": _TEXTS}},
        **{"Idempotency-Key": USED_KEY},
    )
    assert answer.status_code == 200
    for client in principals.values():
        client.get("/api/admin/permissions")  # Notes the first use of each key.
    return Matrix(mine, theirs, principals, fingerprint(theirs), fingerprint(mine))


@pytest.fixture(scope="module")
def matrix(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Matrix]:
    """Made once for the module: each cell is rolled back by itself."""
    with django_db_blocker.unblock(), RolledBack():
        yield make_matrix()


def _principals(mine: World, theirs: World) -> dict[str, ApiClient]:
    expired = AdminAccessToken.issue(mine.manager.id, mine.manager.token_version)
    expired.set_exp(from_time=timezone.now() - timedelta(days=3), lifetime=timedelta(days=1))
    key, text = create_api_key(
        administrator=mine.manager, name="revoked", expires_at=None, actor=TESTER
    )
    revoke_api_key(api_key=key, actor=TESTER)
    gone = make_member(mine.store)
    set_member_active(mine.store, member=gone, active=False, actor=TESTER)
    dismissed = make_administrator(mine.role)
    update_administrator(administrator=dismissed, is_active=False, actor=TESTER, reach=EVERYTHING)
    return {
        "manager": ApiClient.with_token(admin_token(mine.manager)),
        "viewer": ApiClient.with_token(admin_token(mine.viewer)),
        "key": ApiClient.with_key(mine.api_key_text),
        "member": ApiClient.with_token(member_token(mine.twin)),
        "anonymous": ApiClient(),
        "expired": ApiClient.with_token(str(expired)),
        "garbage": ApiClient.with_token("a.b.c"),
        "revoked key": ApiClient.with_key(text),
        "deactivated member": ApiClient.with_token(member_token(gone)),
        "deactivated administrator": ApiClient.with_token(admin_token(dismissed)),
        "member of BETA": ApiClient.with_token(member_token(theirs.twin)),
        "manager of BETA": ApiClient.with_token(admin_token(theirs.manager)),
    }


# --- The tests ----------------------------------------------------------------------------------


def test_no_case_is_about_an_operation_that_is_gone() -> None:
    assert CASES.keys() == {
        route.operation.id for route in api_routes() if route.operation.body is not None
    }
    assert PATHS.keys() == {
        name for route in api_routes() for name in route.parameters if name != "store_code"
    }


@pytest.mark.parametrize("route", api_routes(), ids=str)
def test_nothing_of_another_store_is_seen_or_touched(route: Route, matrix: Matrix) -> None:
    leaks = [
        f"{cell}: {leak}"
        for cell in Cells(matrix.mine, matrix.theirs).of(route)
        if (leak := matrix.leak(cell))
    ]

    assert not leaks, "\n".join(leaks)


def test_whoever_belongs_there_is_let_in(matrix: Matrix) -> None:
    """Otherwise a server that refuses everything would pass."""
    refused = []
    for route in api_routes():
        case = CASES.get(route.operation.id)
        cells = Cells(matrix.mine, matrix.theirs)
        url = route.url(**cells._values(matrix.mine, route))
        with RolledBack():
            answer = matrix._send(
                Cell(route, "manager", "", Call(""), None), Call(url, case.body if case else None)
            )
        if answer.status_code >= 300:
            refused.append(route.operation.id)

    # These need a password or a token of their own, or a member.
    assert sorted(refused) == [
        "adminLoginCheck", "memberLoginCheck", "memberPutPassword", "tokenRefresh",
        "tokenRefreshMember",
    ]  # fmt: skip


# Calls that succeed here and change nothing: what they ask for is so already.
SO_ALREADY = {"memberActivate", "memberListPostMembers"}


def test_every_change_through_the_api_is_told(matrix: Matrix) -> None:
    """Beside the look at the code of services: each call that succeeds leaves an event."""
    silent = set()
    for route in api_routes():
        if route.method == "get" or route.operation.need is None:
            continue
        case = CASES.get(route.operation.id)
        url = route.url(**Cells(matrix.mine, matrix.theirs)._values(matrix.mine, route))
        with RolledBack():
            before = Event.across_stores.count()
            answer = matrix._send(
                Cell(route, "manager", "", Call(""), None), Call(url, case.body if case else None)
            )
            if answer.status_code < 300 and Event.across_stores.count() == before:
                silent.add(route.operation.id)

    assert silent == SO_ALREADY


def _names_of(world: World) -> list[str]:
    member = world.member
    return [
        str(member.id), f"email={member.email}", f"phone={member.phone}",
        f"loyaltyCardNumber={member.loyalty_card_number}", f"walletAddress={world.mark}-wallet",
    ]  # fmt: skip


def _report_of_a_job(matrix: Matrix, names: list[str]) -> list[str]:
    """What a job of ALPHA that names these members says of them, when it is done."""
    client = matrix.principals["manager"]
    created = client.post("/api/ALPHA/job", _job(members=names))
    assert created.status_code == 202, created.content
    do_all_jobs()
    report = client.get(f"/api/ALPHA/job/{created.json()['jobId']}/report")
    return b"".join(report).decode().splitlines()[1:]


def test_a_job_finds_nobody_of_another_store(matrix: Matrix) -> None:
    # BETA's own waiting job would be worked on, too, and rightly so.
    cancel_job(matrix.theirs.store, job=matrix.theirs.job, actor=TESTER, now=timezone.now())
    before = fingerprint(matrix.theirs)
    names = _names_of(matrix.theirs)

    report = _report_of_a_job(matrix, names)

    assert [line.partition(",")[2] for line in report] == [
        f"{name},There is no such member.," for name in names
    ]
    assert fingerprint(matrix.theirs) == before
    assert _report_of_a_job(matrix, _names_of(matrix.mine)[:1]) == []


def test_without_scoping_a_job_finds_them(matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    """The positive control: found, and then stopped by the references that include the store."""
    _switch_scoping_off(monkeypatch)

    report = _report_of_a_job(matrix, _names_of(matrix.theirs))

    assert "There is no such member." not in "".join(report)


def test_without_scoping_the_matrix_turns_red(
    matrix: Matrix, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _switch_scoping_off(monkeypatch)

    cells = list(matrix.cells())
    able = [cell for cell in cells if cell.can_leak]
    green = [cell for cell in able if matrix.leak(cell) is None]

    share = 1 - len(green) / len(able)
    print(  # noqa: T201 (the figure is the point)
        f"\nTenant matrix: {len(cells)} cells of {len(api_routes())} routes;"
        f" {len(able)} can leak, and {share:.1%} of these do without scoping."
    )
    assert len(able) > 300
    assert share >= 0.95, "\n".join(str(cell) for cell in green)


# What narrows a statement that is written by hand.
_STORE_OF_ROW = re.compile(r"(?:\b\w+\.)?\bstore_id = (%\(store\)s|%s)")


def _switch_scoping_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away every wall but the database's own: rows, stores, people, reach."""

    def every_row(cls: Any, store: Store) -> Any:
        return cls.across_stores.all()

    def whatever_store(self: Caller) -> Store:
        if self.store is None:
            raise Forbidden
        return self.store

    def whatever_row(execute: Any, sql: str, *rest: Any) -> Any:
        return execute(_STORE_OF_ROW.sub(r"\1::uuid IS NOT NULL", sql), *rest)

    monkeypatch.setattr(connections["default"], "execute_wrappers", [whatever_row])
    monkeypatch.setattr(StoreOwnedModel, "for_store", classmethod(every_row))
    monkeypatch.setattr(Event, "for_store", classmethod(every_row))
    monkeypatch.setattr(Caller, "entered_store", whatever_store)
    monkeypatch.setattr(Caller, "may", lambda *_: True)
    monkeypatch.setattr(MemberCaller, "is_called", lambda *_: True)
    monkeypatch.setattr(Reach, "covers", lambda *_: True)
    everybodys = "loyalty.api.resources.audit.audit_log"
    monkeypatch.setattr(everybodys, lambda _: [Event.across_stores.all()])
    everything = {
        "loyalty.api.resources.stores.stores_of": Store,
        "loyalty.api.resources.roles.roles_seen_by": Role,
        "loyalty.api.resources.administrators.administrators_seen_by": Administrator,
    }
    for name, model in everything.items():
        monkeypatch.setattr(name, lambda _, model=model: model.objects.all())
