"""What a model's file may do when it is loaded: the names, the reader, the shapes."""
