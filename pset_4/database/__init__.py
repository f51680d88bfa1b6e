"""What this machine remembers between runs, in one SQLite file of the data folder."""
