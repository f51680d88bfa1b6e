"""Running contenders and programs, and measuring their time, memory and quality."""
