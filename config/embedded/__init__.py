"""A private PostgreSQL and a private Valkey, for a developer's machine and for tests.

`ensure` starts what DATABASE_URL and REDIS_URL do not name.  Production never imports this.
"""

import os
from pathlib import Path

from config.embedded import keeper, postgres, users, valkey
from config.embedded.home import Server

_SERVERS: dict[str, Server] = {"DATABASE_URL": postgres, "REDIS_URL": valkey}


def ensure(var: Path) -> None:
    """Name both servers in the environment of this process and of its children.

    What the environment names already is left alone.  The others are started with their data in
    `var`; they run until the last process that asked for them has ended, however it ended.
    """
    wanted = [name for name in _SERVERS if not {name, f"{name}_FILE"} & os.environ.keys()]
    if not wanted:
        return
    var.mkdir(parents=True, exist_ok=True)
    with users.starting(var):
        users.join(var)
        for name in wanted:
            os.environ[name] = _SERVERS[name].start(var)
        keeper.summon(var)
