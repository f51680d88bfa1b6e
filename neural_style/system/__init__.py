"""What the process may use of the machine, and how it behaves there."""
