"""Commands that change or remove what is there: ``replace``, ``remove`` and ``prune``."""
