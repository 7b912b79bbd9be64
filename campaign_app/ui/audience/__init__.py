"""Contacts, lists, segments, imports, suppressions."""
