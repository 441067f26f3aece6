"""Which rules of MIGRATION.md will meet a program, read off its source. Nothing of it
is imported or run."""
