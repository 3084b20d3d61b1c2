"""The code in docs/webhooks.md verifies what we send, and nothing else."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request as HttpRequest
from urllib.request import urlopen
from uuid import uuid4

import pytest
from django.urls import resolve
from django.utils import timezone

from loyalty.models import Access, Resource, Store
from loyalty.webhooks.formats import request_for
from loyalty.webhooks.messages import OPEN_LOYALTY, STANDARD, WIX, Endpoint, Message, Request
from loyalty.webhooks.signing import Key, new_rsa_key, new_secret, public_key
from tests.architecture.routes import api_routes
from tests.builders import make_administrator, make_api_key, make_role
from tests.clients import ApiClient
from tests.running.processes import free_port

PAGE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
_BLOCK = re.compile(r"```(?:python|js)\n(?:#|//) (\S+)\n(.*?)```", re.DOTALL)
DATA = {"badgeName": "Złoto ✓", "currentCompletedCount": 2, "event": {"sequence": 7}}
NODE = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed.")

_RUN_PYTHON = """
import base64, importlib, json, sys
module, arguments, body = json.load(sys.stdin)
first, *others = arguments
found = importlib.import_module(module).verify(
    *([first, others[0], base64.b64decode(body), *others[1:]] if others
      else [first, base64.b64decode(body)]))
print(json.dumps(found))
"""
_RUN_NODE = """
const [module_, [first, ...others], body] = JSON.parse(require("fs").readFileSync(0));
const given = Buffer.from(body, "base64");
const { verify } = require(process.cwd() + "/" + module_ + ".js");
const found = others.length
  ? verify(first, others[0], given, ...others.slice(1)) : verify(first, given);
console.log(JSON.stringify(found));
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's blocks, each in its file."""
    folder = tmp_path_factory.mktemp("receivers")
    text = PAGE.read_text(encoding="utf-8")
    blocks = _BLOCK.findall(text)
    assert len(blocks) == text.count("```python") + text.count("```js") == 7
    for name, code in blocks:
        (folder / name).write_text(code, encoding="utf-8")
    return folder


_COMMAND = re.compile(r"""```sh\ncurl .*?"\$API(/[^"]*)" -d '(.*?)'\n```""", re.DOTALL)
_CALLS = re.compile(r"^\| ((?:`[^`]+`(?:, )?)+) \|", re.MULTILINE)


@pytest.mark.django_db
def test_the_command_and_the_calls_on_the_page_are_there(store: Store) -> None:
    text = PAGE.read_text(encoding="utf-8")
    role = make_role((Resource.WEBHOOK_SUBSCRIPTION, Access.MODIFY), stores=(store,))
    client = ApiClient.with_key(make_api_key(make_administrator(role)))

    [(path, body)] = _COMMAND.findall(text)
    made = client.post(f"/api/ALPHA{path}", json.loads(body))

    assert made.status_code == 200, made.content
    assert made.json()["secret"].startswith("whsec_")
    own = f"/api/ALPHA{path}/{made.json()['webhookSubscriptionId']}"
    calls = [call for row in _CALLS.findall(text) for call in re.findall("`([^`]+)`", row)]
    assert len(calls) == 8
    known = {route.operation.id: (route.method.upper(), route.pattern) for route in api_routes()}
    for call in calls:
        method, _, below = call.partition(" ")
        url = own + below.replace("{messageId}", str(uuid4()))
        assert (method, resolve(url).route) in known.values(), call


Verify = Callable[[str, Sequence[Any], bytes], Any]


@pytest.fixture(params=["python", pytest.param("node", marks=NODE)])
def verify(request: pytest.FixtureRequest, pages: Path) -> Verify:
    """Runs a receiver's function in a process of its own; None if it refuses."""
    program = {
        "python": [sys.executable, "-c", _RUN_PYTHON], "node": ["node", "-e", _RUN_NODE],
    }[request.param]  # fmt: skip

    def run(module: str, arguments: Sequence[Any], body: bytes) -> Any:
        given = json.dumps([module, list(arguments), base64.b64encode(body).decode()])
        done = subprocess.run(
            program, cwd=pages, input=given, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": str(pages), "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip
        return json.loads(done.stdout) if done.returncode == 0 else None

    return run


def message(form: str, *keys: Key) -> Message:
    endpoint = Endpoint(
        uuid4(), uuid4(), "ALPHA", "https://shop.example/hook?from=rosette", form, [], keys
    )
    data: dict[str, Any] = DATA if form != WIX else {"entityId": "1", "actionEvent": {"body": DATA}}
    kind = "BadgeCompleted" if form != WIX else "wix.badges.v3.badge_badge_assigned"
    return Message(uuid4(), endpoint, kind, timezone.now(), data)


def sent(told: Message, **later: float) -> Request:
    return request_for(told, uuid4(), timezone.now() + timedelta(**later))


def lower(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def keys(secret: Callable[[], str]) -> tuple[Key, Key]:
    """In the middle of a rotation."""
    return Key(1, secret(), timezone.now() + timedelta(days=1)), Key(2, secret())


ADDRESS = ("shop.example", "/hook?from=rosette")


@pytest.mark.parametrize(
    ("form", "module", "more"), [(STANDARD, "standard_webhooks", ()),
                                 (OPEN_LOYALTY, "open_loyalty", ADDRESS)]
)  # fmt: skip
def test_a_receiver_takes_what_is_ours_and_nothing_else(
    form: str, module: str, more: tuple[str, ...], verify: Verify
) -> None:
    old, new = keys(new_secret)
    told = message(form, old, new)
    request = sent(told)
    headers, body = lower(request), request.body

    for secrets in ([old.secret], [new.secret], [new_secret(), new.secret]):
        event = verify(module, [secrets, headers, *more], body)
        assert event["data"] == DATA
        assert event.get("id", event.get("messageId")) == str(told.id)

    good = [new.secret]
    refused = {
        "another secret": ([[new_secret()], headers, *more], body),
        "no secret": ([[], headers, *more], body),
        "another body": ([good, headers, *more], body.replace(b"2", b"3")),
        "the same JSON, written otherwise": ([good, headers, *more], body + b" "),
        "an older message": ([good, lower(late := sent(told, minutes=-6)), *more], late.body),
        "a message of the future": ([good, lower(soon := sent(told, minutes=6)), *more], soon.body),
        "another id": (
            [good, {**headers, "webhook-id": "x", "x-webhook-request-id": "x"}, *more], body
        ),
        "no signature": (
            [good, {name: value for name, value in headers.items() if "signature" not in name},
             *more], body,
        ),
    }  # fmt: skip
    if more:
        refused["another address"] = ([good, headers, "evil.example", more[1]], body)
    for what, (arguments, given) in refused.items():
        assert verify(module, arguments, given) is None, what


def test_a_receiver_of_wix_takes_what_is_ours_and_nothing_else(verify: Verify) -> None:
    old, new = keys(new_rsa_key)
    told = message(WIX, old, new)
    body = sent(told).body

    for known in ([public_key(old.secret)], [public_key(new.secret), public_key(old.secret)]):
        event = verify("wix", [known], body)
        assert event["eventType"] == told.type
        assert (event["data"]["id"], event["data"]["actionEvent"]) == (
            str(told.id), {"body": DATA},
        )  # fmt: skip

    stranger = public_key(new_rsa_key())
    head, claims, signature = body.split(b".")
    other = sent(replace(told, id=uuid4())).body.split(b".")
    for what, given in {
        "another key": body,
        "another content": b".".join([head, other[1], signature]),
        "no signature": b".".join([head, claims, b""]),
        "no algorithm": b".".join([b"eyJhbGciOiJub25lIn0", claims, b""]),
        "not a token": b"{}",
    }.items():
        key = stranger if what == "another key" else public_key(old.secret)
        assert verify("wix", [[key]], given) is None, what
    assert verify("wix", [[public_key(old.secret)]], sent(told, hours=-2).body) is None


@NODE
def test_the_receiver_on_the_page_takes_a_message_once(pages: Path) -> None:
    key, port = Key(1, new_secret()), free_port()
    environment = {**os.environ, "PORT": str(port), "WEBHOOK_SECRETS": key.secret}
    told = message(STANDARD, key)
    with subprocess.Popen(
        ["node", "receiver.js"], cwd=pages, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "listening\n"

            def post(request: Request) -> int:
                given = HttpRequest(
                    f"http://127.0.0.1:{port}/", request.body, dict(request.headers)
                )
                with urlopen(given, timeout=10) as answer:  # noqa: S310 (our own server)
                    return int(answer.status)

            assert [post(sent(told)), post(sent(told))] == [204, 204]
            stranger = replace(told, endpoint=replace(told.endpoint, keys=[Key(1, new_secret())]))
            with pytest.raises(HTTPError, match="400"):
                post(sent(stranger))
        finally:
            process.terminate()
        said = process.stdout.read().splitlines()

    assert len(said) == 1
    name, _, data = said[0].partition(" ")
    assert (name, json.loads(data)) == ("BadgeCompleted", DATA)
