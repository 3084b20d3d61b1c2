"""What the page on activity says to type works, from top to bottom."""

import re
import shlex
from pathlib import Path

from loyalty.models import Store
from members.models import Activity
from tests.builders import make_member
from tests.clients import ApiClient

PAGE = Path(__file__).resolve().parents[2] / "docs" / "activity.md"


def test_the_examples_work(store: Store, as_root: ApiClient) -> None:
    member = make_member(store, loyalty_card_number="DEFAULT-0001")  # As in the demo.
    examples = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    for example in examples:
        words = shlex.split(example)
        (url,) = (word for word in words if word.startswith("$API"))
        body = words[words.index("-d") + 1].encode()
        path = url.replace("$API", "/api/ALPHA")
        answer = as_root.request("POST", path, body)

        assert answer.status_code in {200, 204}, (example, answer.content)
        assert b'"errors"' not in answer.content

    assert len(examples) == 6
    rows = Activity.for_store(store)
    known = rows.filter(member=member).order_by("external_id")
    assert list(known.values_list("external_id", flat=True)) == [
        "2026/03/117", "2026/03/118", "tasting-7-anna",
    ]  # fmt: skip
    bought = rows.get(external_id="2026/03/117")
    assert (float(bought.value), float(bought.returned)) == (30.5, 18.0)
    assert rows.filter(member=None).count() == 2
