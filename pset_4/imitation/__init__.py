"""The command ``imitate``: any picture becomes a style, which is dropped in."""
