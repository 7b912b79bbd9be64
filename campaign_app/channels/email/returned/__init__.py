"""Returned mail: delivery reports, bounces without a report, complaints, replies. Bytes in, facts out."""
