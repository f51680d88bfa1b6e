"""The process and its machine: cores, memory, interruption, warnings and the terminal."""
