"""An account's form as its adapter declares it: what was entered is read by kind, and every declared field is one."""

import pytest

from campaign_app.channels import fields, registry
from campaign_app.channels.base import ChannelAdapter
from campaign_app.channels.email_smtp.adapter import SmtpAdapter
from campaign_app.channels.fields import Kind

ADAPTERS = pytest.mark.parametrize("adapter", registry.adapters(), ids=lambda adapter: adapter.provider)


@pytest.mark.parametrize(
    ("given", "number"),
    [("2,000", 2_000), (" 25 ", 25), ("", None), ("many", None), ("-3", None), ("1" * 10, None), ("²", None)],
)
def test_numbers_as_people_write_them(given: str, number: int | None) -> None:
    assert fields.number(given) == number


def test_what_was_entered_is_read_by_kind() -> None:
    given = {"host": " mx.example ", "port": "x", "tls": "nonsense", "password": " kept as typed ", "unknown": "y"}
    settings, secrets, wrong = fields.read(SmtpAdapter.form, given)
    assert (settings["host"], settings["tls"]) == ("mx.example", "starttls")
    assert secrets == {"password": " kept as typed "}
    assert set(wrong) == {"port", "connections"}
    assert "unknown" not in settings


@ADAPTERS
def test_every_declared_field_is_a_setting_or_a_secret(adapter: ChannelAdapter) -> None:
    for field in adapter.form.fields:
        known = adapter.secret_names if field.kind is Kind.SECRET else adapter.settings_model.model_fields
        assert field.name in known
        assert bool(field.choices) is (field.kind is Kind.CHOICE)
        for choice in field.choices:
            assert choice.sets.keys() <= adapter.settings_model.model_fields.keys()
    everything = {*adapter.settings_model.model_fields, *adapter.secret_names}
    depends = adapter.dependence
    assert depends.connection | depends.server | depends.rate <= everything
    for preset in adapter.form.presets.values():
        assert preset.values.keys() <= adapter.settings_model.model_fields.keys()


@ADAPTERS
def test_an_empty_form_of_every_provider_can_be_opened(adapter: ChannelAdapter) -> None:
    assert adapter.settings_model().model_dump(mode="json")
