"""`./run manage openapi`: write the OpenAPI document, or check that the committed one is true."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "openapi" / "openloyalty.json"


def document() -> str:
    """The document of the Open Loyalty dialect, as the code has it now."""
    generator: Any = SchemaGenerator  # It has no types.
    schema = generator().get_schema(request=None, public=True)
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


class Command(BaseCommand):
    help = "Write docs/openapi/openloyalty.json; with --check, fail if it is not up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        current = document()
        if GENERATOR_STATS:
            GENERATOR_STATS.emit_summary()
            raise CommandError("The document has gaps, named above.")
        if not check:
            DOCUMENT.parent.mkdir(parents=True, exist_ok=True)
            DOCUMENT.write_text(current, encoding="utf-8")
        elif not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != current:
            raise CommandError("The document is out of date: ./run manage openapi writes it.")
