"""The browser interface: pages, their states and components."""
