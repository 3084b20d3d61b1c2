"""The commands in docs/awarding.md do what the page says."""

import re
import shlex
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from badges.models import MemberBadge
from loyalty.models import Store
from members.models import EventSchema
from tests.builders import make_member
from tests.clients import ApiClient
from tests.evaluating import assert_verified, happened, settle

PAGE = Path(__file__).resolve().parents[2] / "docs" / "awarding.md"
_KEPT = re.compile(r"(?P<name>[A-Z_]+)=\$\((?P<command>.*)\)\s*\Z", re.DOTALL)


def test_the_examples_work_one_after_the_other(store: Store, as_root: ApiClient) -> None:
    EventSchema(store=store, event_type="visit", name="Visit").save()
    member = make_member(store, loyalty_card_number="DEFAULT-0001")
    now = timezone.now()
    for days in range(40, 32, -1):
        happened(store, member=member, at=now - timedelta(days=days))
    examples = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    kept = {"$API": "/api/ALPHA"}
    answers: list[bytes] = []

    for example in examples:
        named = _KEPT.match(example)
        command = named["command"] if named else example
        words = shlex.split(command.partition("| grep")[0].replace("\\\n", " "))
        for name, value in kept.items():
            words = [word.replace(name, value) for word in words]
        (url,) = (word for word in words if word.startswith("/api/"))
        body = words[words.index("-d") + 1].encode() if "-d" in words else None
        method = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
        answer = as_root.request(method, url, body)
        settle()

        assert answer.status_code in {200, 202}, (example, answer.content)
        answers.append(answer.content)
        if named:
            (found,) = re.findall(r"[0-9a-f-]{36}", answer.content.decode())
            kept[f"${named['name']}"] = found

    assert len(examples) == 14
    assert b'"state":"done"' in answers[3]
    assert MemberBadge.for_store(store).get(member=member).completed_count == 1
    near = next(answer for answer in answers if b'"steps":' in answer)
    assert str(member.id).encode() in near  # Two of five visits are still missing.
    assert_verified(store)
