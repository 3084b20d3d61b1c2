"""`./run manage create_admin anna@example.com`: the first administrator of a new server."""

import getpass
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty.actors import command_line
from loyalty.errors import Invalid
from loyalty.models import Role
from loyalty.selectors.access import EVERYTHING
from loyalty.services.administrators import create_administrator
from loyalty.services.roles import create_role


class Command(BaseCommand):
    help = (
        "Add a super admin, who may do everything in every store. The password is asked for, or"
        " read from ADMIN_PASSWORD."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--username", help="Instead of the e-mail address.")

    def handle(self, *args: Any, email: str, username: str | None, **options: Any) -> None:
        actor = command_line("create_admin")
        password = os.environ.get("ADMIN_PASSWORD") or getpass.getpass()
        try:
            role = Role.objects.filter(is_master=True).first() or create_role(
                name="Super admin",
                permissions=[],
                store_codes=[],
                is_master=True,
                actor=actor,
                reach=EVERYTHING,
            )
            create_administrator(
                email=email,
                username=username,
                password=password,
                role_ids=[role.id],
                actor=actor,
                reach=EVERYTHING,
            )
        except Invalid as refusal:
            raise CommandError(" ".join(each.message for each in refusal.violations)) from None
        self.stdout.write(f"{username or email} may log in to the admin, and make API keys.")
