"""MIGRATION.md as data: its rules, and which of them a failed test speaks for."""
