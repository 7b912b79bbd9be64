"""Files that messages use: images of e-mails first, later also what other channels send.

`types` names the accepted types and finds a file's type by its content; `pictures` and `containers` read the formats;
`files` keeps the bytes on disk; `addresses` makes the public address; `service` is the only door.
"""
