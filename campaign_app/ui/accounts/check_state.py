"""Connection tests and test messages. They run in the background, because a server may be slow."""

from typing import Any

import reflex as rx

from campaign_app.channels import service, tested
from campaign_app.channels.base import ConnectionReport, Result, Verdict
from campaign_app.channels.errors import AccountInvalid
from campaign_app.core import db
from campaign_app.core.clock import now
from campaign_app.core.errors import AppError
from campaign_app.ui.accounts import labels
from campaign_app.ui.accounts.account_state import AccountPage
from campaign_app.ui.app_state import AppState, explain, notify_error


class AccountCheck(AppState):
    """The result of the last test on this page."""

    testing: bool = False
    tested: bool = False
    works: bool = False
    summary: str = ""
    transcript: str = ""
    seconds: str = ""
    sending: bool = False
    outcome: str = ""
    outcome_ok: bool = False
    outcome_detail: str = ""

    @rx.event
    async def clear(self) -> None:
        """Remove the result shown on the previous page."""
        await self.require("accounts:read")
        self.testing = self.tested = self.sending = False
        self.summary = self.transcript = self.outcome = self.outcome_detail = ""

    @rx.event(background=True)
    async def test_form(self, given: dict[str, Any]) -> Any:
        """Test the form, saved or not. A form submitted to be saved is ignored."""
        if given.get("act") != "test":
            return
        async with self:
            actor = await self.require("accounts:write")
            page = await self.get_state(AccountPage)
            account, number = page._account, page.number
            form, wrong = labels.read_form(page.provider, given, account, page.active)
            page.errors = wrong
            if wrong:
                return
            self.testing, self.tested = True, False
        try:
            async with db.reading() as session:
                config = await service.form_config(session, actor, form, number or None)
                stored = account is not None and await service.is_as_stored(session, actor, number, config)
                report = await service.test_connection(session, actor, config)
            if stored:
                async with db.transaction() as session:
                    await service.record_check(session, actor, number, report)
        except AppError as error:
            async with self:
                (await self.get_state(AccountPage)).errors = error.fields if isinstance(error, AccountInvalid) else {}
            yield explain(error)
        else:
            async with self:
                self._show(report)
                page = await self.get_state(AccountPage)
                page._tested = tested.of(config, report, now())
                if number:
                    await page._refresh_standing()
        finally:
            async with self:
                self.testing = False

    def _show(self, report: ConnectionReport) -> None:
        self.tested, self.works, self.summary = True, report.ok, report.summary
        self.transcript = "\n".join(report.transcript)
        self.seconds = f"{report.seconds:.1f} s"

    @rx.event(background=True)
    async def send_test(self, given: dict[str, Any]) -> Any:
        async with self:
            actor = await self.require("accounts:write")
            number = (await self.get_state(AccountPage)).number
            to = str(given.get("test-to", "")).strip()
            self.sending, self.outcome = True, ""
        try:
            async with db.reading() as session:
                result = await service.send_test(session, actor, number, to)
            async with db.transaction() as session:
                await service.record_test(session, actor, number, to, result)
        except AccountInvalid as error:
            yield notify_error("Test not sent", error.message)
        except AppError as error:
            yield explain(error)
        else:
            async with self:
                self.outcome_ok = result.verdict is Verdict.ACCEPTED
                self.outcome, self.outcome_detail = _words(result, to), result.response
                await (await self.get_state(AccountPage))._refresh_standing()
        finally:
            async with self:
                self.sending = False


def _words(result: Result, to: str) -> str:
    return {
        Verdict.ACCEPTED: f"The server took the message for {to}.",
        Verdict.TEMPORARY: "The server put the message off. Wait a few minutes, then send the test again.",
        Verdict.PERMANENT: "The server refused the message. Its words say why; check sender and recipient.",
        Verdict.UNCERTAIN: "The server gave no answer after the message. It may have arrived; look into the mailbox.",
        Verdict.NOT_TRIED: "The message was not sent: the account does not work. Test the connection to see why.",
    }[result.verdict]
