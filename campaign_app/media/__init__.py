"""Files that messages use: images in e-mails now, files of other channels later.

`types` lists the accepted types and finds a file's type by its content. `pictures` and `containers` read the formats.
`files` stores the bytes on disk. `names` cleans file names. `service` has the use cases.
"""
