"""What a terminal shows: bars that move, and tables that fit. rich is imported there only."""
