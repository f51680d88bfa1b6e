"""Where results come from: published with them, explained, and used for further pictures."""
