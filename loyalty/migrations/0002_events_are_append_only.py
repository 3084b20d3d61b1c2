"""The database itself keeps the log: rows come in, and none is changed or taken out."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION rosette_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A row may go only together with what it belongs to: a cascade fires this from within
    -- another trigger, a plain DELETE does not.
    IF TG_OP = 'DELETE' AND pg_trigger_depth() > 1 THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER event_is_append_only BEFORE UPDATE OR DELETE ON loyalty_event
    FOR EACH ROW EXECUTE FUNCTION rosette_refuse_change();
"""

ALLOW = """
DROP TRIGGER event_is_append_only ON loyalty_event;
DROP FUNCTION rosette_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0001_stores_access_events_and_jobs")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
