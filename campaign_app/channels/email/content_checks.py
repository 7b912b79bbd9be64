"""Static checks of a message: links, size, subject, variables, a few spam signals. Pure."""

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from campaign_app.channels.email.built_in import PLACEHOLDERS
from campaign_app.kit import hosts, template_tags
from campaign_app.kit.html_tokens import Document
from campaign_app.kit.text import plural
from campaign_app.rendering import markup, plain_text, templating
from campaign_app.rendering.finding import Finding, blocking, fine, warning

GMAIL_CLIPS_AT = 102 * 1024
SUBJECT_GOOD = 60
_EXAMPLE_HOSTS = re.compile(r"(^|\.)(example\.(com|org|net)|yourdomain\.\w+|your-?site\.\w+|domain\.com)$", re.I)
_SHORTENERS = {"bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "buff.ly", "rebrand.ly", "cutt.ly"}
_ACTIVE = ("script", "iframe", "object", "embed", "form")


@dataclass(frozen=True, slots=True)
class Written:
    """A message as an editor holds it."""

    subject: str
    preheader: str
    editor: str
    html: str
    text: str


def subject(written: str, shown: Sequence[str]) -> list[Finding]:
    """Checks of the subject, as written and as rendered for a sample of people."""
    if not written.strip():
        return [blocking("The subject is empty", "Mail without a subject is rarely opened.", "content", "subject")]
    empty = sum(not text for text in shown)
    if empty:
        words = (
            f"For {plural(empty, 'person', 'people')} of the sample nothing is left of it. Give variables a default."
        )
        return [blocking("The subject can be empty", words, "content", "subject", empty)]
    longest = max((len(text) for text in shown), default=len(written))
    if longest > SUBJECT_GOOD:
        words = f"Up to {longest} characters. Phones show about 40, most inboxes {SUBJECT_GOOD}."
        return [warning("The subject is long", words, "content", "subject", longest)]
    return [fine("The subject has a good length", "subject")]


def size(html: str) -> list[Finding]:
    """Gmail shows only the first 102 KB of a message, and the unsubscribe link is at its end."""
    length = len(html.encode())
    shown = f"{length / 1024:.0f} KB"
    if length > GMAIL_CLIPS_AT:
        words = "Gmail cuts messages at 102 KB, and with them the unsubscribe link. Shorten the text or the HTML."
        return [warning(f"The message is too large: {shown}", words, "content", "size", length)]
    return [fine(f"The message is {shown} and will not be cut", "size", count=length)]


def targets(fields: Written) -> list[str]:
    """The link targets of a message, as templates: those of its HTML and those of its own plain text."""
    return list(dict.fromkeys([*markup.hrefs(fields.html), *plain_text.targets(fields.text)]))


def links(fields: Written) -> list[Finding]:
    """Targets that are obviously wrong. The same target is reported once."""
    found_targets = targets(fields)
    found = [problem for target in found_targets if (problem := link(target))]
    if found:
        return found
    if not found_targets:
        return [fine("The message has no links that could be wrong", "links")]
    return [
        fine(f"{plural(len(found_targets), 'link')} {'is' if len(found_targets) == 1 else 'are'} well formed", "links")
    ]


def link(target: str) -> Finding | None:
    """What is wrong with one target; None when nothing is wrong."""
    shown = target if len(target) <= 80 else f"{target[:79]}…"
    if not target:
        return blocking("A link has no address", "Its href is empty, so it leads nowhere.", "content", "link")
    if target == "#":
        return warning(
            "A link leads nowhere", "Its address is “#”. Give it one or make it plain text.", "content", "link"
        )
    scheme = target.partition(":")[0].lower()
    if scheme in {"javascript", "data", "vbscript", "file"}:
        words = f"“{shown}”: mail programs remove such links and spam filters dislike them."
        return blocking(f"A link starts with {scheme}:", words, "content", "link")
    if scheme not in {"http", "https"}:
        known = scheme in {"mailto", "tel", "sms"} or target.startswith(("#", "{{", "{%"))
        words = f"“{shown}” has no https:// in front, so mail programs cannot follow it."
        return None if known else blocking("A link is not complete", words, "content", "link")
    return _web_link(target, shown)


def _web_link(target: str, shown: str) -> Finding | None:
    try:
        shape = "".join("x" if is_tag else text for is_tag, text in template_tags.pieces(target))
        host = urlsplit(shape).hostname or ""
    except ValueError:
        host = ""
    numeric = hosts.place(host) in {hosts.Place.THIS_MACHINE, hosts.Place.PUBLIC}  # 0x7f000001: browsers accept it
    if not host or ("." not in host and ":" not in host and host != "x" and not numeric) or " " in host:
        return blocking("A link has no website", f"“{shown}” names no site.", "content", "link")
    if _EXAMPLE_HOSTS.search(host):
        words = f"“{shown}” is a placeholder of the template. Put the real address in."
        return blocking(f"A link still leads to {host}", words, "content", "link")
    if host in _SHORTENERS:
        words = f"“{shown}” hides where it leads, as spam does. Use the full address: Beacon counts clicks anyway."
        return warning("A link is shortened", words, "content", "link")
    return _unreachable(host, shown)


def _unreachable(host: str, shown: str) -> Finding | None:
    where = hosts.Place.PUBLIC if host == "x" else hosts.place(host)  # x: a variable fills it
    if where in {hosts.Place.NETWORK, hosts.Place.THIS_MACHINE}:
        words = f"“{shown}” is inside your network. Recipients elsewhere cannot open it."
        return warning("A link leads to a private address", words, "content", "link")
    if where is not hosts.Place.NOWHERE:
        return None
    last = host.rstrip(".").rpartition(".")[2]
    words = f"“{shown}” cannot be reached: names that end in .{last} lead nowhere on the internet. Correct the address."
    if last == "test":  # the only one of them that a local network may resolve
        return warning(f"{host} cannot be reached", words, "content", "link")
    return blocking(f"{host} cannot be reached", words, "content", "link")


def unknown_variables(
    message: templating.CompiledMessage, attributes: Collection[str], context: Iterable[str] = ()
) -> list[Finding]:
    """Names that no contact can have. Without a default they leave a gap; with one they are probably misspelt."""
    found = []
    known = sorted(templating.CONTACT_VARIABLES | templating.SYSTEM_VARIABLES | set(attributes) | set(context))
    for name in sorted(templating.unknown(message.variables, known)):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else " Choose one from the list of variables."
        title = f"No contact has a field called {name}"
        if name in message.required:
            found.append(blocking(title, f"It would be empty for everyone.{hint}", "content", "unknown"))
        else:
            found.append(warning(title, f"Everyone gets the default instead.{hint}", "content", "unknown"))
    return found


def placeholders(fields: Written) -> list[Finding]:
    """Sample text of a template that nobody has replaced."""
    written = f"{fields.subject} {markup.text_of(fields.html)} {fields.text}"
    left = [words for words in PLACEHOLDERS if words.lower() in written.lower()]
    if not left:
        return []
    listed = ", ".join(f"“{words}”" for words in left[:3])
    return [warning("The template's own words are still in it", f"{listed}. Put yours in.", "content", "placeholder")]


def spam_signals(fields: Written) -> list[Finding]:
    """The few signals that filters and readers agree on. There is no score."""
    found = []
    words = template_tags.without(fields.subject)
    letters = [letter for letter in words if letter.isalpha()]
    if len(letters) >= 10 and sum(letter.isupper() for letter in letters) > 0.7 * len(letters):
        found.append(warning("The subject shouts", "Capital letters throughout look like spam.", "content", "spam"))
    if words.count("!") > 1 or "$$" in words:
        found.append(warning("The subject pleads", "More than one “!” looks like spam.", "content", "spam"))
    read = Document(template_tags.plain(fields.html))
    images, scripts = sum(1 for _ in read.starts("img")), sum(1 for _ in read.starts(*_ACTIVE))
    text = markup.text_of(fields.html) if fields.html.strip() else fields.text
    if images and len(text.strip()) < 100:
        detail = "Many people do not load images, and filters cannot read them. Say the main thing in text as well."
        found.append(warning("The message is hardly more than images", detail, "content", "spam", images))
    if scripts:
        detail = "Scripts, forms and frames do not work in mail programs and raise alarms."
        found.append(warning("The message holds a script, form or frame", detail, "content", "spam", scripts))
    return found or [fine("Nothing in it looks like spam", "spam")]


def footer(fields: Written) -> list[Finding]:
    """The unsubscribe link that the law and mailbox providers require."""
    html, text = fields.html.strip(), fields.text.strip()
    lacking = (markup.Page(fields.html).missing() if html else []) + (markup.text_missing(fields.text) if text else [])
    where = "added in the footer" if "unsubscribe_url" in lacking else "in the message"
    return [fine(f"The unsubscribe link is {where}, and mail programs show their own button", "unsubscribe")]
