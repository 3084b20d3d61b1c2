"""The README's commands, run as they are written there."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.running.processes import CHECKOUT, free_port, stack, wait_until

pytestmark = pytest.mark.faults


def _block() -> str:
    """What a reader pastes: the one block of the README that is marked as shell."""
    (block,) = re.findall(r"```sh\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    return str(block)


def _documents(text: str) -> Iterator[Any]:
    """The JSON documents that the commands printed, one behind the other."""
    decoder, place = json.JSONDecoder(), 0
    while place < len(text):
        document, place = decoder.raw_decode(text, place)
        yield document
        place = len(text) - len(text[place:].lstrip())


@pytest.mark.skipif(shutil.which("curl") is None, reason="The README uses curl.")
def test_the_pasted_calls_earn_a_member_a_badge(var: Path) -> None:
    port = free_port()
    with stack(var, port):
        wait_until(lambda: "Ctrl-C stops everything." in (var / "told").read_text(), 60)

        # The reader stands in the checkout, whose var/ is here another folder.
        pasted = subprocess.run(
            ["bash", "-euc", _block().replace("var/demo.json", f"{var}/demo.json")],
            capture_output=True,
            text=True,
            check=True,
        )

    defined, drafted, published, *visits, held, explained = _documents(pasted.stdout.strip())
    assert "badgeTypeId" in defined
    assert drafted["versionId"] == published["versionId"]
    assert len({visit["customEventId"] for visit in visits}) == 5
    assert [(item["name"], item["completedCount"]) for item in held["items"]] == [("High five", 1)]
    assert explained["completedCount"] == 1
