"""Is the served model still the one that was approved? Arrays in, records out; no store."""
