"""Attacks on sign-in: keep somebody out, spray one password over many accounts, lie about the network."""

import httpx

from tests.security.installation import Installation

HERE, ELSEWHERE = "127.0.0.1", "127.0.9.1"  # two networks of one machine: /24 each
WRONG = "certainly not the password"


def browser(installation: Installation, address: str = HERE, marks: str = "", **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=installation.url,
        transport=httpx.AsyncHTTPTransport(local_address=address),
        cookies={"beacon_device": marks} if marks else {},
        headers=headers,
        timeout=30,
    )


async def answer(client: httpx.AsyncClient, email: str, password: str) -> str:
    """ "in", "wrong" or "later"."""
    found = (await client.post("/auth/login", data={"email": email, "password": password})).headers["location"]
    return "in" if found == "/" else "later" if "error=throttled" in found else "wrong"


async def test_nobody_can_keep_somebody_else_out(own_installation: Installation) -> None:
    owner = own_installation.people["owner"]
    async with browser(own_installation, ELSEWHERE) as known:
        assert await answer(known, owner.email, owner.password) == "in"
        marks = known.cookies["beacon_device"]
    for attacker in (HERE, ELSEWHERE):
        async with browser(own_installation, attacker) as client:
            answers = [await answer(client, owner.email, WRONG) for _ in range(15)]
        assert answers[:5] == 5 * ["wrong"]
        assert answers.count("later") >= 5
    async with browser(own_installation, HERE, marks) as client:  # from the attacker's network, at once
        assert await answer(client, owner.email, owner.password) == "in"
    async with browser(own_installation, "127.0.10.1") as client:  # a browser nobody knows, in another network
        assert await answer(client, owner.email, owner.password) == "in"


async def test_one_network_cannot_spray_over_accounts(own_installation: Installation) -> None:
    async with browser(own_installation) as client:
        answers = [await answer(client, f"person{number}@example.com", "Summer2026!") for number in range(60)]
    assert answers[:20] == 20 * ["wrong"]
    assert answers.count("wrong") <= 24  # delays of 2, 4, 8, 16 s are not over while this runs


async def test_a_made_up_forwarded_address_is_no_other_network(own_installation: Installation) -> None:
    owner = own_installation.people["owner"]
    answers, log = [], own_installation.listen()
    for number in range(12):
        async with browser(own_installation, **{"X-Forwarded-For": f"203.0.{number}.7"}) as client:
            answers.append(await answer(client, owner.email, WRONG))
    assert "later" in answers[5:]
    assert "BEACON_TRUSTED_PROXIES" in log.text
