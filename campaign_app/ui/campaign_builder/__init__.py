"""The campaign builder: five steps from set-up to launch."""
