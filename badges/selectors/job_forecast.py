"""Whom a job's lines name, before it runs."""

from dataclasses import dataclass

from django.db import connection

from badges.models import BadgeType
from badges.selectors.holdings import IN_FORCE
from loyalty.models import Job, JobRow, Store
from members.selectors.identifiers import named_sql

_GIVEN = (
    "(SELECT identifier FROM loyalty_jobrow"
    " WHERE job_id = %%(job)s AND problem = '' AND identifier_key = %%(key_%d)s)"
)


@dataclass(frozen=True, slots=True)
class Forecast:
    """`lines` = `members` + `twice` + `unknown` + `rejected`."""

    lines: int
    members: int
    """Members whom the lines name, each once."""
    holders: int
    """Those of them who hold the badge now."""
    twice: int
    """Lines that name a member again."""
    unknown: int
    """Lines that name nobody."""
    rejected: int
    """Lines that could not be read."""
    counts_on_lines: bool
    """Whether some lines bring a count of their own."""


def forecast(store: Store, job: Job, badge_type: BadgeType) -> Forecast:
    """One statement, whatever the number of lines: each key is one join."""
    rows = JobRow.for_job(job).filter(problem="")
    keys = list(rows.order_by("identifier_key").values_list("identifier_key").distinct())
    named, members, holders = 0, 0, 0
    if keys:
        found = " UNION ALL ".join(
            named_sql(key, _GIVEN % number) for number, (key,) in enumerate(keys)
        )
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                WITH found AS MATERIALIZED ({found}),
                     members AS MATERIALIZED (SELECT DISTINCT member_id FROM found)
                SELECT (SELECT count(*) FROM found), (SELECT count(*) FROM members),
                       (SELECT count(*) FROM members
                          JOIN badges_memberbadge held USING (member_id)
                          JOIN badges_badgetype type ON type.id = held.badge_type_id
                         WHERE held.store_id = %(store)s AND held.badge_type_id = %(badge_type)s
                           AND {IN_FORCE})
                """,  # noqa: S608 (every value is a parameter)
                {
                    "store": store.id,
                    "job": job.id,
                    "badge_type": badge_type.id,
                    **{f"key_{number}": key for number, (key,) in enumerate(keys)},
                },
            )
            named, members, holders = cursor.fetchone()
    return Forecast(
        lines=job.total,
        members=members,
        holders=holders,
        twice=named - members,
        unknown=job.total - job.rejected - named,
        rejected=job.rejected,
        counts_on_lines=rows.filter(data__has_key="count").exists(),
    )
