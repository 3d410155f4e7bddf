"""Data that are larger than memory, in parts."""
