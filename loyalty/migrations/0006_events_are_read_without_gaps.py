"""How far the log can be read without missing anything, and what it is searched by.

A sequence number is taken when a row is written and seen when it commits, so a lower number may
come to light after a higher one.  Therefore each transaction that writes events notes, before it
takes its first number, the last one that was taken by anybody: in a shared advisory lock, which
ends with the transaction (or savepoint), however that ends.  All of its numbers are higher.

`rosette_event_horizon()` is the highest number up to which everything is settled.  It reads the
last number taken, and then who writes.  A transaction that is not seen writing has either
committed or will take numbers that are higher still; so whoever asks for the rows up to the
horizon *in a later statement* sees all of them that will ever be there.  It costs writers 20
microseconds for each transaction, and makes nobody wait for anybody.

docs/decisions/0016 says what else was tried.
"""

from django.db import migrations, models

# 1 919 906 676 is "rost" in ASCII: the class of these locks.  Of the number there is room for 31
# bits, which is enough to tell those of the transactions that are under way now.
_TELL = """
CREATE FUNCTION rosette_hold_event_horizon() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- Set for this transaction; undone, like the lock, if a savepoint is rolled back.
    noted text := current_setting('rosette.event_horizon', true);
BEGIN
    IF noted IS NULL OR noted = '' THEN
        SELECT CASE WHEN is_called THEN last_value ELSE 0 END
          INTO noted FROM loyalty_event_sequence_seq;
        PERFORM set_config('rosette.event_horizon', noted, true);
        PERFORM pg_advisory_xact_lock_shared(1919906676, (noted::bigint & 2147483647)::int);
    END IF;
    RETURN NULL;
END
$$;
-- Before the statement, that is before any of its numbers is taken.
CREATE TRIGGER event_holds_the_horizon BEFORE INSERT ON loyalty_event
    FOR EACH STATEMENT EXECUTE FUNCTION rosette_hold_event_horizon();

CREATE FUNCTION rosette_event_horizon() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    taken bigint;
    taken_later bigint;
    held bigint[];
BEGIN
    SELECT CASE WHEN is_called THEN last_value ELSE 0 END
      INTO taken FROM loyalty_event_sequence_seq;
    -- Our own rows, if we wrote any, we do see.
    SELECT array_agg(objid::bigint) INTO held FROM pg_locks
     WHERE locktype = 'advisory' AND classid = 1919906676 AND objsubid = 2
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND pid <> pg_backend_pid();
    SELECT CASE WHEN is_called THEN last_value ELSE 0 END
      INTO taken_later FROM loyalty_event_sequence_seq;
    RETURN least(taken, (SELECT min(taken_later - ((taken_later - noted) & 2147483647))
                           FROM unnest(held) AS noted));
END
$$;
"""
_FORGET = """
DROP FUNCTION rosette_event_horizon();
DROP TRIGGER event_holds_the_horizon ON loyalty_event;
DROP FUNCTION rosette_hold_event_horizon();
"""


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0005_no_index_on_the_store_alone")]
    operations = [
        migrations.RunSQL(_TELL, _FORGET),
        # Names are a catalogue in the code; a new one changes nothing in the database.
        migrations.AlterField("event", "name", models.CharField(max_length=64)),
    ]
