"""The suite, run against a folder, and what its tests say about a port."""
