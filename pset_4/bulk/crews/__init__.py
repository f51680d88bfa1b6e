"""Workers that a command starts and looks after: in processes of this machine, or on Ray."""
