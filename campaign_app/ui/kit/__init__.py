"""Building blocks of pages: lists, forms, dialogs, details. `docs/ui.md` shows how to add a page."""
