"""Watching: drop-ins are published and painted as soon as they are complete.

Events of files only say when to look. What is new is found by looking, so that a lost event, a
replaced folder, or a file that came before its folder was watched costs time and nothing else.
"""
