"""Resuming a training: `checkpoints` hold its state, and `settings` are what must not change."""
