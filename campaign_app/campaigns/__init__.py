"""Campaigns: lifecycle, content, links, schedule, pre-flight, the template library."""
