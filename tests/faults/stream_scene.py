"""`python -m tests.faults.stream_scene CODE`: a store; prints an API key for its events."""

import sys

from tests.faults import rehearsed  # noqa: F401 (sets Django up, and what a test adds)

# isort: split
from loyalty.models import Access, Resource
from tests.builders import make_administrator, make_api_key, make_role, make_store


def main(code: str) -> None:
    may = ((Resource.EVENT, Access.VIEW), (Resource.SETTINGS, Access.MODIFY))
    role = make_role(*may, stores=(make_store(code),), name=code)
    administrator = make_administrator(role, email=f"{code}@example.com")
    sys.stdout.write(make_api_key(administrator) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
