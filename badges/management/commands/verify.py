"""`./run manage verify --store CODE [--member ID]`: is what is stored what the logs say?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from badges.selectors.verification import verify
from loyalty.errors import NotFound
from loyalty.identifiers import Identifier
from loyalty.models import Store
from members.selectors.identifiers import KEYS
from members.selectors.members import get_member


class Command(BaseCommand):
    help = (
        "Compare badges and ledger with a fresh computation, print each difference in a line,"
        " and exit with status 1 if there is any."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--store", required=True, help="Its code.")
        parser.add_argument("--member", help="An id, or email=...; without it, every member.")

    def handle(self, *args: Any, **options: Any) -> None:
        store = Store.objects.filter(code__iexact=options["store"]).first()
        if store is None:
            raise CommandError(f"There is no store {options['store']}.")
        member = None
        if options["member"]:
            try:
                member = get_member(store, _identifier(options["member"]))
            except (NotFound, ValueError):
                raise CommandError("There is no such member in this store.") from None
        verification = verify(store, now=timezone.now(), member=member)
        for warning in verification.warnings:
            self.stderr.write(f"Warning: {warning}")
        count = 0
        for finding in verification.differences:
            count += 1
            self.stdout.write(str(finding))
        if count:
            raise CommandError(f"{count} differences.")
        self.stdout.write("No differences.")


def _identifier(text: str) -> Identifier:
    """Raises `ValueError` or `NotFound` for what can name nobody."""
    identifier = Identifier.parse(text)
    if identifier.key == "id":
        return Identifier("id", str(identifier.uuid))
    if identifier.key not in KEYS:
        raise NotFound
    return identifier
