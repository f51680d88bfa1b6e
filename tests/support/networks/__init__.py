"""Small networks, and references to compare paintings with."""
