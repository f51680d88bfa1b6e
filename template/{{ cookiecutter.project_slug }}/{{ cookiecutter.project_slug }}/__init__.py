"""Contact sheets: one picture in many styles, on top of pset_4."""
