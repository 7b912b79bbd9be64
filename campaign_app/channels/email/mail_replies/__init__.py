"""Refusals of mail servers, in SMTP replies and in delivery reports: one table for both."""
