"""Turns templates into one person's message: template language, HTML, links, and the isolated rendering process."""
