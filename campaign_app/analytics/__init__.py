"""What came of it: results, periods, exports. It reads the roll-ups, never COUNT(*) over deliveries."""
