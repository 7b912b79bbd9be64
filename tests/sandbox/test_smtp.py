"""The SMTP server over real sockets: what clients of every kind may expect of it."""

import asyncio
import signal
import smtplib
import socket
import ssl

import pytest

from campaign_app.sandbox.faults import Bucket
from tests.sandbox.conftest import Box, Start

MAIL = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: Hello\r\nMessage-ID: <1@example.com>\r\n\r\nText\r\n"


def send(box: Box, *recipients: str, body: bytes = MAIL) -> dict:
    with smtplib.SMTP("127.0.0.1", box.smtp_port, timeout=10) as client:
        return client.sendmail("news@example.com", list(recipients), body)


def log(box: Box) -> tuple[int, int, int]:
    found = box.api("log")
    return found["accepted"], found["distinct"], found["duplicates"]


def newest(box: Box) -> dict:
    return box.http.get("/api/messages?limit=1").json()[0]


def source(box: Box) -> bytes:
    return box.http.get(f"/api/messages/{newest(box)['id']}/source").content


def test_offers_what_the_engine_uses(box: Box) -> None:
    with smtplib.SMTP("127.0.0.1", box.smtp_port) as client:
        client.ehlo()
        offered = set(client.esmtp_features)
    assert {"pipelining", "8bitmime", "size", "enhancedstatuscodes", "starttls"} <= offered


def test_accepts_and_logs(box: Box) -> None:
    assert send(box, "b@example.com", "c@example.com") == {}
    assert log(box) == (2, 2, 0)
    assert newest(box)["recipients"] == ["b@example.com", "c@example.com"]


def test_the_same_message_twice_is_a_duplicate(box: Box) -> None:
    send(box, "b@example.com")
    send(box, "B@Example.com")
    assert log(box) == (2, 1, 1)
    send(box, "b@example.com", body=MAIL.replace(b"<1@", b"<2@"))
    assert log(box) == (3, 2, 1)
    assert box.http.get("/api/log?by=recipient").json() == {"accepted": 3, "distinct": 1, "duplicates": 2}


def test_dots_come_out_as_they_went_in(box: Box) -> None:
    body = MAIL + b".\r\n..\r\n.x\r\nend\r\n"
    send(box, "b@example.com", body=body)
    assert source(box) == body


def test_full_group_in_one_write(box: Box) -> None:
    """RFC 2920 as the engine uses it: the body and the next envelope in one segment."""
    with socket.create_connection(("127.0.0.1", box.smtp_port), 5) as client:
        stream = client.makefile("rb")
        assert stream.readline().startswith(b"220")
        client.sendall(b"EHLO x\r\n")
        while not stream.readline().startswith(b"250 "):
            pass
        envelope = b"MAIL FROM:<a@b.c>\r\nRCPT TO:<p%d@example.org>\r\nDATA\r\n"
        client.sendall(envelope % 1)
        assert [stream.readline()[:3] for _ in range(3)] == [b"250", b"250", b"354"]
        client.sendall(MAIL + b".\r\n" + envelope % 2)
        assert [stream.readline()[:3] for _ in range(4)] == [b"250", b"250", b"250", b"354"]
        client.sendall(MAIL + b".\r\nQUIT\r\n")
        assert [stream.readline()[:3] for _ in range(2)] == [b"250", b"221"]
    assert log(box) == (2, 2, 0)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_any_segmentation_gives_the_same(box: Box, size: int) -> None:
    script = b"EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<p@example.org>\r\nDATA\r\n" + MAIL + b"\r\n..\r\n.\r\nQUIT\r\n"
    with socket.create_connection(("127.0.0.1", box.smtp_port), 5) as client:
        for at in range(0, len(script), size):
            client.sendall(script[at : at + size])
        answers = client.makefile("rb").read()
    assert answers.endswith(b"250 2.0.0 OK: queued\r\n221 2.0.0 Bye\r\n")
    assert source(box) == MAIL + b"\r\n.\r\n"


@pytest.mark.parametrize(
    ("address", "code"),
    [("refused@x.example", 550), ("refused7@x.example", 550), ("full+a@x.example", 552), ("later@x.example", 451)],
)
def test_special_addresses_are_refused(box: Box, address: str, code: int) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(box, address)
    assert refused.value.recipients[address][0] == code
    assert log(box) == (0, 0, 0)


def test_a_name_that_only_begins_like_one_is_ordinary(box: Box) -> None:
    assert send(box, "full.moon@x.example", "openly@x.example") == {}


def test_greylisting_accepts_the_second_attempt(box: Box) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(box, "busy@x.example")
    assert send(box, "busy@x.example") == {}


@pytest.mark.parametrize(("address", "accepted"), [("dropbefore@x.example", 0), ("dropafter@x.example", 1)])
def test_connection_dropped_around_the_final_dot(box: Box, address: str, accepted: int) -> None:
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(box, address)
    assert log(box)[0] == accepted
    assert box.http.get("/api/cut-off").json() == {"recipients": [address]}
    box.http.post("/api/reset")
    assert box.http.get("/api/cut-off").json() == {"recipients": []}


def test_faults_hold_for_open_connections(box: Box) -> None:
    with smtplib.SMTP("127.0.0.1", box.smtp_port) as client:
        assert client.sendmail("a@b.c", "one@x.example", MAIL) == {}
        box.api("faults", permanent_share=1.0)
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("a@b.c", "two@x.example", MAIL)
        box.api("faults", permanent_share=0.0, refuse=["*@gone.example"])
        assert set(client.sendmail("a@b.c", ["three@x.example", "four@gone.example"], MAIL)) == {"four@gone.example"}
        box.api("faults", refuse=[], temporary_share=1.0, stage="data")
        with pytest.raises(smtplib.SMTPDataError) as put_off:
            client.sendmail("a@b.c", "five@x.example", MAIL)
    assert put_off.value.smtp_code == 451
    assert log(box)[0] == 2


def test_shares_are_repeatable_and_about_right(start_box: Start) -> None:
    def refused(folder: str) -> list[str]:
        box = start_box(folder=folder)
        box.api("faults", permanent_share=0.3)
        return sorted(send(box, *(f"p{n}@x.example" for n in range(100))))

    first, second = refused("one"), refused("two")
    assert first == second
    assert 15 <= len(first) <= 45


def test_out_of_service(box: Box) -> None:
    box.api("faults", unavailable=True)
    with pytest.raises(smtplib.SMTPConnectError) as sent_away:
        smtplib.SMTP("127.0.0.1", box.smtp_port)
    assert sent_away.value.smtp_code == 421


def test_slow_answer(box: Box) -> None:
    box.api("faults", slow_ms=300)
    with smtplib.SMTP("127.0.0.1", box.smtp_port, timeout=0.1) as client:
        client.ehlo()
        client.mail("a@b.c")
        client.rcpt("p@x.example")
        with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
            client.data(MAIL)
    assert log(box)[0] == 1, "a slow server has taken the message before it says so"


def test_wrong_order_and_nonsense(box: Box) -> None:
    with smtplib.SMTP("127.0.0.1", box.smtp_port) as client:
        assert client.docmd("MAIL", "FROM:<a@b.c>")[0] == 503
        client.ehlo()
        assert client.docmd("RCPT", "TO:<a@b.c>")[0] == 503
        assert client.docmd("DATA")[0] == 503
        assert client.docmd("FROBNICATE")[0] == 500
        assert client.docmd("MAIL", "FROM:<a@b.c> SIZE=999999999")[0] == 552
        assert client.docmd("MAIL", "FROM a")[0] == 501
        client.mail("a@b.c")
        assert client.docmd("RCPT", "TO:<refused@x.example>")[0] == 550
        assert client.docmd("DATA")[0] == 554


def test_log_in(start_box: Start) -> None:
    box = start_box("--auth", "ines:geheim")
    for method in ("PLAIN", "LOGIN"):
        with smtplib.SMTP("127.0.0.1", box.smtp_port) as client:
            client.ehlo()
            assert client.docmd("MAIL", "FROM:<a@b.c>")[0] == 530
            client.user, client.password = "ines", "wrong"
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.auth(method, getattr(client, f"auth_{method.lower()}"))
        with smtplib.SMTP("127.0.0.1", box.smtp_port) as client:
            client.ehlo()
            client.user, client.password = "ines", "geheim"
            client.auth(method, getattr(client, f"auth_{method.lower()}"))
            assert client.sendmail("a@b.c", "b@x.example", MAIL) == {}


def test_starttls_forgets_what_came_in_the_clear(box: Box) -> None:
    trusted = ssl.create_default_context(cafile=box.folder / "sandbox.pem")
    with smtplib.SMTP("127.0.0.1", box.smtp_port) as client:
        client.ehlo()
        client.starttls(context=trusted)
        assert client.docmd("MAIL", "FROM:<a@b.c>")[0] == 503, "EHLO is needed again"
        client.ehlo()
        assert not client.has_extn("starttls")
        assert client.sendmail("a@b.c", "b@x.example", MAIL) == {}


def test_the_log_survives_sigkill_and_restart(start_box: Start) -> None:
    first = start_box()
    for number in range(20):
        send(first, f"p{number}@x.example")
    first.stop(signal.SIGKILL)
    second = start_box()
    assert log(second) == (20, 20, 0)
    send(second, "p0@x.example")
    assert log(second) == (21, 20, 1)


def test_the_inbox_survives_a_polite_restart(start_box: Start) -> None:
    first = start_box("--keep", "3")
    for number in range(5):
        send(first, f"p{number}@x.example")
    assert first.stop() == 0
    kept = start_box("--keep", "3").http.get("/api/messages").json()
    assert [m["recipients"] for m in kept] == [["p4@x.example"], ["p3@x.example"], ["p2@x.example"]]


def test_dropping_connections(box: Box) -> None:
    client = smtplib.SMTP("127.0.0.1", box.smtp_port)
    assert box.http.post("/api/drop-connections").json()["dropped"] >= 1
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.ehlo()


async def test_many_connections_at_once(box: Box) -> None:
    async def one(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", box.smtp_port)
        script = b"EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<p%d@example.org>\r\nDATA\r\n" % number
        writer.write(script + MAIL + b".\r\nQUIT\r\n")
        assert (await reader.read()).endswith(b"221 2.0.0 Bye\r\n")
        writer.close()

    await asyncio.gather(*(one(n) for n in range(200)))
    assert log(box) == (200, 200, 0)


def test_so_many_a_second(box: Box) -> None:
    box.api("faults", per_second=0.001)
    answers = []
    with smtplib.SMTP("127.0.0.1", box.smtp_port, timeout=10) as client:
        client.ehlo()
        for n in range(3):
            client.mail("news@example.com")
            answers.append(client.rcpt(f"person{n}@example.org"))
            client.rset()
    assert answers[0][0] == 250
    assert answers[1:] == [(451, b"4.7.1 Rate limit exceeded, try again later")] * 2


def test_a_bucket_holds_a_second_and_fills_again() -> None:
    bucket = Bucket()
    assert [bucket.takes_one(2.0, 10.0) for _ in range(3)] == [True, True, False]
    assert not bucket.takes_one(2.0, 10.4)
    assert bucket.takes_one(2.0, 10.5)
    assert [bucket.takes_one(2.0, 99.0) for _ in range(3)] == [True, True, False]
    slow = Bucket()
    assert [slow.takes_one(0.5, at) for at in (0.0, 1.0, 2.0)] == [True, False, True]
