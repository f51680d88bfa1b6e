"""What commands share, besides their options and their session."""
