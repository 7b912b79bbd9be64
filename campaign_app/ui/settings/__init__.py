"""Workspace, own profile, users, audit log."""
