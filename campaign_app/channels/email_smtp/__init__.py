"""E-mail over SMTP: message building, and a transport of our own that groups commands (RFC 2920)."""
