"""The worker runs on uvloop, the web process may not: modules that import this fixture are tested on both."""

import asyncio

import pytest
import uvloop

_POLICIES = {"asyncio": asyncio.DefaultEventLoopPolicy, "uvloop": uvloop.EventLoopPolicy}


@pytest.fixture(params=list(_POLICIES))
def event_loop_policy(request: pytest.FixtureRequest) -> asyncio.AbstractEventLoopPolicy:
    return _POLICIES[request.param]()
