"""Run several programs as one: start them, start again what dies, stop them together."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

_DEATHS, _WITHIN = 5, 30.0
_FIRST_PAUSE = 0.2
_LOOK_EVERY = 0.1
_TIME_TO_STOP = 10.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Program:
    """A command, the name to speak of it, and what its environment has besides ours."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


def supervise(programs: Sequence[Program], greet: Callable[[], bool]) -> int:
    """Run the programs until TERM, HUP or Ctrl-C, and return the exit status: 0.

    A program that ends is started again after a short pause.  One that ends five times within
    30 seconds is beyond help: then everything stops, and the exit status is 1.  `greet` is called
    again and again until it says that it could.
    """
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # As `nohup` has it.
            signal.signal(number, lambda *_: stopping.set())
    children = [_Child(program) for program in programs]
    greeted = False
    try:
        while not stopping.wait(_LOOK_EVERY):
            if not all(child.tend() for child in children):
                return 1
            greeted = greeted or greet()
        return 0
    finally:
        _stop(children)


class _Child:
    """One program under supervision: the process that runs it now, and its recent deaths."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._deaths: deque[float] = deque(maxlen=_DEATHS)
        self._pause_until: float | None = None
        self._process = self._start()

    def tend(self) -> bool:
        """Start the program again if it died; false says that it does nothing but die."""
        now = time.monotonic()
        if self._pause_until is not None:
            if now >= self._pause_until:
                self._pause_until = None
                self._process = self._start()
            return True
        status = self._process.poll()
        if status is None:
            return True
        self.kill()
        self._deaths.append(now)
        recent = sum(now - death < _WITHIN for death in self._deaths)
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        if recent == _DEATHS:
            _say(
                f"The {self._program.name} {how}, for the {_DEATHS}th time within"
                f" {_WITHIN:.0f} seconds: everything stops. Its messages are above."
            )
            return False
        _say(f"The {self._program.name} {how}: it is started again.")
        self._pause_until = now + _FIRST_PAUSE * 2 ** (recent - 1)
        return True

    def ask_to_stop(self) -> None:
        self._process.terminate()

    def wait(self, seconds: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def kill(self) -> None:
        """End the process and all that it left behind."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        supervisor = os.getpid()

        def die_with_supervisor() -> None:
            """Linux only: be told when the supervisor dies, even by kill -9."""
            if _libc is not None:
                _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
                if os.getppid() != supervisor:
                    os._exit(1)

        return subprocess.Popen(  # noqa: S603
            self._program.command,
            env={**os.environ, **self._program.environment},
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops the rest.
            preexec_fn=die_with_supervisor,
        )


def _stop(children: Sequence[_Child]) -> None:
    """Ask all at once, wait for all together, and kill what is left."""
    deadline = time.monotonic() + _TIME_TO_STOP
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.wait(max(0.0, deadline - time.monotonic()))
        child.kill()


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
