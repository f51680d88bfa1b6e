"""What a terminal shows: bars, tables, help, and completions. rich is imported there only."""
