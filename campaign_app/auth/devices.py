"""A browser's name for people, from its user agent. Pure."""

import ua_parser

_UNKNOWN = "Unknown browser"


def describe(user_agent: str) -> str:
    """Firefox on Linux, Chrome on Windows, …; "Unknown browser" when the user agent does not name one."""
    found = ua_parser.parse(user_agent[:255])
    browser = found.user_agent.family if found.user_agent else ""
    system = found.os.family if found.os else ""
    if not browser or browser == "Other":
        return _UNKNOWN
    return f"{browser} on {system}" if system and system != "Other" else browser
