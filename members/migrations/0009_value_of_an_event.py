from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0008_touched_members_that_fail")]

    operations = [
        migrations.AddField(
            model_name="eventschema",
            name="value_field",
            field=models.CharField(blank=True, max_length=255),
        ),
    ]
