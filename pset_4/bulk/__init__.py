"""Millions of images: the command ``bulk``, whose workers meet only in the remote.

A *run* is a listing of images that is painted in some styles. It is divided into *shards* of some
hundred images. Workers, in processes of this machine, on Ray or anywhere else, claim one shard
after another, paint it, and publish the results where `main` would (`run`, `worker`).
"""
