"""Certificates for tests: an authority of our own, and good, expired, foreign and self-signed server certificates."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """Issues certificates into a directory; `bundle` is the file that a client has to trust."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self._certificate = self._build(self._name, self._key, days=30, authority=True)
        self.bundle = directory / "ca.pem"
        self.bundle.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def context(self, kind: str) -> ssl.SSLContext:
        """A server's context. Kinds: good (127.0.0.1, localhost), expired, foreign (another name), self-signed."""
        key = ec.generate_private_key(ec.SECP256R1())
        host = "mail.elsewhere.example" if kind == "foreign" else "localhost"
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        days = -1 if kind == "expired" else 30
        certificate = self._build(subject, key, days=days, host=host, own=kind == "self-signed")
        path = self._directory / f"{kind}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _build(self, subject, key, *, days: int, host: str = "", authority: bool = False, own: bool = False):
        now = datetime.now(UTC)
        names: list[x509.GeneralName] = [x509.DNSName(host)] if host else []
        if host == "localhost":
            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if own or authority else self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=10))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(key if own or authority else self._key, hashes.SHA256())
