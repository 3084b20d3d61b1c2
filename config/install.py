"""Make `.venv` from `requirements.lock`; `run` calls this with the Python that it found.

Nothing is installed when it runs, so it uses the standard library only.  Its last act is to
write down what it installed: an interrupted run leaves no such note, and the next one begins
again.  The kernel holds the lock, so that it is free after a kill -9.
"""

import errno
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_VENV = _ROOT / ".venv"
_LISTED = _ROOT / "requirements.lock"
_LOCK = _ROOT / "var" / ".installing"
_NOTE = _VENV / "installed"
_ROOM = 600_000_000
_FULL = 20_000_000


def install(wanted: str) -> None:
    """Make the environment, unless another process did so while this one waited."""
    _LOCK.parent.mkdir(exist_ok=True)
    with _LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another process is installing here: waiting for its end.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        # If this process is killed, its pip goes on writing: let it hold the lock until it ends.
        os.set_inheritable(lock.fileno(), True)
        if _NOTE.exists() and _NOTE.read_text(encoding="utf-8").strip() == wanted:
            return
        shutil.rmtree(_VENV, ignore_errors=True)
        _demand(_ROOM)
        _say("Installing what requirements.lock lists into .venv; this happens once.")
        _python(sys.executable, "-m", "venv", str(_VENV))
        pip = [str(_VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        exactly = ["--require-hashes", "--no-deps", "--requirement", str(_LISTED)]
        _python(*pip, "install", "--quiet", "--no-input", *exactly)
        _NOTE.write_text(f"{wanted}\n", encoding="utf-8")


def _demand(least: int) -> None:
    free = shutil.disk_usage(_ROOT).free
    if free < least:
        sys.exit(
            f"The disk is too full: the first start needs {_ROOM // 1_000_000} MB in {_ROOT},"
            f" and {free // 1_000_000} MB are free."
        )


def _python(*command: str) -> None:
    # A developer's own pip settings may name other places to install to.
    environment = os.environ | {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}
    for name in ("PIP_TARGET", "PIP_PREFIX"):
        environment.pop(name, None)
    done = subprocess.run(command, check=False, env=environment, close_fds=False)  # noqa: S603
    if done.returncode:
        _demand(_FULL)
        sys.exit("The installation failed, for the reason above. ./run begins it anew.")


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    try:
        install(sys.argv[1])
    except KeyboardInterrupt:
        sys.exit("The installation was interrupted. ./run begins it anew.")
    except OSError as error:
        full = error.errno == errno.ENOSPC
        sys.exit("The disk is full." if full else f"The installation failed: {error}.")
