"""What bursts are judged by besides messages: who speaks, what is said, how far it reaches; and what false alarms taught."""

from django.db import migrations, models

# A sketch is 512 bits in eight levels of 64: a thing sets one bit, in level 0 with chance 1/2, in level 1 with 1/4, and
# so on, always the same one. Or-ing two sketches gives that of both together; `octavo.alert.sketch` counts from it.
#
# A text is known by the three of its words that hash lowest (A. Broder, 1997): a retweet, a greeting or a number more
# leave them mostly as they are. One of fewer than seven words is known by all of them, one of fewer than four is its
# author's own: many people say "thanks" by themselves.
COUNTS = r"""
CREATE FUNCTION octavo_sketch(thing bigint) RETURNS bit(512) LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT RETURN
    set_bit(0::bit(512), (thing & 63)::integer + 64 * CASE
        WHEN thing & 64 <> 0 THEN 0 WHEN thing & 128 <> 0 THEN 1 WHEN thing & 256 <> 0 THEN 2
        WHEN thing & 512 <> 0 THEN 3 WHEN thing & 1024 <> 0 THEN 4 WHEN thing & 2048 <> 0 THEN 5
        WHEN thing & 4096 <> 0 THEN 6 ELSE 7 END, 1);

CREATE FUNCTION octavo_fingerprint(search tsvector, author bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (
    SELECT CASE WHEN count(*) < 4 THEN hashint8extended(author, 1)
        ELSE hash_array_extended((array_agg(said.hash ORDER BY said.hash))[1:CASE WHEN count(*) < 7 THEN 6 ELSE 3 END], 0) END
    FROM (SELECT hashtext(word) AS hash FROM unnest(tsvector_to_array(search)) AS word
          WHERE length(word) >= 3 AND word !~ '[0-9]') AS said);

ALTER TABLE alert_count ADD COLUMN weight real, ADD COLUMN authors bit(512), ADD COLUMN texts bit(512);
"""
UNDO = """
ALTER TABLE alert_count DROP COLUMN weight, DROP COLUMN authors, DROP COLUMN texts;
DROP FUNCTION octavo_fingerprint(tsvector, bigint);
DROP FUNCTION octavo_sketch(bigint);
"""

KINDS = [
    ("grave", "Grave message"),
    ("burst", "Burst"),
    ("hijack", "Campaign hijacked"),
    ("story", "New topic or rising story"),
    ("unanswered", "Unanswered criticism with reach"),
    ("source", "Source silent or flooded"),
]


class Migration(migrations.Migration):
    dependencies = [("alert", "0002_storage"), ("conversations", "0009_stories")]

    operations = [
        migrations.RunSQL(COUNTS, UNDO),
        migrations.AddField("rule", "lessons", models.PositiveSmallIntegerField(default=0)),
        migrations.AddField("rule", "lessons_since", models.DateTimeField(null=True)),
        migrations.RemoveConstraint("rule", "alert_rule_kind"),
        migrations.AlterField("rule", "kind", models.CharField(choices=KINDS, max_length=12)),
        migrations.AddConstraint(
            "rule",
            models.CheckConstraint(condition=models.Q(kind__in=[kind for kind, _ in KINDS]), name="alert_rule_kind"),
        ),
        migrations.AlterField("count", "key", models.CharField(max_length=160)),
        migrations.AlterField("alert", "key", models.CharField(max_length=160)),
        migrations.AlterField("alert", "chart", models.CharField(default="all", max_length=160)),
    ]
