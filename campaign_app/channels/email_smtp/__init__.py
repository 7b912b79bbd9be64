"""E-mail over SMTP: message building, and our own transport, which groups commands (RFC 2920)."""
