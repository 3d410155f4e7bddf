"""The vocabulary: plain values and written contracts. Standard library, no input or output."""
