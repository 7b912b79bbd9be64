"""A worker without room for its journal says so, sends nothing, and begins by itself."""

import errno
import os

import pytest
from structlog.testing import capture_logs

from campaign_app.delivery.ledger import journal
from campaign_app.worker import context


@pytest.mark.usefixtures("redis_url", "sqlite_database")
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "There is no room for the journal in"),
        (errno.EACCES, "The journal cannot be made in"),
    ],
)
async def test_a_disk_that_is_full_for_a_while(monkeypatch: pytest.MonkeyPatch, number: int, words: str) -> None:
    left, real = [OSError(number, os.strerror(number))] * 3, os.posix_fallocate

    def allocate(file: int, offset: int, length: int) -> None:
        if left:
            raise left.pop()
        real(file, offset, length)

    monkeypatch.setattr(os, "posix_fallocate", allocate)
    monkeypatch.setattr(context, "_RETRY_S", 0.01)
    begun = context.Context()
    with capture_logs() as logs:
        await begun.begin()
    said = "\n".join(entry["event"] for entry in logs)
    sentence = f"{words} {journal.folder()} ({os.strerror(number)}). Nothing is sent"
    assert said.count(sentence) == 1  # once, not each time
    assert "the journal is made now" in said
    assert len(list(journal.folder().iterdir())) == 1
    await begun.drain()
    await begun.end()
    assert list(journal.folder().iterdir()) == []
