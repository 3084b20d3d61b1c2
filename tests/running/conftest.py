"""A directory for a private pair of servers that leaves nothing behind."""

from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import pytest

from config.embedded import postgres, valkey
from config.embedded.home import sockets_of


def _cleared(var: Path) -> Iterator[Path]:
    var.mkdir()
    yield var
    postgres.stop(var)
    valkey.stop(var)
    rmtree(sockets_of(var))


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    yield from _cleared(tmp_path / "var")


@pytest.fixture
def other_var(tmp_path: Path) -> Iterator[Path]:
    yield from _cleared(tmp_path / "other")
