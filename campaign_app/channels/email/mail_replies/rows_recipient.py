"""Rows about the recipient: mailbox full, gone, unknown, refuses. Phrases in normal form."""

from campaign_app.channels.base import Party
from campaign_app.channels.email.mail_replies.vocabulary import Permanence, Rule, Stage
from campaign_app.models.delivery import Reason

_R = Party.RECIPIENT
_NOT_FIRST = frozenset({Stage.RCPT, Stage.DATA, Stage.DOT, Stage.REPORT})

GREYLISTED = Rule(
    "greylisted", _R, Reason.TEMPORARY, Permanence.TRANSIENT,
    words=(
        "greylist", "graylist", "grey list", "gray list", "postgrey", "liste grise", "sqlgrey",
        "temporarily deferred until", "first attempt", "internal resources are temporarily unavailable",
    ),
    classes=frozenset({4}),
)  # fmt: skip

TOO_MUCH_MAIL = Rule(
    "recipient-too-fast", _R, Reason.TEMPORARY, Permanence.TRANSIENT,
    words=(
        "receiving mail too quickly", "receiving mail at a rate", "recipients per hour", "message receive limit",
        "recipient thread limit", "recipient has exceeded their limit", "receiving limit", "receive limit",
        "recipient is receiving", "user is receiving", "receivingrate", "mailbox busy", "mailbox is busy",
        "mailbox temporarily", "mailbox is temporarily", "mailbox locked", "mailbox is locked",
        "recipient temporarily unavailable",
    ),
)  # fmt: skip

FULL = Rule(
    "mailbox-full", _R, Reason.MAILBOX_FULL,
    words=(
        "mailbox full", "mailbox is full", "mailbox has been full", "mailbox … full", "inbox full", "inbox is full",
        "account full", "account is full", "account … full", "full mailbox", "mailfolder is full", "overquota",
        "over quota", "overquotatemp", "overquotaperm", "over the quota", "over its quota", "over disk quota",
        "over the allowed quota", "quota exceeded", "quota has been exceeded", "quota is exceeded",
        "quota … exceeded", "exceeded quota", "exceeded its quota", "exceeded his quota", "exceeds quota",
        "exceed … quota", "quota violation", "quota usage", "quota full", "mailbox quota", "email quota",
        "disk quota", "disc quota", "diskspace quota", "user quota", "userdisk quota", "domaindisk quota",
        "quotaexceeded", "storage limit", "storage allocation", "storage full", "out of storage", "storage space",
        "not enough space", "no space left in", "enough storage", "mailbox size limit", "mailbox exceed",
        "mailbox would exceed", "mailbox has exceeded", "mailbox limit", "exceeding receiving",
        "space has been used up", "too many messages on the server", "too much mail data", "insufficient … mailbox",
        "boite pleine", "boite … pleine", "boite aux lettres pleine", "postfach … voll", "postfach uberfullt",
        "postfach … uberfullt", "buzon lleno", "buzon … lleno", "casella piena", "casella … piena",
        "caixa … cheia", "mailbox vol", "postvak … vol", "skrzynka … pelna", "ofr 417", "destinataire pleine",
        "mailbox … quota", "quota mailbox", "quota … mailbox", "no room in mailbox", "user has no space",
        "exceeded the space",
    ),
    stages=_NOT_FIRST,
)  # fmt: skip

UNWILLING = Rule(
    "recipient-policy", _R, Reason.POLICY,
    words=(
        "not allowed to send to", "not permitted to send to", "not authorized to send to", "may not write to",
        "only accepting mail from", "only accepts mail from", "only accept mail from", "only receives mail from",
        "accept mail from specific", "recipients list of senders", "recipient preferences", "user rules",
        "blocked by the recipient", "blocked by recipient", "rejected by recipient", "refused by recipient",
        "recipient refuses", "refuses to receive", "refuse to receive", "user refused", "user reject",
        "rejected by user", "rejected by the user", "recipient has blocked", "authenticated for mailbox",
        "authenticated for group", "authenticated for public folder", "authenticated by organization",
        "sender not in allowed", "restricted to", "is restricted", "resolver.rst", "notauthorized",
        "members only", "non member", "not a member", "not subscribed", "closed mailing list", "moderated",
        "post to this mailing list", "post to this list", "envelope blocked", "manually blocked",
        "this account is protected", "not accepting any mail", "internal use only", "internal only",
        "sender not pre approved", "requires sender", "batv", "protected address",
        "mailbox unavailable or access denied",
        "you are sending to or from has a policy", "administrative list", "delivery not authorized",
        "recipient address rejected access denied",
    ),
    stages=_NOT_FIRST,
)  # fmt: skip

SUSPENDED = Rule(
    "recipient-suspended", _R, Reason.TEMPORARY, Permanence.TRANSIENT,
    words=(
        "temporarily disabled", "temporarily suspended", "temporarily inactive", "temporarily locked",
        "temporary locked", "temporarily blocked", "temporarily unavailable", "account … temporarily",
        "user … temporarily",
    ),
    classes=frozenset({4}),
)  # fmt: skip

GONE = Rule(
    "mailbox-gone", _R, Reason.UNKNOWN_ADDRESS,
    words=(
        "mailbox disabled", "mailbox is disabled", "mailbox has been disabled", "mailbox … disabled",
        "mailbox is inactive", "mailbox inactive", "mailbox is frozen", "mailbox frozen", "mailbox suspended",
        "mailbox currently suspended", "mailbox … deactivated", "deactivated mailbox", "mailbox was not used",
        "account disabled", "account is disabled", "account has been disabled", "account that you tried to reach is",
        "account … disabled", "account … inactive", "account … suspended", "account … terminated", "account … closed",
        "account … deactivated", "account … deleted", "account is locked", "account … blocked", "inactive account",
        "inactive user", "inactive recipient", "inactive email address", "marked as inactive", "user … inactive",
        "user … suspended", "user … disabled", "user is terminated", "user not active", "user suspended",
        "user disabled", "user or domain is disabled", "archived recipient", "recipient … suspended",
        "recipient … disabled", "disabled recipient", "recipient … inactive", "address … disabled",
        "address … inactive",
        "address no longer", "no longer valid", "no longer accepts", "no longer active", "no longer in use",
        "no longer on server", "no longer available", "no longer exists", "no longer works", "no longer with",
        "no longer employed", "has left the company", "mailbox has moved", "user has moved", "has been discontinued",
        "extended inactivity", "recipient suspend", "currently suspended", "destinataire archive",
        "compte … bloque", "compte … desactive", "konto … gesperrt", "konto … deaktiviert", "postfach … deaktiviert",
        "cuenta … desactivada", "cuenta … suspendida", "conta … desativada", "account … disattivato",
        "archivee", "mail receiving disabled", "user missing home directory", "mailbox unavailable … disabled",
    ),
    stages=_NOT_FIRST,
)  # fmt: skip

SYNTAX = Rule(
    "address-syntax", _R, Reason.ADDRESS_INVALID,
    words=(
        "bad address syntax", "invalid address syntax", "address syntax", "syntax error in address",
        "malformed address", "malformed recipient", "malformed rcpt", "not a valid rfc 5321", "not an rfc 5321",
        "illegal address", "mailbox syntax", "domain address required", "missing final domain", "illegal alias",
        "syntax … mailbox", "invalid characters", "improper recipient", "incorrect address",
    ),
    classes=frozenset({5}),
    stages=_NOT_FIRST,
)  # fmt: skip

UNKNOWN = Rule(
    "unknown-recipient", _R, Reason.UNKNOWN_ADDRESS,
    words=(
        "user unknown", "userunknown", "unknown user", "user is unknown", "unknown recipient", "recipient unknown",
        "recipient is unknown", "recipient … unknown", "unknown local", "unknown mailbox", "mailbox unknown",
        "mailbox is unknown", "unknown address", "address unknown", "address is unknown", "unknown email",
        "unknown virtual", "unknown account", "account unknown", "user … unknown",
        "no such user", "no such recipient", "no such person", "no such mailbox", "no such address", "no such account",
        "no such email", "no such local", "nosuchuser", "no user by that", "no mailbox", "no mail box", "no account by",
        "no one at this address", "not a valid recipient", "not a valid user",
        "not a valid mailbox", "not a valid email", "not a known user", "not known here", "user not known",
        "not a local address", "not our customer", "not an active address", "non existent", "nonexistent",
        "does not exist", "doesnt exist", "do not exist", "dont exist", "not exist", "isnt a",
        "user not found", "user … not found", "users … not found", "mailbox not found", "mailbox … not found",
        "recipient not found", "recipient … not found", "recipnotfound", "address not found", "account not found",
        "address … not found", "email address could not be found", "address could not be found",
        "email name is not found",
        "address not present", "not present in directory", "not listed in", "in name directory",
        "invalid recipient", "invalid rcpt to address", "recipient invalid", "recipient is invalid",
        "invalid mailbox", "mailbox invalid",
        "invalid user", "invalid local", "invalid address", "address invalid", "address is invalid",
        "bad recipient", "bad address", "bad destination", "badrcptto", "badrecipientto", "validrcptto",
        "recipient rejected", "recipient address rejected invalid",
        "requested action not taken mailbox unavailable", "mail action aborted mailbox", "mailbox not available",
        "mailbox unavailable", "mailbox is unavailable", "mailbox unavaiable", "mailbox not present",
        "recipient not ok", "recipient is not accepted", "recipient is not local", "recipient not accepted",
        "recipient not exist", "cant accept user", "user doesnt have", "user does not have", "doesnt have a",
        "wrong or no longer valid", "address is wrong", "user is not found",
        "utilisateur inconnu", "destinataire inconnu", "destinataire invalide", "adresse inconnue",
        "adresse … inconnue", "adresse dau moins un destinataire", "empfanger unbekannt", "empfanger … unbekannt",
        "unbekannter empfanger", "unbekannter benutzer", "benutzer unbekannt", "postfach … nicht",
        "adresse … nicht gefunden",
        "adresse … unbekannt", "usuario desconocido", "no existe", "destinatario desconocido", "buzon … no existe",
        "utente sconosciuto", "utente non", "destinatario sconosciuto", "indirizzo … sconosciuto", "nessun utente",
        "usuario desconhecido", "usuario inexistente", "nao existe", "destinatario inexistente", "gebruiker onbekend",
        "onbekende gebruiker", "onbekende ontvanger", "adres … niet", "nieznany odbiorca", "nie istnieje",
        "пользователь не найден", "не существует", "нет такого", "почтовыи ящик не", "получатель не",
        "用户不存在", "邮箱不存在", "收件人不存在", "ユーザーが存在しません",
        "not a user", "unknown destination", "ofr 416", "lpn416", "address has been suppressed",
        "suppressed sending to this address", "on the suppression list", "mailboxnotfound",
    ),
    classes=frozenset({5}),
    stages=_NOT_FIRST,
)  # fmt: skip

LOOK_UP = Rule(
    "domain-for-now",
    _R,
    Reason.TEMPORARY,
    Permanence.TRANSIENT,
    words=(
        "host not found try again",
        "host name lookup failure",
        "temporary lookup failure",
        "try again … name service",
    ),
    stages=_NOT_FIRST,
)

NO_DOMAIN = Rule(
    "unknown-domain", _R, Reason.UNKNOWN_ADDRESS,
    words=(
        "domain not found", "domain … not found", "domain does not exist", "domain … does not exist",
        "domain must exist", "no such domain", "unknown domain", "domain unknown", "domain … unknown", "nxdomain",
        "nonexistentdomain", "nonexistent domain", "non existent domain", "host unknown", "unknown host",
        "name or service not known", "name service error … host not found", "host or domain name not found",
        "domain name not found", "find the recipient domain", "badrcptdomain", "unrouteable address",
        "unroutable address", "unrouteable mail domain", "unroutable mail domain", "couldnt find any host",
        "could not find any host", "nullmx", "null mx", "does not accept mail", "no mx record", "no mail exchanger",
        "mail domain mentioned", "domain is not reachable", "%recipientdomain% … not found",
        "illegal host domain", "domain … nicht gefunden",
        "all relevant mx records point to non existent hosts",
    ),
    classes=frozenset({5}),
    stages=_NOT_FIRST,
)  # fmt: skip

UNKNOWN_FOR_NOW = Rule(
    "unknown-for-now", _R, Reason.TEMPORARY, Permanence.TRANSIENT,
    words=(*UNKNOWN.words, *NO_DOMAIN.words, *GONE.words), classes=frozenset({4}), stages=_NOT_FIRST,
)  # fmt: skip
UNKNOWN_BY_BOTH = Rule(  # text and status agree
    "unknown-recipient-5.1.x", _R, Reason.UNKNOWN_ADDRESS, words=(*UNKNOWN.words, *NO_DOMAIN.words),
    classes=frozenset({5}), spans=((1, 0, 2), (1, 6, 6), (1, 10, 10), (2, 1, 1)), stages=_NOT_FIRST,
)  # fmt: skip
