"""The README's commands, run as they are written there."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.running.processes import CHECKOUT, free_port, stack, wait_until

pytestmark = pytest.mark.faults


def _block() -> str:
    """What a reader pastes: the one block of the README that is marked as shell."""
    (block,) = re.findall(r"```sh\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    return str(block)


@pytest.mark.skipif(shutil.which("curl") is None, reason="The README uses curl.")
def test_three_pasted_calls_give_a_member_a_badge(var: Path) -> None:
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

    defined, granted, rest = re.split(r"(?<=\})(?=\{)", pasted.stdout.strip())
    assert json.loads(defined) == json.loads(granted)
    held = json.loads(rest)
    assert [(item["name"], item["completedCount"]) for item in held["items"]] == [("Welcome", 1)]
