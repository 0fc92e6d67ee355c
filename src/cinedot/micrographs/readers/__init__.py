"""One module a family of recordings: TIFF, whatever RosettaSciIO reads, folders of frames.

`reading.open_movie` chooses among them; each gives a `Movie` or one clear `InputError`.
"""
