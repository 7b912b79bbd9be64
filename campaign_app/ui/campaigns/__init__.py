"""The list of campaigns and the start of a new one. Builder: `ui/campaign_builder/`; page of one: `ui/campaign_detail/`."""
