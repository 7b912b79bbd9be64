"""The DNS check against a name server of our own."""

import asyncio
from collections.abc import AsyncIterator

import dns.asyncresolver
import dns.message
import dns.rcode
import dns.rrset
import pytest

from campaign_app.channels.email import dkim, dns_check
from campaign_app.channels.email.dns_check import Published

KEY = dkim.generate_key()
RECORD = dkim.dns_record("example.com", "s1", KEY)


class NameServer(asyncio.DatagramProtocol):
    """Answers TXT questions from a table: a text, "" = no such name, None = silence."""

    def __init__(self) -> None:
        self.texts: dict[str, str | None] = {}

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address) -> None:
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text(omit_final_dot=True)
        text = self.texts.get(name, "")
        if text is None:
            return
        answer = dns.message.make_response(query)
        if text:
            pieces = " ".join(f'"{text[i : i + 200]}"' for i in range(0, len(text), 200))
            answer.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "TXT", pieces))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(answer.to_wire(), address)


@pytest.fixture
async def name_server() -> AsyncIterator[tuple[NameServer, dns.asyncresolver.Resolver]]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = transport.get_extra_info("sockname")[1]
    yield server, resolver
    transport.close()


@pytest.mark.parametrize(
    ("text", "published"),
    [
        (RECORD.text, Published.RIGHT),
        (RECORD.text.replace("; ", ";") + "; t=s", Published.RIGHT),
        ("v=DKIM1; k=rsa; p=AAAA", Published.OTHER),
        ("", Published.MISSING),
        (None, Published.UNKNOWN),
    ],
)
async def test_what_is_published(name_server, text: str | None, published: Published) -> None:
    server, resolver = name_server
    server.texts[RECORD.name] = text
    finding = await dns_check.check(RECORD, timeout_s=0.5, resolver=resolver)
    assert finding.published is published
    assert finding.words
