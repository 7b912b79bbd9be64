"""One campaign: live progress, recipients, results, content, activity."""
