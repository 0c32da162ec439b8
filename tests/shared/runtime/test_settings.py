"""Settings are complete and well formed, or the process says which variable is not."""

from pathlib import Path

import pytest

from shared.kernel.errors import Refused
from shared.runtime.settings import migrate_settings, service_settings

GOOD = {
    "KAFKA_BOOTSTRAP": "127.0.0.1:9092",
    "CLUBS_DATABASE_URL": "postgresql://clubs:pw@127.0.0.1:5432/lienthe_clubs",
    "CLUBS_DATABASE_OWNER_URL": "postgresql://clubs_owner:pw@127.0.0.1:5432/lienthe_clubs",
    "CLB_PORT": "8101",
}


def test_complete_settings_are_read_and_production_is_the_default():
    settings = service_settings("clubs", GOOD)
    assert (settings.host, settings.port, settings.mode) == ("127.0.0.1", 8101, "production")


def test_the_app_role_of_a_migration_is_the_user_of_the_services_own_url():
    assert migrate_settings("clubs", GOOD).app_role == "clubs"


@pytest.mark.parametrize("name", ["KAFKA_BOOTSTRAP", "CLUBS_DATABASE_URL"])
def test_a_missing_variable_is_refused_by_its_name(name):
    with pytest.raises(Refused) as refused:
        service_settings("clubs", {key: value for key, value in GOOD.items() if key != name})
    assert refused.value.slug == "setting-missing"
    assert name in refused.value.vi
    assert name in refused.value.en


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAFKA_BOOTSTRAP", "localhost"),
        ("KAFKA_BOOTSTRAP", "localhost:port"),
        ("CLUBS_DATABASE_URL", "mysql://a:b@c/d"),
        ("CLUBS_DATABASE_URL", "postgresql://a:b@c"),
        ("CLB_PORT", "0"),
        ("CLB_PORT", "65536"),
        ("CLB_PORT", "http"),
        ("CLB_MODE", "prod"),
    ],
)
def test_a_malformed_variable_is_refused_by_its_name(name, value):
    with pytest.raises(Refused) as refused:
        service_settings("clubs", {**GOOD, name: value})
    assert refused.value.slug == "setting-invalid"
    assert name in refused.value.en


def test_the_text_form_of_settings_holds_no_password():
    assert "pw" not in repr(service_settings("clubs", GOOD))
    assert "pw" not in repr(migrate_settings("clubs", GOOD))


def test_a_process_that_relays_needs_a_key_and_is_told_how_one_is_made():
    assert service_settings("clubs", {**GOOD, "CLB_PUBLIC_KEY": "a.pub"}, {"serve"}).signing is None
    with pytest.raises(Refused) as refused:
        service_settings("clubs", GOOD, {"relay"})
    assert "./clb checkpoint key" in refused.value.vi
    assert "make a key by ./clb checkpoint key FILE" in refused.value.en


@pytest.mark.parametrize("role", ["serve", "project"])
def test_every_process_needs_the_public_key_which_lies_beside_the_signing_key(role):
    """One that serves also opens its log for writing, and holds it against what was signed."""
    with pytest.raises(Refused, match="CLB_PUBLIC_KEY"):
        service_settings("clubs", GOOD, {role})
    signing = {**GOOD, "CLB_SIGNING_KEY": "keys/a.key", "CLB_CHECKPOINTS": "signed"}
    assert service_settings("clubs", signing, {"relay", "project"}).public_key == Path("keys/a.key.pub")
    given = service_settings("clubs", {**signing, "CLB_PUBLIC_KEY": "b.pub"}, {"relay", "project"})
    assert given.public_key == Path("b.pub")


def test_checkpoints_may_be_signed_every_few_seconds():
    every = {**GOOD, "CLB_SIGNING_KEY": "a.key", "CLB_CHECKPOINTS": "signed", "CLB_CHECKPOINT_MINUTES": "0.1"}
    signing = service_settings("clubs", every, {"relay"}).signing
    assert signing is not None
    assert signing.seconds == pytest.approx(6)
