"""What publishing a draft would do, in words."""

from badges.admin.conditions.publishing import POLICIES


def choices() -> list[dict[str, str]]:
    """The three policies, for the page that publishes."""
    return [
        {"value": policy, "label": label, "help": words}
        for policy, (label, words) in POLICIES.items()
    ]
