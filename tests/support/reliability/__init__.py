"""Random campaigns against the pipeline: forks, kills, a model of what must come out, a report."""
