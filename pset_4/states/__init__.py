"""What is known of the remote while a command runs: from listings, and from earlier runs."""
