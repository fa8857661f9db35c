"""kill -9 between detection and notification: it rings once, not zero times, not twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest
from django.db import connection
from ringing import VALVE

from octavo.alert import deliver, ring, rules
from octavo.alert.models import Alert, AlertEvent, Delivery, RuleKind
from octavo.conversations.models import Brand, Mention
from octavo.kit import clock
from octavo.people.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

PROGRAM = """
import os, signal, sys
sys.path.insert(0, "tests")
import django
django.setup()
from django.conf import settings
from django.db import connection, transaction
connection.settings_dict["NAME"] = os.environ["TEST_DATABASE"]
settings.OCTAVO_OPTIONS = settings.OCTAVO_OPTIONS.model_copy(update={"mail_host": "127.0.0.1", "mail_port": 9})
from by_hand import readings
from ringing import GRAVE, VALVE
from octavo.alert import deliver, watch
from octavo.conversations import record as recorder
from octavo.conversations.models import Brand
from octavo.kit import clock
from octavo.vocabulary import Author, Post

def die(where):
    if os.environ["DIE"] == where:
        os.kill(os.getpid(), signal.SIGKILL)

brand = Brand.objects.get()
posts = [Post(channel="forum", external_id="one", text=VALVE, created_at=clock.now(), author=Author("lina"))]
recorder.make_room(posts)
with transaction.atomic():
    recorded = recorder.record(posts, readings(posts, GRAVE), brand=brand.pk)
    die("recorded")
    watch.recorded(recorded.new)
    die("rung")
die("committed")
"""


def run(die: str, program: str = PROGRAM) -> int:
    database = str(connection.settings_dict["NAME"])
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "octavo.site.settings",
        "TEST_DATABASE": database,
        "DIE": die,
    }
    return subprocess.run([sys.executable, "-c", textwrap.dedent(program)], env=environment, timeout=120).returncode


def test_a_process_killed_anywhere_on_the_way_leaves_one_alert_and_one_letter(brand: Brand, user: User) -> None:
    for where in ("recorded", "rung"):
        assert run(where) == -signal.SIGKILL
        # Nothing of it is there: whoever brings the message again finds it new.
        assert not Mention.objects.exists() and not Alert.objects.exists() and not Delivery.objects.exists()
    assert run("committed") == -signal.SIGKILL
    assert run("nowhere") == 0  # the channel gives the same message again
    assert Mention.objects.count() == Alert.objects.count() == Delivery.objects.count() == 1
    assert AlertEvent.objects.filter(action="rang").count() == 1
    assert Delivery.objects.get().state == Delivery.State.WAITING and deliver.any_due()
    assert Mention.objects.get().text == VALVE


PASSING = """
import os, signal, sys
import django
django.setup()
from django.conf import settings
from django.db import connection
connection.settings_dict["NAME"] = os.environ["TEST_DATABASE"]
settings.OCTAVO_OPTIONS = settings.OCTAVO_OPTIONS.model_copy(update={"mail_host": "127.0.0.1", "mail_port": 9})
from octavo.alert import deliver, passing, ring

def die(where):
    if os.environ["DIE"] == where:
        os.kill(os.getpid(), signal.SIGKILL)

tell, announce = deliver.pass_on, ring.announce
deliver.pass_on = lambda *given: (die("noted"), tell(*given))
ring.announce = lambda *given: (announce(*given), die("told"))
passing.pass_due()
die("committed")
"""


def test_a_worker_killed_while_it_passes_on_passes_on_once(brand: Brand, admin: User) -> None:
    rule = rules.of([brand.pk])[brand.pk, RuleKind.BURST]
    reason = {"kind": "burst", "key": "all", "hour": 9, "usual_hour": 1, "once_in_days": 9}
    ring.open_alert(rule, "all", severity=4, reason=reason, first_signal_at=clock.now())
    Alert.objects.update(pass_at=clock.now())
    for where in ("noted", "told"):
        assert run(where, PASSING) == -signal.SIGKILL
        assert not AlertEvent.objects.filter(action="passed").exists() and not Delivery.objects.exists()
    assert run("committed", PASSING) == -signal.SIGKILL
    assert run("nowhere", PASSING) == 0
    assert AlertEvent.objects.filter(action="passed").count() == 1 == Delivery.objects.filter(person=admin).count()
