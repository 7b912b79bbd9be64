"""Settings: workspace, own profile with the second factor, users, custom attributes, audit log."""
