"""Inbox, message and settings pages; who may use them."""

import smtplib

import pytest

from tests.sandbox.conftest import Box

MAIL = (
    b"From: Ines <ines@example.com>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n"
    b"Message-ID: <1@x>\r\n"
    b"Content-Type: text/html; charset=utf-8\r\n\r\n<b>Hi</b><script>alert(1)</script>\r\n"
)


@pytest.fixture
def filled(box: Box) -> Box:
    with smtplib.SMTP("127.0.0.1", box.smtp_port) as client:
        for number in range(60):
            client.sendmail("a@b.c", f"p{number}@x.example", MAIL)
    return box


def newest(box: Box) -> int:
    return box.http.get("/api/messages?limit=1").json()[0]["id"]


def test_inbox_lists_searches_and_pages(filled: Box) -> None:
    page = filled.http.get("/").text
    assert "Grüße" in page
    assert "p59@x.example" in page
    assert "p9@x.example" not in page
    assert "p9@x.example" in filled.http.get(f"/?before={newest(filled) - 48}").text
    assert filled.http.get("/?search=p9@").text.count('class="name"') == 1
    assert "No messages match" in filled.http.get("/?search=nobody").text


def test_message_tabs(filled: Box) -> None:
    for tab, expected in {
        "html": "<iframe",
        "text": "no text part",
        "headers": "Message-ID",
        "source": "&lt;b&gt;",
    }.items():
        assert expected in filled.http.get(f"/messages/{newest(filled)}?tab={tab}").text
    assert filled.http.get("/messages/999999").status_code == 404


def test_the_message_cannot_run_scripts(filled: Box) -> None:
    policy = filled.http.get(f"/messages/{newest(filled)}/body").headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy


def test_settings_are_saved_and_kept(box: Box) -> None:
    answer = box.http.post("/settings/people", data={"open": "25", "click": "5,5", "longest_delay_s": "10"})
    assert answer.status_code == 303
    assert box.api("people")["open"] == 0.25
    assert box.api("people")["click"] == 0.055
    box.http.post("/settings/faults", data={"slow_ms": "20", "refuse": "*@a.example\n*@b.example", "unavailable": "on"})
    assert box.api("faults")["refuse"] == ["*@a.example", "*@b.example"]
    assert box.api("faults")["unavailable"] is True
    assert "Faults saved" in box.http.get("/settings?saved=faults").text


def test_wrong_settings_are_said_and_change_nothing(box: Box) -> None:
    page = box.http.post("/settings/people", data={"open": "140"}).text
    assert "Not saved: open" in page
    assert box.api("people")["open"] == 0
    assert box.http.post("/api/faults", json={"temporary_share": 7}).status_code == 422
    assert box.http.post("/api/faults", json={"nonsense": 1}).status_code == 422


def test_other_sites_cannot_use_it(box: Box) -> None:
    assert box.http.get("/", headers={"Host": "evil.example"}).status_code == 421
    assert box.http.post("/api/reset", headers={"Origin": "http://evil.example"}).status_code == 403


def test_an_act_that_is_not_possible_is_said(filled: Box) -> None:
    address = f"/messages/{newest(filled)}"
    answer = filled.http.post(f"{address}/act", data={"act": "click"})
    assert "This message offers no way to click." in filled.http.get(answer.headers["location"]).text


def test_the_page_brings_everything_it_needs(box: Box) -> None:
    page = box.http.get("/").text
    for path in ("/sandbox.css", "/inter.woff2", "/favicon.svg", "/inbox.js"):
        assert box.http.get(path).status_code == 200
    assert "http://" not in page.replace("http://127.0.0.1", "")
    assert "https://" not in page


def test_reset(filled: Box) -> None:
    assert filled.http.post("/settings/reset").status_code == 303
    assert filled.api("log")["accepted"] == 0
    assert "No mail yet" in filled.http.get("/").text
