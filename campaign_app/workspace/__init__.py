"""Settings of the whole installation: company, address, time zone, country."""
