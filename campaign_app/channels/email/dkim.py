"""DKIM signatures (RFC 6376, RFC 8463): relaxed/relaxed, RSA or Ed25519 by `cryptography`; keys and DNS records."""

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

SIGNED_HEADERS = (
    b"from",
    b"reply-to",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"mime-version",
    b"content-type",
)
_SIGNED = frozenset(SIGNED_HEADERS)
_RUNS = re.compile(rb"[ \t]+")
_RSA_BITS = 2_048
_MIN_RSA_BITS = 1_024


class KeyKind(StrEnum):
    """RSA is understood everywhere. Ed25519 is short and fast, but some receivers ignore it."""

    RSA = "rsa"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """The DNS record to publish: a TXT record's host name and its text."""

    name: str
    text: str


def generate_key(kind: KeyKind = KeyKind.RSA) -> str:
    """A new private key as PEM."""
    key: RSAPrivateKey | Ed25519PrivateKey
    key = generate_private_key(65_537, _RSA_BITS) if kind is KeyKind.RSA else Ed25519PrivateKey.generate()
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def load_key(pem: str) -> RSAPrivateKey | Ed25519PrivateKey:
    """The private key in a PEM text.

    Raises:
        ValueError: not a PEM private key, encrypted, of another kind, or an RSA key below 1,024 bits.
    """
    try:
        key = serialization.load_pem_private_key(pem.strip().encode() + b"\n", password=None)
    except (ValueError, TypeError, UnicodeError) as error:
        raise ValueError("This is not an unencrypted private key in PEM form.") from error
    if isinstance(key, Ed25519PrivateKey):
        return key
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("DKIM takes RSA and Ed25519 keys only.")
    if key.key_size < _MIN_RSA_BITS:
        raise ValueError(f"RSA keys below {_MIN_RSA_BITS} bits are refused by receivers.")
    return key


def dns_record(domain: str, selector: str, pem: str) -> DnsRecord:
    """The TXT record that lets receivers check signatures made with this key."""
    key = load_key(pem)
    if isinstance(key, Ed25519PrivateKey):
        kind = "ed25519"
        public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    else:
        kind = "rsa"
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    return DnsRecord(f"{selector}._domainkey.{domain}", f"v=DKIM1; k={kind}; p={base64.b64encode(public).decode()}")


def same_record(published: str, wanted: str) -> bool:
    """Whether a published TXT record has the same key as the expected one. Spaces and other tags are ignored."""
    return _tags(published).get("p") == _tags(wanted).get("p")


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip(): "".join(value.split()) for name, _, value in pairs if name.strip()}


def relaxed_header(line: bytes) -> bytes:
    """A header line in relaxed form, without its line end (RFC 6376 3.4.2)."""
    name, _, value = line.partition(b":")
    return name.rstrip().lower() + b":" + b" ".join(value.split())


def relaxed_body(body: bytes) -> bytes:
    """A body with CRLF line ends in relaxed form (RFC 6376 3.4.4)."""
    if b"  " in body or b"\t" in body:
        body = _RUNS.sub(b" ", body)
    body = body.replace(b" \r\n", b"\r\n")
    if body.endswith(b" "):
        body = body[:-1]
    body = body.rstrip(b"\r\n")
    return body + b"\r\n" if body else b""


class Signer:
    """Signs messages for one domain and selector."""

    def __init__(self, domain: str, selector: str, pem: str) -> None:
        key = load_key(pem)
        self._sign: Callable[[bytes], bytes]
        if isinstance(key, Ed25519PrivateKey):
            algorithm = "ed25519-sha256"
            self._sign = lambda data: key.sign(hashlib.sha256(data).digest())
        else:
            algorithm = "rsa-sha256"
            scheme, digest = padding.PKCS1v15(), hashes.SHA256()
            self._sign = lambda data: key.sign(data, scheme, digest)
        self._head = f"v=1; a={algorithm}; c=relaxed/relaxed; d={domain}; s={selector};".encode("ascii")

    def header(self, lines: Sequence[bytes], body: bytes, time: int) -> bytes:
        """The DKIM-Signature line, ended, for header `lines` (each ended by CRLF) and body, signed at a Unix time."""
        names: list[bytes] = []
        relaxed: list[bytes] = []
        for line in lines:
            canonical = relaxed_header(line)
            name = canonical[: canonical.index(b":")]
            if name in _SIGNED:
                names.append(name)
                relaxed.append(canonical)
        digest = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest())
        # `from` is listed once more than it occurs, so that a second From added in transit breaks the signature.
        value = b"%b t=%d;\r\n h=%b:from;\r\n bh=%b;\r\n b=" % (self._head, time, b":".join(names), digest)
        relaxed.append(relaxed_header(b"dkim-signature:" + value))
        signature = base64.b64encode(self._sign(b"\r\n".join(relaxed)))
        folded = b"\r\n ".join(signature[i : i + 72] for i in range(0, len(signature), 72))
        return b"DKIM-Signature: " + value + folded + b"\r\n"
