"""Which transaction wrote an event, so that a reader can tell what is complete.

Sequences are given out before their rows can be seen: a row with a lower number may appear after
one with a higher.  Everything whose transaction is older than the oldest one still running is
there for good, though.  Whoever reads, per store, what is greater than (transaction, sequence)
that it read last, and below `pg_snapshot_xmin(pg_current_snapshot())`, in that order, can
therefore never miss a row that commits late.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0005_no_index_on_the_store_alone")]
    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE loyalty_event
                ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id();
            CREATE INDEX event_by_transaction
                ON loyalty_event (store_id, transaction_id, sequence);
            """,
            "ALTER TABLE loyalty_event DROP COLUMN transaction_id;",
        )
    ]
