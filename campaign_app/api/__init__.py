"""Everything over plain HTTP: the guard around the app, sign-in, files, health, public links."""
