"""campaign_builder."""
