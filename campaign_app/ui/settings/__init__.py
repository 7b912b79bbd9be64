"""Workspace, the person's own profile, people, audit log."""
