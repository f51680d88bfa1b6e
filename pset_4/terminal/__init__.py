"""What a terminal shows: bars, tables that fit, and completions. rich is imported there only."""
