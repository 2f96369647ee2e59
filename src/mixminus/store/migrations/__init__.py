"""Alembic's folder: how a database written by an earlier version becomes one of this version."""
