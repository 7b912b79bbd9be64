"""An SMTP account as the transport and the composer use it."""

from dataclasses import dataclass

from campaign_app.channels.base import AccountConfig


@dataclass(frozen=True, slots=True)
class SmtpAccount:
    """Settings, opened secrets and what was learnt about the server. `repr` hides secrets."""

    id: int
    name: str
    host: str
    port: int
    tls: str
    username: str
    password: str
    from_address: str
    from_name: str
    reply_to: str
    connections: int
    pipelining: str
    dkim_domain: str
    dkim_selector: str
    dkim_key: str
    auth: str = "auto"
    eight_bit: bool = False  # the server is known to offer 8BITMIME

    def __repr__(self) -> str:
        return f"SmtpAccount(id={self.id}, name={self.name!r}, host={self.host!r}, port={self.port})"

    @classmethod
    def of(cls, account: AccountConfig) -> "SmtpAccount":
        """Made from the account's configuration."""
        values = dict(account.settings)
        values["pipelining"] = account.learnt.get("pipelining", values["pipelining"])
        return cls(
            id=account.id,
            name=account.name,
            password=account.secrets.get("password", ""),
            dkim_key=account.secrets.get("dkim_key", ""),
            eight_bit="eight_bit" in account.learnt,
            **values,
        )
