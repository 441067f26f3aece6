"""What differs between a recipe and its port, and how it is shown."""
