"""Experiments, runs and models as rows of SQLite or PostgreSQL."""
