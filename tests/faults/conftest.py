"""One private pair of servers for all fault tests of jobs, with the tables in place."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from shutil import rmtree

import pytest

from config.embedded import postgres, valkey
from config.embedded.home import sockets_of
from tests.faults.rig import Rig
from tests.running.processes import CHECKOUT


@pytest.fixture(scope="session")
def _rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    var = tmp_path_factory.mktemp("rig") / "var"
    var.mkdir()
    rig = Rig(var, {"DATABASE_URL": postgres.start(var), "REDIS_URL": valkey.start(var)})
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=CHECKOUT, env=rig.environment(), check=True,
    )  # fmt: skip
    yield rig
    rig.kill_all()
    postgres.stop(var)
    valkey.stop(var)
    rmtree(sockets_of(var))


@pytest.fixture
def rig(_rig: Rig) -> Iterator[Rig]:
    """The servers are up and forgot the last test, and no process of it is left."""
    _rig.start_database()
    _rig.start_broker()
    yield _rig
    _rig.kill_all()
    _rig.start_database()
    _rig.ask("UPDATE loyalty_job SET state = 'cancelled' WHERE state IN ('queued', 'running')")
    _rig.start_broker()
    _rig.kill_broker()


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Print a line of figures, whatever pytest captures."""

    def say(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{line}\n")

    return say
