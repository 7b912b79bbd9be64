"""Rows about the message itself: size, malware, links, spam, form. Phrases in normal form."""

from campaign_app.channels.base import Party
from campaign_app.channels.email.mail_replies.vocabulary import Rule
from campaign_app.models.delivery import Reason

_C = Party.CONTENT

TOO_LARGE = Rule(
    "too-large", _C, Reason.MESSAGE_TOO_LARGE,
    words=(
        "message too large", "message too big", "message is too large", "message is too big", "too large message",
        "mail too large", "email too large", "message file too big", "message size", "messages size", "email size",
        "size limit", "size of your message", "maximum inbound message", "size … exceed", "exceed … size",
        "message length exceeds", "message larger than", "message is larger", "line limit exceeded",
        "taille limite", "message trop volumineux", "message trop gros", "nachricht … zu gross", "mail … zu gross",
        "mensaje … demasiado grande", "messaggio troppo grande", "mensagem muito grande", "bericht … te groot",
        "exceeds administrative limit", "max message size", "ib705 size", "mail data too big",
    ),
)  # fmt: skip

MALWARE = Rule(
    "malware", _C, Reason.POLICY,
    words=(
        " virus", "malware", "phishing", "phish ", "infected", "trojan", "executable", "illegal attachment",
        "attachment", "banned content", "banned file", "prohibited content", "potential security issue",
        "malicious", "macro", "ransom", "suspicious file",
    ),
)  # fmt: skip

LINKS = Rule(
    "links", _C, Reason.POLICY,
    words=(
        "uribl", "surbl", "urlbl", "url blocklist", "url blacklist", "blacklisted url", "blacklisted domain",
        "url … listed", "url … blocked", "url … blacklist", "links within", "spamhaus dbl",
        "domain present in", "contains … url", "nature of the content",
    ),
)  # fmt: skip

SPAM = Rule(
    "spam-content", _C, Reason.POLICY,
    words=(
        " spam", " ube ", "unsolicited", "junk", "bulk", "advertis", "content rejected", "content filter",
        "content denied", "message content", "mail content", "email content", "content … blocked",
        "content … rejected", "content … policy", "unacceptable content", "looks like", "message filtered",
        "recurrent pattern", "dt spm", "local ct", "ofr 506", "mcspamsignature", "bayes", "ph01",
        "not accepted for policy reasons", "rejected for policy reasons", "inhalt", "unerwunschte werbung",
        "suspicious message", "message … suspicious", "contenu", "contenido", "contenuto", "conteudo",
        "mail rejete", "temporarily blocked by our filter", "antispam", "publicite",
    ),
)  # fmt: skip

NO_MAIL = Rule(
    "not-rfc-5322",
    _C,
    Reason.REFUSED,
    words=("duplicate header", "rfc 5322 compliant", "rfc 2822 compliant", "rfcmessagenoncompliant", "rfc compliant"),
)

FORM = Rule(
    "malformed", _C, Reason.REFUSED,
    words=(
        "rfc 5322", "rfc5322", "rfc 2822", "rfc2822", "rfc 822",
        "header error", "headers are not", "message header", "header size", "missing … header",
        "invalid mime", "mime complexity", "mime header", "malformed", "message is malformed", "message id header",
        "8 bit data", "bare lf", "bare cr", "bare linefeed", "line too long", "lines too long", "encoded word",
        "disallowed header", "in from header", "in the from header", "from header", "invalid header", "no subject",
        "missing date", "date header", "improperly formatted", "base64 encoding",
    ),
)  # fmt: skip
