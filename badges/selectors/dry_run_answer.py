"""From what a dry run computes to its answer: figures, a curve, samples, as one JSON value.

A continuation of the statement in `dry_runs`, whose parts are `again` (what is met) and, for each
policy, what evaluation would write.
"""


def _sample(source: str, moment: str) -> str:
    """Up to so many members, any ones but always the same, with how often and when."""
    return f"""(
        SELECT coalesce(json_agg(json_build_object(
                   'customerId', member_id, 'times', times, 'firstAt', first_at, 'lastAt', last_at)
                   ORDER BY first_at, member_id), '[]')
          FROM (SELECT member_id, count(*) AS times, min({moment}) AS first_at,
                       max({moment}) AS last_at
                  FROM {source} GROUP BY member_id
                 ORDER BY md5(member_id::text) LIMIT %(sample)s) sampled)"""  # noqa: S608


def _side(source: str, moment: str) -> str:
    return f"""json_build_object(
        'members', (SELECT count(DISTINCT member_id) FROM {source}),
        'completions', (SELECT count(*) FROM {source}),
        'sample', {_sample(source, moment)})"""  # noqa: S608


def _effect(policy: str) -> str:
    missing, excess = "FILTER (WHERE fault = 'missing')", "FILTER (WHERE fault = 'excess')"
    return f"""(
        SELECT json_build_object(
                   'granted', count(*) {missing},
                   'members', count(DISTINCT member_id) {missing},
                   'firstAt', min(due_at) {missing}, 'lastAt', max(due_at) {missing},
                   'redated', count(*) FILTER (WHERE fault = 'late'),
                   'takenAway', count(*) {excess},
                   'membersLosing', count(DISTINCT member_id) {excess})
          FROM {policy})"""  # noqa: S608


# `due`: whom the condition says it of and who can earn anything.  `standing`: what conditions have
# granted and would leave, the latest being given up first.
ANSWER = f"""due AS MATERIALIZED (
    SELECT again.member_id, again.k, again.reached_at
      FROM again JOIN members_member m ON m.id = again.member_id
     WHERE m.store_id = %(store)s::uuid AND NOT m.anonymized
), gained AS (SELECT member_id, due_at FROM take_away WHERE fault = 'missing'
), lost AS (SELECT member_id, granted_at FROM take_away WHERE fault = 'excess'
), standing AS MATERIALIZED (
    SELECT granted.member_id, granted.granted_at
      FROM (SELECT e.member_id, e.version_id, e.completion, max(e.occurred_at) AS granted_at,
                   row_number() OVER (PARTITION BY e.member_id
                                      ORDER BY max(e.occurred_at)) AS place,
                   count(*) OVER (PARTITION BY e.member_id) AS times
              FROM badges_badgeentry e
             WHERE e.store_id = %(store)s::uuid AND e.badge_type_id = %(badge_type)s::uuid
               AND e.completion IS NOT NULL
             GROUP BY e.member_id, e.version_id, e.completion HAVING sum(e.delta) > 0) granted
      LEFT JOIN (SELECT member_id, count(*) AS times FROM lost GROUP BY member_id) gone
             ON gone.member_id = granted.member_id
     WHERE granted.place <= granted.times - coalesce(gone.times, 0)
), span AS MATERIALIZED (
    SELECT first_at, last_at,
           CASE WHEN last_at - first_at < interval '110 days' THEN 'day'
                WHEN last_at - first_at < interval '770 days' THEN 'week'
                WHEN last_at - first_at < interval '3300 days' THEN 'month'
                WHEN last_at - first_at < interval '40000 days' THEN 'year'
                ELSE 'century' END AS unit
      FROM (SELECT min(reached_at AT TIME ZONE %(zone)s::text) AS first_at,
                   max(reached_at AT TIME ZONE %(zone)s::text) AS last_at FROM due) ends
     WHERE first_at IS NOT NULL
), bucket AS (
    SELECT date_trunc(span.unit, due.reached_at AT TIME ZONE %(zone)s::text) AS start,
           count(*) AS completions, count(*) FILTER (WHERE due.k = 1) AS members
      FROM due CROSS JOIN span GROUP BY 1
)
SELECT json_build_object(
    'members', (SELECT count(DISTINCT member_id) FROM due),
    'completions', (SELECT count(*) FROM due),
    'curve', json_build_object(
        'unit', coalesce((SELECT unit FROM span), 'day'),
        'buckets', (
            SELECT coalesce(json_agg(json_build_object(
                       'start', to_char(every.start, 'YYYY-MM-DD'),
                       'members', coalesce(bucket.members, 0),
                       'completions', coalesce(bucket.completions, 0)) ORDER BY every.start), '[]')
              FROM span
             CROSS JOIN generate_series(date_trunc(span.unit, span.first_at), span.last_at,
                                        ('1 ' || span.unit)::interval) AS every (start)
              LEFT JOIN bucket ON bucket.start = every.start)),
    'sample', {_sample("due", "reached_at")},
    'gained', {_side("gained", "due_at")},
    'lost', {_side("lost", "granted_at")},
    'kept', {_side("standing", "granted_at")},
    'policies', json_build_object(
        'fromNowOn', {_effect("from_now_on")},
        'onlyAdd', {_effect("only_add")},
        'takeAway', {_effect("take_away")}))::text
"""  # noqa: S608 (every value is a parameter)
