"""Opening a connection over real sockets: TLS, log-in, and every way it fails, in words that help."""

import asyncio
import base64
import socket
import ssl
import traceback
from pathlib import Path

import pytest

from campaign_app.channels.base import AccountConfig, ConnectionReport, Verdict
from campaign_app.channels.email_smtp.adapter import SmtpAdapter
from campaign_app.channels.email_smtp.connection import Connection
from campaign_app.channels.email_smtp.trouble import Trouble
from tests.channels.accounts import config_of
from tests.channels.certificates import Authority
from tests.channels.helpers import FAST, account, message
from tests.channels.loops import event_loop_policy  # noqa: F401  (a fixture)
from tests.channels.model_server import Behaviour, Fault, running

SECRET = "s3cret pässword"


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.bundle))
    return made


def config(port: int, **changes) -> AccountConfig:
    values = {"host": "127.0.0.1", "tls": "none", "from_address": "news@example.com", "connections": 1}
    return config_of(port=port, **values | changes)


async def check(port: int, **changes) -> ConnectionReport:
    report = await SmtpAdapter(FAST).test_connection(config(port, **changes), timeout_s=3)
    text = "\n".join((report.summary, *report.transcript))
    assert SECRET not in text
    assert "czNjcmV0" not in text, "the password in base64"
    return report


def failing(step: str, reply: bytes | None = None, then: str = "go on") -> Behaviour:
    return Behaviour(lambda found, number: Fault(reply, then) if found == step else None)


async def test_a_plain_server_shows_its_words_and_what_it_can_do() -> None:
    async with running(Behaviour(greeting=b"220-model\r\n220 second line\r\n")) as (port, _):
        report = await check(port)
    assert report.ok
    assert report.capabilities == {"PIPELINING": "", "8BITMIME": "", "SIZE": "1000000"}
    assert report.transcript[1:3] == ("S: 220 model", "S: 220 second line")
    assert "C: QUIT" in report.transcript
    assert "S: 221 bye" in report.transcript


@pytest.mark.parametrize("mechanisms", [("PLAIN",), ("LOGIN",), ("XOAUTH2",), ("CRAM-MD5", "LOGIN", "PLAIN")])
async def test_log_in(mechanisms: tuple[str, ...]) -> None:
    behaviour = Behaviour(mechanisms=mechanisms, users={"jo": SECRET})
    async with running(behaviour) as (port, _):
        assert (await check(port, username="jo", password=SECRET)).ok
        refused = await check(port, username="jo", password="wrong")
    assert not refused.ok
    assert "refuses the log-in" in refused.summary
    assert "app password" in refused.summary
    assert any(line.startswith("S: 535") for line in refused.transcript)


async def test_a_chosen_method_that_is_not_offered() -> None:
    async with running(Behaviour(mechanisms=("PLAIN",), users={"jo": SECRET})) as (port, _):
        report = await check(port, username="jo", password=SECRET, auth="login")
    assert "no log-in method" in report.summary


async def test_falls_to_the_next_method_when_one_is_offered_but_not_supported() -> None:
    behaviour = Behaviour(mechanisms=("PLAIN", "LOGIN"), users={"jo": SECRET})
    behaviour.plan = lambda step, number: Fault(b"504 5.5.4 no\r\n") if (step, number) == ("auth", 0) else None
    async with running(behaviour) as (port, _):
        report = await check(port, username="jo", password=SECRET)
    assert report.ok
    assert "C: AUTH LOGIN" in report.transcript


async def test_starttls_and_implicit_tls(authority: Authority) -> None:
    behaviour = Behaviour(capabilities=(b"STARTTLS", b"PIPELINING"), mechanisms=("PLAIN",), users={"jo": SECRET})
    async with running(behaviour, starttls=authority.context("good")) as (port, witness):
        report = await check(port, tls="starttls", username="jo", password=SECRET)
        sent = await SmtpAdapter(FAST).send_one(
            config(port, tls="starttls", username="jo", password=SECRET), message(1)
        )
    assert report.ok, report.summary
    assert any("encrypted: TLSv1" in line for line in report.transcript)
    assert sum(line.startswith("C: EHLO") for line in report.transcript) == 2
    assert sent.verdict is Verdict.ACCEPTED
    assert witness.accepted["p1@example.org"] == 1
    async with running(behaviour, implicit=authority.context("good")) as (port, witness):
        assert (await check(port, tls="implicit", username="jo", password=SECRET)).ok
        assert (await check(port, tls="implicit", host="localhost")).ok


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize(
    ("kind", "says"), [("expired", "Renew"), ("foreign", "Use the name"), ("self-signed", "SSL_CERT_FILE")]
)
async def test_certificates_are_checked(authority: Authority, tls: str, kind: str, says: str) -> None:
    context = authority.context(kind)
    more = {"implicit": context} if tls == "implicit" else {"starttls": context}
    async with running(Behaviour(capabilities=(b"STARTTLS",), users={"jo": SECRET}), **more) as (port, witness):
        report = await check(port, tls=tls, username="jo", password=SECRET)
    assert not report.ok
    assert "certificate of 127.0.0.1 is not valid" in report.summary
    assert says in report.summary
    assert not any(command.startswith(b"AUTH") for command in witness.commands)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_server_that_knows_only_outdated_tls(authority: Authority, tls: str) -> None:
    context = authority.context("good")
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    more = {"implicit": context} if tls == "implicit" else {"starttls": context}
    behaviour = Behaviour(capabilities=(b"STARTTLS",), mechanisms=("PLAIN",), users={"jo": SECRET})
    async with running(behaviour, **more) as (port, witness):
        report = await check(port, tls=tls, username="jo", password=SECRET)
    assert "No encrypted connection" in report.summary or "while starting encryption" in report.summary
    assert "outdated TLS" in report.summary
    assert not any(command.startswith(b"AUTH") for command in witness.commands)


async def test_no_log_in_method_in_common_and_none_at_all() -> None:
    for mechanisms, offers in ((("CRAM-MD5", "NTLM"), ()), ((), (b"PIPELINING",))):
        behaviour = Behaviour(capabilities=offers or (b"SIZE 5",), mechanisms=mechanisms, users={"jo": SECRET})
        async with running(behaviour) as (port, witness):
            report = await check(port, username="jo", password=SECRET)
        assert "no log-in method that fits this account" in report.summary
        assert "choose STARTTLS or TLS" in report.summary
        assert not any(command.startswith(b"AUTH") for command in witness.commands)


async def test_xoauth2_tells_its_error_in_a_round_of_its_own() -> None:
    async with running(Behaviour(mechanisms=("XOAUTH2",), users={"jo": SECRET})) as (port, witness):
        report = await check(port, username="jo", password=f"{SECRET} but expired")
    at = report.transcript.index("C: (empty line)")
    assert report.transcript[at - 1].startswith("S: 334 ")
    assert report.transcript[at + 1] == "S: 535 5.7.8 token refused"
    assert witness.commands[-1] == b""
    assert "refuses the log-in" in report.summary


async def test_the_password_is_in_no_log_and_no_exception(caplog: pytest.LogCaptureFixture) -> None:
    secret = account(1, username="jo", password=SECRET)
    assert SECRET not in f"{secret} {secret!r}"
    with caplog.at_level("DEBUG"):
        async with running(Behaviour(mechanisms=("PLAIN", "LOGIN"), users={"jo": "other"})) as (port, _):
            with pytest.raises(Trouble) as found:
                await Connection(account(port, username="jo", password=SECRET), FAST).open()
            result = await SmtpAdapter(FAST).send_one(config(port, username="jo", password=SECRET), message(1))
    seen = "".join(traceback.TracebackException.from_exception(found.value).format(chain=True))
    assert found.value.__cause__ is not found.value
    for text in (seen, repr(vars(found.value)), caplog.text, str(result)):
        assert SECRET not in text
        assert "czNjcmV0" not in text
        assert base64.b64encode(f"\0jo\0{SECRET}".encode()).decode() not in text


async def test_no_starttls_where_it_is_wanted_sends_no_password() -> None:
    async with running(Behaviour(mechanisms=("PLAIN",), users={"jo": SECRET})) as (port, witness):
        report = await check(port, tls="starttls", username="jo", password=SECRET)
    assert "does not offer STARTTLS" in report.summary
    assert not any(command.startswith(b"AUTH") for command in witness.commands)


@pytest.mark.logs("Unhandled exception in client_connected_cb")
async def test_starttls_refused() -> None:
    behaviour = failing("starttls", b"454 4.7.0 TLS not available\r\n")
    behaviour.capabilities = (b"STARTTLS",)
    async with running(behaviour) as (port, _):
        assert "refuses to encrypt" in (await check(port, tls="starttls")).summary


async def test_data_slipped_in_before_the_encryption_is_refused(authority: Authority) -> None:
    behaviour = failing("starttls", b"220 go\r\n250 injected\r\n")
    behaviour.capabilities = (b"STARTTLS",)
    async with running(behaviour, starttls=authority.context("good")) as (port, _):
        assert "between STARTTLS and the encryption" in (await check(port, tls="starttls")).summary


async def test_tls_from_the_start_against_a_plain_server(authority: Authority) -> None:
    async with running(Behaviour()) as (port, _):
        assert "Port 465 wants TLS from the start" in (await check(port, tls="implicit")).summary


async def test_a_plain_dialogue_against_a_tls_server(authority: Authority) -> None:
    async with running(Behaviour(), implicit=authority.context("good")) as (port, _):
        report = await check(port)
    assert "did not answer" in report.summary or "closed the connection" in report.summary


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (failing("greeting", b"421 4.7.0 busy\r\n"), "takes no connection at the moment"),
        (failing("greeting", b"554 5.7.1 go away\r\n"), "refuses connections from this machine"),
        (failing("greeting", then="drop"), "closed the connection before its greeting"),
        (failing("greeting", then="mute"), "did not answer in time before its greeting"),
        (failing("greeting", b"\x15\x03\x01\x00\x02\x02\n"), "does not answer like a mail server"),
        (failing("greeting", b"HTTP/1.1 400 Bad Request\r\n\r\n"), "does not answer like a mail server"),
        (failing("ehlo", then="drop"), "closed the connection during the greeting"),
        (failing("ehlo", then="mute"), "did not answer in time during the greeting"),
        (failing("ehlo", b"250-model\r\n250 x\r\n250 extra\r\n"), "does not answer like a mail server"),
    ],
)
async def test_openings_that_fail(behaviour: Behaviour, says: str) -> None:
    async with running(behaviour) as (port, _):
        report = await check(port)
    assert not report.ok
    assert says in report.summary


async def test_an_old_server_that_knows_only_helo() -> None:
    async with running(failing("ehlo", b"502 5.5.2 not implemented\r\n")) as (port, _):
        assert (await check(port)).ok
        assert (await SmtpAdapter(FAST).send_one(config(port), message(1))).verdict is Verdict.ACCEPTED


async def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        report = await check(taken.getsockname()[1])
    assert "refuses connections on port" in report.summary


async def test_a_name_that_does_not_exist() -> None:
    report = await check(25, host="mail.does-not-exist.invalid")
    assert "cannot be found" in report.summary
    assert (await check(25, host="bad..name")).ok is False


async def test_accepts_and_never_answers() -> None:
    async with running(failing("greeting", then="mute")) as (port, _):
        started = asyncio.get_running_loop().time()
        report = await SmtpAdapter().test_connection(config(port), timeout_s=0.3)
    assert "did not answer in time" in report.summary
    assert asyncio.get_running_loop().time() - started < 3


@pytest.mark.parametrize(
    ("behaviour", "verdict"),
    [
        (Behaviour(), Verdict.ACCEPTED),
        (failing("rcpt", b"550 5.1.1 unknown\r\n"), Verdict.PERMANENT),
        (failing("dot", b"451 4.3.0 later\r\n"), Verdict.TEMPORARY),
        (failing("greeting", then="drop"), Verdict.NOT_TRIED),
        (failing("dot", then="drop"), Verdict.UNCERTAIN),
        (failing("dot", then="mute"), Verdict.UNCERTAIN),
    ],
)
async def test_send_one(behaviour: Behaviour, verdict: Verdict) -> None:
    async with running(behaviour) as (port, witness):
        result = await SmtpAdapter(FAST).send_one(config(port), message(1), timeout_s=3)
    assert result.verdict is verdict
    assert witness.accepted["p1@example.org"] == (verdict is Verdict.ACCEPTED)


async def test_send_one_gives_up_in_time() -> None:
    async with running(failing("greeting", then="mute")) as (port, _):
        result = await SmtpAdapter().send_one(config(port), message(1), timeout_s=0.2)
    assert result.verdict is Verdict.NOT_TRIED
    assert result.response == "No answer within 0.2 s."
