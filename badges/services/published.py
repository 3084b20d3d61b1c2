"""What comes of publishing."""

from dataclasses import dataclass

from badges.models import ConditionVersion
from loyalty.models import Job


@dataclass(frozen=True, slots=True)
class Published:
    """The version in force, and the job that looks at everybody whom it may concern."""

    version: ConditionVersion
    job: Job
