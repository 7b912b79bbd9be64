"""The list of campaigns, and the form for a new one. The builder is `ui/campaign_builder/`."""
