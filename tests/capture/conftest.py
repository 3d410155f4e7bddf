"""Snippets are scripts to be run, not tests to be collected, whatever they are called."""

collect_ignore = ["snippets"]
