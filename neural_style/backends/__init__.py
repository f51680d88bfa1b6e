"""The engines that paint: one module for each, and `loading`, which chooses."""
