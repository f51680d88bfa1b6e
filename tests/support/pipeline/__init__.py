"""The pipeline under test: projects, programs, packages."""
