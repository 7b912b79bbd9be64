"""Normal form of a server's text, and the search for phrases in it. Linear in the text's bounded length. Pure."""

import re
import unicodedata

MAX_TEXT = 2_000
GAP = 60
SENDER, RECIPIENT, ADDRESS, IP = "%sender%", "%recipient%", "%address%", "%ip%"
SENDER_DOMAIN, RECIPIENT_DOMAIN = "%senderdomain%", "%recipientdomain%"

Phrase = tuple[str, ...]
"""Literal pieces that follow one another, each at most GAP characters behind the one before."""

_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:@]{1,64}@[^\s<>()\[\]\"',;:@]{1,255}")
_IP4 = re.compile(r"(?<![\d.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\d)")
_IP6 = re.compile(r"(?<![\w:])[0-9a-f]{1,4}:[0-9a-f:]{2,30}:[0-9a-f]{1,4}(?![\w:])")
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?!\.?\d)")
_CODE = re.compile(r"(?:^|(?<=\s))[245]\d\d(?:-(?=[\s\w<])|(?=\s))")
_APOSTROPHES = str.maketrans("", "", "'`´’‘")
_NO_WORD = re.compile(r"[^\w.#@%]+|_+|\.+(?=[\s.]|$)|(?<=\s)\.+")


def normal_form(text: str, sender: str = "", recipient: str = "") -> str:
    """Lower-case words, separated and surrounded by single spaces.

    Codes, punctuation, accents and apostrophes are removed. E-mail and IP addresses become placeholders, so that no
    name in them is read as part of the message.
    """
    text = text[:MAX_TEXT].replace("%", " ").casefold()
    text = _ADDRESS.sub(lambda found: f" {_placeholder(found[0], sender, recipient)} ", text)
    text = _domains(text, sender, recipient)
    text = _IP6.sub(f" {IP} ", _IP4.sub(f" {IP} ", text))
    text = _CODE.sub(" ", _STATUS.sub(" ", text))
    text = text.replace("e-mail", "email").translate(_APOSTROPHES)
    return f" {' '.join(_NO_WORD.sub(' ', _without_accents(text)).split())} "


def _placeholder(found: str, sender: str, recipient: str) -> str:
    found = found.rstrip(".")
    if recipient and found == recipient.casefold():
        return RECIPIENT
    return SENDER if sender and found == sender.casefold() else ADDRESS


def _domains(text: str, sender: str, recipient: str) -> str:
    ours, theirs = sender.casefold().rpartition("@")[2], recipient.casefold().rpartition("@")[2]
    if ours == theirs:
        return text
    for domain, placeholder in ((ours, SENDER_DOMAIN), (theirs, RECIPIENT_DOMAIN)):
        if "." in domain:
            text = re.sub(rf"(?<![\w.-]){re.escape(domain)}(?![\w-]|\.\w)", f" {placeholder} ", text)
    return text


def compile_phrase(text: str) -> Phrase:
    """The pieces of the phrase `a … b`. Each starts with a word; before a gap it also ends with one.

    The last piece may be the start of a longer word, unless a space follows it.
    """
    pieces = [_without_accents(piece.lstrip()) for piece in text.split("…")]
    begun = [f" {piece}" if piece.isascii() else piece for piece in pieces]
    return (*(f"{piece.rstrip()} " for piece in begun[:-1]), begun[-1])


def occurs(phrase: Phrase, text: str) -> bool:
    """Whether the pieces occur in `text`, in order and close together."""
    first, rest = phrase[0], phrase[1:]
    at = text.find(first)
    while at >= 0 and rest:
        if _follow(rest, text, at + len(first) - 1):
            return True
        at = text.find(first, at + 1)
    return at >= 0


def _follow(rest: Phrase, text: str, start: int) -> bool:
    for piece in rest:
        found = text.find(piece, start, start + GAP + len(piece))
        if found < 0:
            return False
        start = found + len(piece) - 1
    return True


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
