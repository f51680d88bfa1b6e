"""The gallery: one static page that shows every picture beside its results.

`collecting` looks at what is here, `thumbnails` makes small copies, `rendering` makes the page from
the files in ``page/``, `building` joins the three, and `publishing` copies the gallery to the
remote. `picks` reads the favorites that the page exports. `sheets` makes an image file of each
picture in all its styles, with the `layout` of contact sheets.
"""
