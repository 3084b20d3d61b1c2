"""`./run bench`: start what is needed, load the data, drive it, and print how fast it was."""

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import django

from benchmarks import server

_VAR = Path(__file__).resolve().parent.parent / "var" / "bench"
_MEMBERS = 2500
_ACTIVE_MEMBERS = {"short": 20_000, "normal": 100_000, "full": 100_000}
# How many activities there are already, and how many more are sent.
_ACTIVITIES = {
    "short": ((100_000,), 20_000),
    "normal": ((100_000, 1_000_000), 60_000),
    "full": ((1_000_000, 10_000_000), 60_000),
}
_MESSAGES = {"short": 10_000, "normal": 40_000, "full": 100_000}
_MEMBERS_IN_A_JOB = {"short": 50_000, "normal": 200_000, "full": 1_000_000}

# Members, and what they did.
_CONDITIONS = {
    "short": (4_000, 200_000),
    "normal": (100_000, 5_000_000),
    "full": (100_000, 5_000_000),
}


def main() -> None:
    # Each of them unwinds the stack, and with it goes whatever was started.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    arguments = _arguments()
    try:
        with server.alone(_VAR):
            print("Starting PostgreSQL and Valkey.", flush=True)
            server.prepare(_VAR)
            django.setup()
            _bench(arguments)
    except KeyboardInterrupt:
        sys.exit("Interrupted.")


def _bench(arguments: argparse.Namespace) -> None:
    from benchmarks.data import Size  # Not before Django has its settings.
    from benchmarks.measure import Bench, Pace, case_names

    unknown = set(arguments.only) - set(case_names())
    if unknown:
        sys.exit(f"There is no {min(unknown)}; there are {', '.join(case_names())}.")
    paces = {"short": Pace(1, 2), "normal": Pace(3, 3), "full": Pace(5, 10)}
    if arguments.jobs:
        from benchmarks.jobs.measure import JobBench

        members = arguments.members or _MEMBERS_IN_A_JOB[arguments.pace]
        paces["full"] = Pace(2, 10)  # A round of a million takes minutes.
        return JobBench(_VAR, members, paces[arguments.pace]).run()
    if arguments.activity:
        from benchmarks.activity.measure import ActivityBench

        members = arguments.members or _ACTIVE_MEMBERS[arguments.pace]
        sizes, events = _ACTIVITIES[arguments.pace]
        return ActivityBench(_VAR, members, sizes, events, paces[arguments.pace]).run()
    if arguments.webhooks:
        from benchmarks.webhooks.measure import WebhookBench

        return WebhookBench(_VAR, _MESSAGES[arguments.pace], paces[arguments.pace]).run()
    if arguments.conditions:
        from benchmarks.conditions.measure import ConditionBench

        members, rows = _CONDITIONS[arguments.pace]
        return ConditionBench(_VAR, members, rows, paces[arguments.pace]).run()
    members = arguments.members or _MEMBERS
    size = Size(arguments.stores, members, arguments.badges)
    bench = Bench(_VAR, size, paces[arguments.pace], arguments.only)
    return bench.run(arguments.compare)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    pace = parser.add_mutually_exclusive_group()
    add = pace.add_argument
    add("--short", dest="pace", action="store_const", const="short", help="one quick round")
    add("--full", dest="pace", action="store_const", const="full", help="five long rounds")
    parser.set_defaults(pace="normal")
    # At most so many that their numbers keep their digits (see `data`).
    parser.add_argument("--stores", type=_from_1_to(8000), default=20, metavar="N")
    parser.add_argument("--members", type=_from_1_to(1_000_000), metavar="N",
                        help="in each store")  # fmt: skip
    parser.add_argument("--badges", type=_from_1_to(1000), default=12, metavar="N",
                        help="types in each store, held by every member")  # fmt: skip
    parser.add_argument("--only", nargs="+", default=[], metavar="CASE",
                        help="for example: list grant")  # fmt: skip
    parser.add_argument("--compare", type=Path, metavar="FILE", help="an earlier run's results")
    parser.add_argument("--jobs", action="store_true", help="bulk work, and nothing else")
    parser.add_argument("--activity", action="store_true", help="activity and what it earns")
    parser.add_argument("--conditions", action="store_true", help="conditions over a whole store")
    parser.add_argument("--webhooks", action="store_true", help="deliveries and the outbox")
    arguments = parser.parse_args()
    alone = arguments.jobs or arguments.activity or arguments.conditions or arguments.webhooks
    if alone and (arguments.only or arguments.compare):
        parser.error(
            "--jobs, --activity, --conditions and --webhooks go with --short, --full and"
            " --members alone"
        )
    return arguments


def _from_1_to(most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is not from 1 to {most}")
        return int(text)

    return number


if __name__ == "__main__":
    main()
