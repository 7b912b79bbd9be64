"""Simulated recipients: their plans are pure, and what they do goes through real links and real reports only."""

import hashlib
import hmac
import smtplib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from campaign_app.sandbox import mail, reports
from campaign_app.sandbox.behaviour import Action, Behaviour, plan
from tests.sandbox.conftest import KEY, Box, Start

ALL = Behaviour(open=0.4, click=0.1, unsubscribe=0.05, complain=0.02, bounce=0.03)


def test_plans_are_the_same_every_time() -> None:
    assert plan(ALL, "a@x.example", "<1>") == plan(ALL, "a@x.example", "<1>")


def test_shares_are_kept() -> None:
    plans = [[p.act for p in plan(ALL, f"p{n}@x.example", f"<{n}>")] for n in range(20_000)]
    share = {act: sum(act in actions for actions in plans) / len(plans) for act in Action}
    assert share[Action.BOUNCE] == pytest.approx(0.03, abs=0.006)
    assert share[Action.OPEN] == pytest.approx(0.4 * 0.97, abs=0.015)
    assert share[Action.CLICK] == pytest.approx(0.1 * 0.97, abs=0.01)
    assert share[Action.UNSUBSCRIBE] + share[Action.UNSUBSCRIBE_PAGE] == pytest.approx(0.05 * 0.97, abs=0.008)
    assert all(Action.OPEN in actions for actions in plans if Action.CLICK in actions)
    assert all(actions == [Action.BOUNCE] for actions in plans if Action.BOUNCE in actions)


@pytest.mark.parametrize(
    ("address", "actions"),
    [
        ("bounce@x.example", [Action.BOUNCE]),
        ("complain3@x.example", [Action.COMPLAIN]),
        ("open@x.example", [Action.OPEN]),
        ("click+a@x.example", [Action.OPEN, Action.CLICK]),
        ("unsubscribe@x.example", [Action.OPEN, Action.UNSUBSCRIBE]),
        ("anna@x.example", []),
    ],
)
def test_special_addresses_act_without_any_share(address: str, actions: list[Action]) -> None:
    assert [p.act for p in plan(Behaviour(), address, "<1>")] == actions


def test_delays_stay_inside_their_bounds() -> None:
    people = ALL.model_copy(update={"shortest_delay_s": 2.0, "longest_delay_s": 10.0})
    delays = [p.after_s for n in range(500) for p in plan(people, f"p{n}@x.example", "<1>")]
    assert min(delays) >= 2.0
    assert max(delays) <= 15.0


@dataclass
class Product:
    """Stands where Beacon's web process would: remembers what was asked of it."""

    url: str
    asked: list[tuple[str, str, bytes, dict[str, str]]] = field(default_factory=list)

    def paths(self, method: str) -> list[str]:
        return [path for verb, path, _, _ in self.asked if verb == method]


@pytest.fixture
def product() -> Iterator[Product]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found.asked.append((self.command, self.path, body, dict(self.headers)))
            page = b'<form method="post" action="/u/token"><input type="hidden" name="really" value="yes"></form>'
            self.send_response(200)
            self.end_headers()
            self.wfile.write(page)

        do_GET = do_POST = answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Product(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def living(start_box: Start, product: Product) -> Box:
    box = start_box("--public-url", product.url)
    box.api("people", shortest_delay_s=0, longest_delay_s=0)
    return box


def message(product: Product, encoding: str = "8bit") -> bytes:
    html = (
        f'<p>ü</p><img src="{product.url}/t/o/token.gif" width="1"><img src="http://elsewhere.invalid/x.png">'
        f'<a href="{product.url}/t/c/token">Shop</a> <a href="{product.url}/u/token">Unsubscribe</a>'
    )
    from email.message import EmailMessage

    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "news@beacon.example", "p@x.example", "Hello"
    made["Message-ID"] = "<m1@beacon.example>"
    made["List-Unsubscribe"] = f"<{product.url}/u/token>, <mailto:u@beacon.example>"
    made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made.set_content("Text")
    made.add_alternative(html, subtype="html", cte=encoding)
    from email.policy import SMTP

    return made.as_bytes(policy=SMTP)


def deliver(box: Box, recipient: str, body: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", box.smtp_port) as client:
        client.sendmail("bounce+tok@beacon.example", recipient, body)


@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable", "base64"])
def test_opens_and_clicks_visit_only_the_product(living: Box, product: Product, encoding: str) -> None:
    deliver(living, "click@x.example", message(product, encoding))
    living.wait_for(lambda: len(product.asked) == 2)
    assert sorted(product.paths("GET")) == ["/t/c/token", "/t/o/token.gif"]
    assert living.api("status")["actions"]["failed"] == {}


def test_one_click_unsubscribe_is_the_post_of_rfc_8058(living: Box, product: Product) -> None:
    deliver(living, "unsubscribe@x.example", message(product))
    living.wait_for(lambda: bool(product.paths("POST")))
    _, path, body, headers = next(asked for asked in product.asked if asked[0] == "POST")
    assert (path, parse_qs(body.decode())) == ("/u/token", {"List-Unsubscribe": ["One-Click"]})
    assert "Cookie" not in headers


def test_the_unsubscribe_page_is_opened_and_its_form_sent(living: Box, product: Product) -> None:
    deliver(living, "anna@x.example", message(product))
    answer = living.http.post("/api/messages/1/act", json={"act": "unsubscribe_page"})
    assert answer.json() == {"done": "unsubscribe_page"}
    assert product.paths("GET") == ["/u/token"]
    assert product.asked[-1][2] == b"really=yes"


@pytest.mark.parametrize(
    ("address", "report_type"), [("bounce@x.example", "delivery-status"), ("complain@x.example", "feedback-report")]
)
def test_reports_are_signed_and_real(living: Box, product: Product, address: str, report_type: str) -> None:
    deliver(living, address, message(product))
    living.wait_for(lambda: bool(product.paths("POST")))
    _, path, body, headers = product.asked[-1]
    report = message_from_bytes(body)
    assert path == "/hooks/mail"
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == report_type
    assert report["To"] == "bounce+tok@beacon.example"
    assert b"<m1@beacon.example>" in body
    assert headers["X-Beacon-Signature"] == expected_signature(body)


def expected_signature(body: bytes) -> str:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    key = HKDF(hashes.SHA256(), 32, salt=None, info=b"hooks mail").derive(KEY.encode())
    return hmac.digest(key, body, hashlib.sha256).hex()


def test_dsn_has_the_fields_of_rfc_3464() -> None:
    parts = list(message_from_bytes(reports.bounce(b"Subject: x\r\n\r\n", "s@x.example", "r@y.example")).walk())
    status = next(p for p in parts if p.get_content_type() == "message/delivery-status")
    fields = {name: value for group in status.get_payload() for name, value in group.items()}
    assert fields["Action"] == "failed"
    assert fields["Final-Recipient"] == "rfc822; r@y.example"
    assert fields["Status"] == "5.1.1"


def test_an_application_that_is_down_is_counted_not_fatal(start_box: Start, product: Product) -> None:
    box = start_box("--public-url", "http://127.0.0.1:9")
    box.api("people", shortest_delay_s=0, longest_delay_s=0)
    deliver(box, "bounce@x.example", message(product))
    box.wait_for(lambda: box.api("status")["actions"]["failed"].get("bounce") == 1)


def test_outline_without_html() -> None:
    assert mail.outline(b"Subject: x\r\n\r\nText") == mail.Outline((), (), "")


def test_folded_message_id() -> None:
    assert mail.message_id(b"Subject: x\r\nMessage-ID:\r\n <a@b>\r\n\r\nMessage-ID: <no@b>\r\n") == "<a@b>"
