"""A month in the life of a module, in stepped time: see `dev.py soak`."""
