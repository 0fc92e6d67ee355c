"""One module a family of recordings: TIFF, MRC, Zarr, films, folders, and RosettaSciIO's rest.

`reading.open_movie` chooses among them; each gives a `Movie` or one clear `InputError`.
"""
