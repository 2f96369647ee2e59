"""What the database says about itself."""

from sqlalchemy import Column, String, Table, Text

from mixminus.store.rows.columns import metadata

meta = Table(
    "meta",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

MIXMINUS_VERSION = "mixminus_version"
"""The program that last opened the database."""
