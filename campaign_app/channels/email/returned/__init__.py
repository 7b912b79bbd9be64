"""Mail that came back, read: delivery reports, bounces without a report, complaints, answers. Bytes in, facts out."""
