"""Results of campaigns, periods and exports. Reads the roll-ups, never COUNT(*) over deliveries."""
