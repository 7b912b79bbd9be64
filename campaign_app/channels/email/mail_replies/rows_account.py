"""Rows about the sender: log-in, address, domain, network, reputation, quota. Phrases in normal form."""

from campaign_app.channels.base import Party
from campaign_app.channels.email.mail_replies.vocabulary import Permanence, Rule
from campaign_app.models.delivery import Reason

_A, _ACCOUNT, _LATER = Party.ACCOUNT, Reason.ACCOUNT, Reason.TEMPORARY
_THROTTLE = Permanence.THROTTLE

DOMAIN_AUTHENTICATION = Rule(
    "domain-authentication", _A, _ACCOUNT,
    words=(
        " spf ", "sender policy framework", " dkim ", " dmarc ", "domainkeys", "fails to pass authentication",
        "does not have authentication information", "authentication information or fails", "is unauthenticated",
        "unauthenticated email", "unauthenticated sender", "unauthenticated mail", "unauthenticatedmessage",
        "senders to authenticate", "header based anti spoofing", "anti spoofing policy", "cant determine purported",
        "sender id … fail", "failed … sender authentication", "domain authentication fail", "mi spf", "mi dmc",
        "lpn004 401", "unresolvable rfc.5321", "due to … from domain",
        "sender authentication … fail", "not aligned",
    ),
)  # fmt: skip

REVERSE_DNS = Rule(
    "reverse-dns", _A, _ACCOUNT,
    words=(
        "reverse dns", " rdns", " ptr ", "dns ptr", "ptr record", "reverse lookup", "reverse ip lookup",
        "cannot find your hostname", "cannot find your reverse", "ip name lookup failed", "unresolvable relay host",
        "helo command rejected", "helo ehlo argument", "ehlo helo argument", "invalid helo", "bad helo",
        "helo name", "ehlo name", "helo hostname", "helo ehlo requires", "helo … invalid", "helo … rejected",
        "ehlo … invalid", "ehlo … rejected", "ehlo … not accepted", "helo … not accepted", "forged helo",
        "forward dns", "fcrdns", "mismatches client ip", "dynamic ip", "generic dns", "generic hostname",
        "dns check failure", "unverifyable sending ip", "unverifiable sending ip", "may not be mail exchanger",
        "hostname … does not resolve", "no matches to nameserver query", "nameserver query", "invalid rdns",
        "host name … does not match", "does not match the ip address of the hostname",
        "inverse dns", "resolution inverse",
    ),
)  # fmt: skip

LOG_IN = Rule(
    "log-in", _A, _ACCOUNT,
    words=(
        "authentication required", "authentication is required", "authentication requise", "must authenticate",
        "authenticate first", "need to authenticate", "log in first", "login first", "not logged in",
        "please log in", "requires authentication", "smtp auth required", "auth required", "starttls command first",
        "must issue a starttls", "starttls first", "client was not authenticated", "client not authenticated",
        "unauthenticated senders not allowed", "authentication credentials invalid", "authentication failed",
        "authentication failure", "authentification invalide", "dauthentification invalide",
        "username and password not accepted", "bad username or password",
        "invalid username or password", "incorrect username or password", "invalid credentials",
        "authentication unsuccessful", "application specific password", "smtpclientauthentication is disabled",
        "invalid login", "login denied", "login failed", "too many login attempts", "too many bad auth",
        "smtp auth error limit", "dont authenticate", "without authentication", "no identity changes",
        "anmeldung erforderlich", "authentifizierung erforderlich", "autenticacion requerida",
        "authentication turned on",
        "not authorized to perform ses", "access key", "pop before smtp", "check mail before sending",
    ),
)  # fmt: skip
LOG_IN_CODES = Rule("log-in-code", _A, _ACCOUNT, codes=frozenset({530, 534, 535, 538}))

RELAY = Rule(
    "relay-denied", _A, _ACCOUNT,
    words=(
        "relay access denied", "relay denied", "relaying denied", "relaying is denied", "relaying not allowed",
        "relaying is not allowed", "relaying not permitted", "relaying is not permitted", "relay not permitted",
        "relay not allowed", "relay is not allowed", "relaying disallowed", "relaying prohibited", "relay prohibited",
        "unable to relay", "cannot relay", "cant relay", "no relaying", "we do not relay", "does not relay",
        "not permitted to relay", "not allowed to relay", "not authorized to relay", "not authorised to relay",
        "not a open relay", "not an open relay", "open relay", "insecure mail relay", "as a relay", "relay for",
        "relaying mail to", "relay … denied", "relaying … denied", "relay … rejected", "rcpthosts",
        "invalid credentials for relay", "not configured to relay", "not a gateway", "as mail gate",
        "we dont handle mail for", "not authorized to send email directly", "use smtp of your provider",
        "use the smtp server of your isp", "relais refuse", "weiterleitung verweigert", "kein relay",
        "attribution … relay",
    ),
)  # fmt: skip

SENDER_VERIFICATION = Rule(
    "sender-verification", _A, _ACCOUNT,
    words=(
        "sender verif", "sender verify", "sender address verif", "verification failed for %sender",
        "verification failed … sender", "sender callout", "callout … sender", "callback … sender",
        "verify sender", "verify the sender", "verify your sender", "verify mail from", "verify %sender%",
        "verify … sender", "unverified sender", "sender unverified", "check sender address", "sender address unverif",
        "verifying sender", "verification of sender", "from address verification", "sender could not be verified",
        "verification failed for %address%",
        "could not complete sender", "sender verification",
    ),
)  # fmt: skip

SENDER_REFUSED = Rule(
    "sender-refused", _A, _ACCOUNT,
    words=(
        "sender address rejected", "sender address refused", "sender address blocked", "sender address has",
        "sender address is not", "sender address not", "sender address does not", "sender address … rejected",
        "sender rejected", "sender denied", "sender refused", "sender blocked", "sender is blocked",
        "sender not allowed", "sender is not allowed", "sender not permitted", "sender not authorized",
        "sender unknown", "unknown sender", "invalid sender", "bad sender", "bad outbound sender", "banned sender",
        "banned sending", "sender is banned", "sender is spammer", "sender is in my", "sender blacklisted",
        "sender domain", "senders domain", "sending domain", "domain of sender", "domain of the sender",
        "domain of your address", "sender was rejected", "sender … does not exist", "sender … not exist",
        "sender … not found", "sender … is invalid", "sender … blacklisted", "sender … has been blocked",
        "sender … unroutable", "sender … unrouteable", "unroutable sender", "unrouteable sender", "sender … suspended",
        "sender email address rejected", "sender identity", "sender signature", "bogus mail from", "invalid mail from",
        "mail from not owned", "not owned by user", "not owned by", "mail from domain", "mail from … refused",
        "mail from … rejected", "mail from … not allowed", "mail from … does not exist", "return path … rejected",
        "envelope sender", "envelope from", "emetteur invalide", "expediteur invalide", "expediteur refuse",
        "expediteur inconnu", "absender … abgelehnt", "absender … ungultig", "absender … unbekannt",
        "absender … nicht", "absenderadresse", "mittente … non", "mittente … rifiut", "remitente … rechazad",
        "remitente … no ", "remetente … rejeitad", "remetente … recus", "afzender … geweigerd",
        "email address is not verified", "identities failed the check", "email address not verified",
        "from address … not verified", "from address … not match", "from address does not", "from address is not",
        "from … domain is invalid", "from addresses are not allowed", "as a from address",
        "not allowed to send from", "not allowed to send as", "not authorized to send from",
        "not authorised to send from", "not authorized to send on behalf", "not authorized to send mail",
        "permissions to send as", "permission to send as", "send as denied", "sendasdenied", "senderfilterconfig",
        "not allowed to send mail", "no permission to send", "domain is unverified", "domain … not verified",
        "domain … unverified", "unregistered domain", "sandbox subdomains", "%sender% … rejected",
        "%sender% … refused", "%sender% … not allowed", "%sender% … blocked", "%sender% … denied",
        "%sender% … blacklisted", "%sender% … does not exist", "%sender% … not found", "%sender% … unknown",
        "%sender% … no such user", "%senderdomain% … not found", "%senderdomain% … does not exist",
        "%senderdomain% … blacklisted", "%senderdomain% … blocked", "%senderdomain% … rejected",
        "your email address has been blacklisted", "your domain", "cannot receive replies",
        "domain … is a dead domain", "ofr 403", "ofr 405", "lpn105 405", "lpn105 421",
        "null sender", "empty envelope sender", "failed to authenticate",
    ),
)  # fmt: skip

ACCOUNT_CLOSED = Rule(
    "account-closed", _A, _ACCOUNT,
    words=(
        "your account", "your mail account", "your email account", "sending paused", "sending is paused",
        "sending is currently paused", "sending … disabled", "sending … suspended", "mail sending denied",
        "outgoing mail … suspended", "outgoing mail … disabled", "outgoing … blocked", "outbound … blocked",
        "account … not allowed to send", "account has been suspended from sending", "outboundspamexception",
        "tenant has exceeded", "not subscribed to ses", "unusual sending activity", "spam abuse detected",
        "domain is disabled", "account is not active … sending", "user … not allowed to send", "sending disabled",
        "domain … not allowed to send", "has been disabled from sending", "traffic not accepted",
        "not active for sending", "sending has been", "message submission … disabled",
    ),
)  # fmt: skip

BLOCKLIST = Rule(
    "blocklist", _A, _ACCOUNT,
    words=(
        "blocklist", "block list", "blacklist", "black list", "denylist", "deny list", "blocked list", " rbl",
        " dnsbl", "dnsbl ", "spamhaus", "spamcop", "barracudacentral", "barracuda reputation", " sorbs", "abuseat",
        "senderscore", "sender score", "sender base", "senderbase", "invaluement", "proofpoint.com", "cloudmark",
        "blocked using", "reputation", "multi blacklist", "client host … blocked", "client host rejected",
        "client host … rejected", "sending ip", "your ip", "your network", "your host", "your server",
        "ip address … blocked", "%ip% … blocked", "%ip% … rejected", "%ip% … is listed",
        "%ip% … listed", "%ip% … not allowed", "%ip% … denied", "%ip% … abusive", "ip … blocked", "blocked … %ip%",
        "blocked by %ip%", "from %ip% … permanently deferred", "will be permanently deferred", "ip is rejected",
        "this ip ", "suspected spam ip", "banned ip", "bad ip", "open proxy", "spam source",
        "werent sent", "unwanted messages", "ask your postmaster", "invalid ip",
        "spammer", "sending spam", "spams from", "block for spam", "blocked for abuse", "blocked for spam",
        "bloquee pour incident de spam", "adresse ip source", "abus detecte", "aup#", "dnsbl attrbl", "s3140", "s3150",
        "rly b", "none bad reputation", "ask postmaster for help", "tosa@", "connections not accepted from",
        "connections will not be accepted", "not accepting mail from your", "not accepting connections",
        "no access from mail server", "refused to talk to me", "not allowed to connect", "access from ip",
        "access denied banned", "user complaints", "spam complaints", "too many complaints", "ibl 0", "bl000",
        "ipbl", "cxbl", "hl itc", "your access to submit messages", "your access to this mail system",
        "mail server ip", "server ip", "this system … blocked … your", "wir nehmen von ihrem", "ip adresse",
        "ihre ip", "votre ip", "votre adresse ip", "su ip", "direccion ip", "vostro ip", "seu ip",
        "part of their network", "bad sender ip", "dynamic zombied", "too many invalid recipients",
        "too many unknown", "too many errors", "too many bad commands", "too many invalid", "invalid recipients this",
        "from dynamic", "listed in work", "attacker", "mta server poor", "suspected bounce attacks",
    ),
)  # fmt: skip

QUOTA = Rule(
    "account-quota", _A, _LATER, _THROTTLE,
    words=(
        "daily user sending", "daily smtp relay", "daily sending", "daily message quota", "daily message limit",
        "daily email limit", "daily mail limit", "daily quota", "daily limit", "reached … daily", "limit for today",
        "hourly limit", "hourly quota", "hourly email", "monthly limit", "monthly quota", "monthly email",
        "per hour", "per day", "per minute", "per second", "this hour", "an hour", "in one hour", "24 hours … limit",
        "sending limit", "sending quota", "sending rate", "send limit", "send quota", "send rate", "sent too many",
        "sent to too many", "submission quota", "submission rate", "outbound quota", "outgoing quota",
        "outgoing message limit", "messaging limit", "message limit", "mails limit",
        "emails limit", "message rate limit", "max emails", "max defers and failures", "maximum credits",
        "credits exceeded", "out of credits", "not enough credit", "no credits", "insufficient credit", "plan limit",
        "plans limit", "account limit", "quota … for sending", "quota … sender", "sender … quota",
        "sender … limit exceeded", "recipient rate limit", "external recipient rate", "recipients exceeded",
        "limit … recipients", "too many recipients", "rcpt limit", "peak smtp relay", "throttling failure",
        "exceeded … sending", "limite denvoi", "quota denvoi", "versandlimit", "sendelimit",
        "limite de envio", "limite di invio", "letter sending limit", "ib504", "ib607", "ib510", "mailing limit",
    ),
)  # fmt: skip

RATE = Rule(
    "too-fast", _A, _LATER, _THROTTLE,
    words=(
        "rate limit", "ratelimit", "rate exceeded", "rate control", "throttl", "slow down", "slower", "too fast",
        "too quickly", "too many messages", "too many emails", "too many mails", "too many mail ", "too much mail from",
        "too many connections", "too many concurrent", "too many simultaneous", "too many sessions",
        "too many smtp sessions", "too many open", "too many requests", "too many transactions", "too many commands",
        "connection limit", "connection rate", "connections limit", "concurrent connection", "concurrency limit",
        "maximum connection", "max connections", "max message per connection", "messages per connection",
        "maximum number of connections", "max number of connections", "thread limit", "unusual rate",
        "excessive volume", "unexpected volume", "high volume", "volume … exceeded", "message threshold",
        "exceeded permitted limits", "frequency limit", "frequency … limited", "mail flood", "flood",
        "rp 001", "rp 002", "rp 003", "rp trl", "rp trc", "rp cel", "rl000", "trop de connexions",
        "trop de messages", "trop demails", "trop de mails", "zu viele verbindungen", "zu viele nachrichten",
        "zu viele mails", "zu viele emails", "demasiadas conexiones", "demasiados mensajes", "troppe connessioni",
        "troppi messaggi", "muitas conexoes", "muitas mensagens", "te veel verbindingen", "exceeded the number of",
        "exceeds per domain", "exceeded the max", "exceeded the maximum number", "max number of messages",
        "message count limit", "ofr005 104", "lpn105 104", "cxcnct", "cxmxrt", "try again slower",
        "reduce your sending", "delivery rate", "too many deliveries",
    ),
)  # fmt: skip
