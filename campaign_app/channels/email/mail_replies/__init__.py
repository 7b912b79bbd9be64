"""What mail servers say when they refuse, in SMTP replies and in delivery reports: one table for both."""
