"""Every endpoint is declared, guarded and reachable; every service leaves a trace."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from textwrap import dedent
from typing import Any, TypeGuard, get_type_hints
from uuid import uuid4

import pytest
from django.urls import resolve

import badges.services
import loyalty.services
import members.services
from loyalty.api.operations import Need, Operation
from loyalty.api.views import _SEALED, ApiViewSet, StoreViewSet
from loyalty.models import Store
from loyalty.services.events import record, record_all, record_for_members
from loyalty.services.stores import RESERVED_CODES
from tests.architecture.routes import Route, api_patterns, api_routes

# Open to everybody, because whoever calls them has no token yet, or needs none.
OPEN = {
    "getApi", "getHealthcheck", "adminLoginCheck", "memberLoginCheck", "tokenRefresh",
    "tokenRefreshMember",
}  # fmt: skip


def test_every_action_declares_its_operation() -> None:
    routes = api_routes()

    assert len(routes) > 50
    for route in routes:
        assert isinstance(route.operation, Operation)
        assert issubclass(route.view, ApiViewSet)


def test_operations_are_named_once() -> None:
    named: dict[str, set[tuple[type, str]]] = {}
    for route in api_routes():
        named.setdefault(route.operation.id, set()).add((route.view, route.action))

    assert {name: uses for name, uses in named.items() if len(uses) > 1} == {}


def test_only_the_listed_operations_are_open_to_everybody() -> None:
    assert {route.operation.id for route in api_routes() if route.operation.need is None} == OPEN


def test_what_changes_something_needs_more_than_a_look() -> None:
    """GET needs VIEW; everything else MODIFY, or is about nobody but the caller."""
    for route in api_routes():
        need = route.operation.need
        if need is None or need.resource is None:
            continue
        assert isinstance(need, Need)
        assert need.access == ("VIEW" if route.method == "get" else "MODIFY"), str(route)


def test_a_route_below_a_store_enters_it() -> None:
    for route in api_routes():
        named = "store_code" in route.parameters
        assert route.in_store == (named and route.operation.need is not None), str(route)


@pytest.mark.parametrize("name", sorted(_SEALED))
def test_a_guarding_method_cannot_be_replaced(name: str) -> None:
    for base in (ApiViewSet, StoreViewSet):
        with pytest.raises(TypeError, match=f"Sneaky.{name} is sealed"):
            type("Sneaky", (base,), {name: None, "__module__": "badges.api.sneaky"})


# --- Which route a URL means --------------------------------------------------------------------

_SAMPLES = {
    "store_code": ["ALPHA", "badge-type", "member"],
    "member": [
        str(uuid4()), "email=login_check@example.com", "phone=+48", "loyaltyCardNumber=password",
    ],
    "badge_type": [str(uuid4()), "systemCode=count"],
    "store_id": [str(uuid4())],
    "admin_id": [str(uuid4())],
    "key_id": [str(uuid4())],
    "job_id": [str(uuid4())],
    "transfer_id": [str(uuid4())],
    "list_id": [str(uuid4())],
    "wallet_type_id": [str(uuid4())],
    "import_id": [str(uuid4())],
    "event_type": ["visit", "a.b-c_1"],
    "custom_event_id": [str(uuid4())],
    "transaction_id": [str(uuid4())],
    "rule_id": [str(uuid4())],
    "rule_group_id": [str(uuid4())],
    "dry_run_id": [str(uuid4())],
    "subscription_id": [str(uuid4())],
    "message_id": [str(uuid4())],
    "role_id": ["7"],
}  # fmt: skip


def _urls(route: Route) -> Iterator[str]:
    first = {name: samples[0] for name, samples in _SAMPLES.items()}
    yield route.url(**first)
    for name in route.parameters:
        for sample in _SAMPLES[name]:
            yield route.url(**{**first, name: sample})


@pytest.mark.parametrize("route", api_routes(), ids=str)
def test_no_route_hides_another(route: Route) -> None:
    for url in _urls(route):
        assert resolve(url).route == route.pattern


def test_no_store_can_be_called_like_a_route() -> None:
    """A store with such a code would hide the route, or be hidden by it."""
    first = {pattern.removeprefix("api/").partition("/")[0] for pattern, _ in api_patterns()}

    literal = {segment for segment in first if segment and "<" not in segment}
    assert literal
    assert literal <= RESERVED_CODES


# --- Services -----------------------------------------------------------------------------------

# Services that leave no event, and what says instead that they happened.
NO_EVENT = {
    "loyalty.services.jobs.drafts.draft_job": "A draft is a look at what would happen.",
    "loyalty.services.jobs.drafts.discard_draft": "What was only looked at did not happen.",
    "loyalty.services.sessions.open_session": "The refresh token's row, one per login.",
    "loyalty.services.sessions.refresh_session": "The used link and its successor.",
}
TENANT_PACKAGES = ("members.", "badges.")


def _services() -> Iterator[tuple[str, Any]]:
    for package in (loyalty.services, members.services, badges.services):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for name, value in vars(importlib.import_module(module.name)).items():
                if getattr(value, "is_service", False) and value.__module__ == module.name:
                    yield f"{module.name}.{name}", inspect.unwrap(value)


def _records(function: Callable[..., Any], seen: set[str]) -> bool:
    """Whether the function writes an event, itself or through functions of our services."""
    module = inspect.getmodule(function)
    source = ast.parse(dedent(inspect.getsource(function)))
    for call in ast.walk(source):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
            continue
        called = getattr(module, call.func.id, None)
        if called in (record, record_for_members, record_all):
            return True
        if call.func.id in seen or ".services." not in getattr(called, "__module__", ""):
            continue
        inner = vars(called).values() if inspect.isclass(called) else [called]
        if any(_records(each, seen | {call.func.id}) for each in inner if _is_written(each)):
            return True
    return False


def _is_written(value: Any) -> TypeGuard[Callable[..., Any]]:
    """A function of ours, and not one that a dataclass made for itself."""
    file = getattr(inspect.getmodule(value), "__file__", None)
    return inspect.isfunction(value) and value.__code__.co_filename == file


def test_every_service_records_an_event() -> None:
    services = dict(_services())
    assert len(services) > 20

    silent = {name for name, function in services.items() if not _records(function, set())}

    assert silent == NO_EVENT.keys()


def test_services_of_tenants_take_the_store_first() -> None:
    for name, function in _services():
        if name.startswith(TENANT_PACKAGES):
            first, *others = inspect.signature(function).parameters.values()
            assert first.name == "store", name
            assert get_type_hints(function)["store"] is Store, name
            assert all(other.kind == other.KEYWORD_ONLY or other.kind == other.VAR_KEYWORD
                       for other in others), name  # fmt: skip


def test_every_service_says_who_did_it() -> None:
    for name, function in _services():
        if name not in NO_EVENT:
            assert "actor" in inspect.signature(function).parameters, name
