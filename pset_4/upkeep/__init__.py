"""Taking things away, on request only: one name, or what is left of names that are gone."""
