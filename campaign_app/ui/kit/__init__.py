"""What pages are made of: lists, forms, dialogs, details. `docs/ui.md` shows how to add one."""
