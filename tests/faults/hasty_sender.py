"""`python -m tests.faults.hasty_sender`: a sender that calls delivered what it is about to send.

The control of the tests beside it: what it held when it was killed is lost, and nobody knows.
"""

from typing import Any

from tests.faults import rehearsed  # noqa: F401 (sets Django up)

# isort: split
from django.core.management import call_command
from django.db import connection

from loyalty.management.commands import deliver
from loyalty.services.webhooks.queue import claim
from loyalty.webhooks.messages import Message


def hasty(*args: Any, **kwargs: Any) -> list[Message]:
    messages = claim(*args, **kwargs)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE loyalty_delivery SET state = 'delivered', finished_at = now()"
            " WHERE id = ANY (%s::uuid[])",
            [[message.id for message in messages]],
        )
    return messages


if __name__ == "__main__":
    deliver.claim = hasty  # type: ignore[attr-defined]
    call_command("deliver")
