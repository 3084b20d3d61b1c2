"""The SQL of the ledger."""

# `posted` leaves out lines whose occurrence is in the ledger already; the count follows only
# from what was really posted.  A count that falls to 0 takes its row along.
#
# `heard`: whatever gives a badge or takes it away, conditions that ask for the badge look at its
# members again.  What expires was earned all the same, so it changes nothing for them.
#
# `b`: the arrays go over in binary.  As text, each element would be searched for what has to be
# quoted.
#
# PostgreSQL knows no figures of a new store or a new badge type and takes either for rare.  It
# would then read all that a job has written so far again for each member, so it may not choose:
# the store is `change.store_id`, not a constant whose figures it looks up, and `OFFSET 0` keeps
# it from beginning with the badge type.
POST = """
WITH posted AS (
    INSERT INTO badges_badgeentry
           (id, store_id, member_id, badge_type_id, kind, delta, occurrence_key, version_id,
            completion, reason, actor_kind, actor_id, actor_label, source, source_id,
            occurred_at, recorded_at)
    SELECT line.id, %(store)s, line.member_id, line.badge_type_id, line.kind, line.delta,
           line.occurrence_key, line.version_id, line.completion, line.reason, %(actor_kind)s,
           %(actor_id)s, %(actor_label)s, %(source)s, line.source_id, line.occurred_at, %(now)s
      FROM unnest(%(ids)b::uuid[], %(members)b::uuid[], %(badge_types)b::uuid[],
                  %(kinds)b::text[], %(deltas)b::int[], %(occurrences)b::text[],
                  %(versions)b::uuid[], %(completions)b::int[], %(reasons)b::text[],
                  %(source_ids)b::text[], %(moments)b::timestamptz[])
           AS line (id, member_id, badge_type_id, kind, delta, occurrence_key, version_id,
                    completion, reason, source_id, occurred_at)
    ON CONFLICT (store_id, occurrence_key) DO NOTHING
    RETURNING id, store_id, member_id, badge_type_id, kind, delta, occurred_at
), change AS (
    SELECT (array_agg(id))[1] AS id, store_id, member_id, badge_type_id, sum(delta)::int AS delta,
           min(occurred_at) FILTER (WHERE delta > 0) AS first_earned_at,
           max(occurred_at) FILTER (WHERE delta > 0) AS last_earned_at
      FROM posted GROUP BY store_id, member_id, badge_type_id
), raised AS (
    INSERT INTO badges_memberbadge AS held
           (id, store_id, member_id, badge_type_id, completed_count, first_earned_at,
            last_earned_at, updated_at)
    SELECT change.id, %(store)s, change.member_id, change.badge_type_id, change.delta,
           least(change.first_earned_at, earlier.first_earned_at),
           greatest(change.last_earned_at, earlier.last_earned_at), %(now)s
      FROM change
      LEFT JOIN LATERAL (
           SELECT min(occurred_at) AS first_earned_at, max(occurred_at) AS last_earned_at
             FROM (SELECT occurred_at
                     FROM (SELECT badge_type_id, delta, version_id, completion, occurred_at
                             FROM badges_badgeentry entry
                            WHERE entry.store_id = change.store_id
                              AND entry.member_id = change.member_id OFFSET 0) of_the_member
                    WHERE badge_type_id = change.badge_type_id
                      AND (delta > 0 OR completion IS NOT NULL)
                    GROUP BY occurred_at, version_id, completion HAVING sum(delta) > 0) earned
           ) earlier ON true
     WHERE change.delta > 0
    ON CONFLICT (store_id, member_id, badge_type_id) DO UPDATE
       SET completed_count = held.completed_count + excluded.completed_count,
           first_earned_at = least(held.first_earned_at, excluded.first_earned_at),
           last_earned_at = greatest(held.last_earned_at, excluded.last_earned_at),
           updated_at = excluded.updated_at
    RETURNING member_id, badge_type_id, completed_count
), lowered AS (
    UPDATE badges_memberbadge held
       SET completed_count = held.completed_count + change.delta, updated_at = %(now)s
      FROM change
     WHERE held.store_id = change.store_id AND held.member_id = change.member_id
       AND held.badge_type_id = change.badge_type_id
       AND change.delta < 0 AND held.completed_count + change.delta > 0
    RETURNING held.member_id, held.badge_type_id, held.completed_count
), removed AS (
    DELETE FROM badges_memberbadge held USING change
     WHERE held.store_id = change.store_id AND held.member_id = change.member_id
       AND held.badge_type_id = change.badge_type_id
       AND change.delta < 0 AND held.completed_count + change.delta = 0
    RETURNING held.member_id, held.badge_type_id, 0
), unmoved AS (
    SELECT held.member_id, held.badge_type_id, held.completed_count
      FROM change JOIN badges_memberbadge held
        ON held.store_id = change.store_id AND held.member_id = change.member_id
       AND held.badge_type_id = change.badge_type_id
     WHERE change.delta = 0
), counted AS (
    SELECT * FROM raised UNION ALL SELECT * FROM lowered UNION ALL SELECT * FROM removed
    UNION ALL SELECT * FROM unmoved
), heard AS (
    INSERT INTO members_touchedmember
           (store_id, member_id, input, since, takes_away, touched_at)
    SELECT store_id, member_id, 'badge:' || badge_type_id, min(occurred_at), min(delta) < 0,
           %(now)s
      FROM posted
     WHERE kind <> 'expiry' AND badge_type_id = ANY (ARRAY(
           SELECT badge_type_id FROM (SELECT DISTINCT badge_type_id FROM posted) of_a_type
            WHERE EXISTS (SELECT FROM badges_conditioninput hears
                           WHERE hears.store_id = %(store)s
                             AND hears.input = 'badge:' || of_a_type.badge_type_id)))
     GROUP BY store_id, member_id, badge_type_id
    RETURNING 1
)
SELECT change.member_id, change.badge_type_id,
       coalesce(counted.completed_count, 0) - change.delta,
       CASE WHEN change.delta = 0 THEN coalesce(counted.completed_count, 0)
            ELSE counted.completed_count END,
       EXISTS (SELECT FROM heard)
  FROM change LEFT JOIN counted USING (member_id, badge_type_id)
"""

# The dates of a badge are those of the moments at which it was earned.  A completion that was
# found to be earlier, or never to have been, adds up to nothing at the moment it was taken from.
RESTATE = """
WITH given AS MATERIALIZED (
    SELECT DISTINCT %(store)s::uuid AS store_id, pair.member_id, pair.badge_type_id
      FROM unnest(%(members)b::uuid[], %(badge_types)b::uuid[]) AS pair (member_id, badge_type_id)
), dated AS (
    SELECT given.store_id, given.member_id, given.badge_type_id, earned.*
      FROM given CROSS JOIN LATERAL (
           SELECT min(occurred_at) AS first_earned_at, max(occurred_at) AS last_earned_at
             FROM (SELECT occurred_at
                     FROM (SELECT badge_type_id, delta, version_id, completion, occurred_at
                             FROM badges_badgeentry entry
                            WHERE entry.store_id = given.store_id
                              AND entry.member_id = given.member_id OFFSET 0) of_the_member
                    WHERE badge_type_id = given.badge_type_id
                      AND (delta > 0 OR completion IS NOT NULL)
                    GROUP BY occurred_at, version_id, completion HAVING sum(delta) > 0) moments
           ) earned
)
UPDATE badges_memberbadge held
   SET first_earned_at = dated.first_earned_at, last_earned_at = dated.last_earned_at
  FROM dated
 WHERE held.store_id = dated.store_id AND held.member_id = dated.member_id
   AND held.badge_type_id = dated.badge_type_id
"""
