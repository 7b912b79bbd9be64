"""Attacks against a running installation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.installation import Installation, running


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One for all attacks that leave it as it was: they must not change the owner, nor stop a process."""
    with running(tmp_path_factory.mktemp("installation")) as started:
        yield started


BROKEN = ("Traceback", "Task exception was never retrieved")


@pytest.fixture(autouse=True)
def nothing_breaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test of the shared installation may make its web process print a traceback."""
    if "installation" not in request.fixturenames:
        yield
        return
    log = request.getfixturevalue("installation").listen()
    yield
    written = log.text
    if any(words in written for words in BROKEN):
        pytest.fail(f"The web process printed:\n{written[-8_000:]}", pytrace=False)


@pytest.fixture
def own_installation(tmp_path: Path) -> Iterator[Installation]:
    """One of this test's own, for attacks that do harm."""
    with running(tmp_path / "installation") as started:
        yield started


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real processes take their time on a busy machine."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(300))
