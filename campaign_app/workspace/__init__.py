"""What is true for the whole installation: company, address, time zone, country."""
