"""The rows in the order in which they are checked. The first match decides.

Texts come before codes, because servers often give a code that contradicts their text. Texts about the sender come
before texts about the recipient: an address suppressed by mistake is lost, but a person sees a refusal wrongly blamed
on the account. Temporary refusals that harm nobody (greylisting, a busy mailbox) come first.
"""

from campaign_app.channels.email.mail_replies import rows_account as account
from campaign_app.channels.email.mail_replies import rows_content as content
from campaign_app.channels.email.mail_replies import rows_recipient as recipient
from campaign_app.channels.email.mail_replies import rows_server as server
from campaign_app.channels.email.mail_replies.vocabulary import Rule

TABLE: tuple[Rule, ...] = (
    recipient.GREYLISTED,
    recipient.TOO_MUCH_MAIL,
    server.EDGE_BLOCKED,
    recipient.UNWILLING,
    content.LINKS,
    content.NO_MAIL,
    account.DOMAIN_AUTHENTICATION,
    account.REVERSE_DNS,
    account.SENDER_VERIFICATION,
    account.LOG_IN,
    account.LOG_IN_CODES,
    account.RELAY,
    account.QUOTA,
    recipient.FULL,
    account.RATE,
    server.BUSY,
    account.ACCOUNT_CLOSED,
    account.SENDER_REFUSED,
    server.POLICY_BUT,
    recipient.LOOK_UP,
    recipient.UNKNOWN_BY_BOTH,
    account.BLOCKLIST,
    content.TOO_LARGE,
    server.SENDER_STEP,
    recipient.SUSPENDED,
    content.MALWARE,
    content.SPAM,
    recipient.SYNTAX,
    server.SYNTAX_STATUS,
    recipient.NO_DOMAIN,
    recipient.GONE,
    recipient.UNKNOWN,
    recipient.UNKNOWN_FOR_NOW,
    content.FORM,
    *server.SURE_STATUS,
    server.ROUTE,
    server.POLICY,
    *server.BY_STATUS,
    *server.BY_CODE,
    server.LATER,
    server.REFUSED,
)
