"""A cache of the state of the remote while a command runs, from listings and earlier runs."""
