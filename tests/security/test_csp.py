"""What the answers allow a page to run."""

from tests.security.installation import Installation


async def test_every_answer_names_what_may_run(installation: Installation) -> None:
    async with installation.browser(installation.owner) as browser:
        for path in ("/api/health", "/auth/none", "/files/exports/contacts"):
            answer = await browser.get(path)
            policy = answer.headers["content-security-policy"]
            assert "object-src 'none'" in policy
            assert "frame-ancestors" in policy
