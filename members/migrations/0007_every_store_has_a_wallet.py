"""Lots stay in their store and go with their line, and stores that are there get their wallet."""

from django.db import migrations

REFERENCES = [("member_id", "members_member"), ("id", "members_pointsentry")]


def reference(column: str, target: str) -> migrations.RunSQL:
    name = f"members_pointslot_{column}_stays_in_its_store"
    return migrations.RunSQL(
        f"ALTER TABLE members_pointslot ADD CONSTRAINT {name} FOREIGN KEY (store_id, {column}) "
        f"REFERENCES {target} (store_id, id) ON DELETE CASCADE",
        f"ALTER TABLE members_pointslot DROP CONSTRAINT {name}",
    )


DEFAULT_WALLETS = """
INSERT INTO members_wallettype
       (id, store_id, code, name, unit_singular, unit_plural, active, created_at)
SELECT gen_random_uuid(), id, 'default', 'Points', 'point', 'points', true, now()
  FROM loyalty_store
ON CONFLICT (store_id, code) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("members", "0006_what_is_left_of_points")]
    operations = [
        *(reference(*each) for each in REFERENCES),
        migrations.RunSQL(DEFAULT_WALLETS, migrations.RunSQL.noop),
    ]
