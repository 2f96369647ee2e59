"""Bring a database up to the version of this program, when it is opened."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select

from mixminus import __version__
from mixminus.base.errors import MixminusError
from mixminus.store.rows.meta import MIXMINUS_VERSION, meta


class DatabaseTooNew(MixminusError):
    """A later version of Mixminus wrote the database; this one could damage it."""

    def __init__(self, written_by: str | None) -> None:
        later = f"Mixminus {written_by}" if written_by else "a later version of Mixminus"
        super().__init__(
            f"The database was written by {later}, this is {__version__}: start that version, or restore a backup."
        )


def upgrade(connection: Connection) -> None:
    """Run the migrations that the database has not seen. Raises `DatabaseTooNew`, and then changes nothing."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    with connection.begin():
        seen = MigrationContext.configure(connection).get_current_revision()
        if seen is not None and seen not in {script.revision for script in scripts.walk_revisions()}:
            raise DatabaseTooNew(_written_by(connection))
    if seen != scripts.get_current_head():
        command.upgrade(config, "head")
    with connection.begin():
        connection.execute(meta.delete().where(meta.columns.name == MIXMINUS_VERSION))
        connection.execute(meta.insert().values(name=MIXMINUS_VERSION, value=__version__))


def _written_by(connection: Connection) -> str | None:
    if not inspect(connection).has_table(meta.name):
        return None
    return connection.scalar(select(meta.columns.value).where(meta.columns.name == MIXMINUS_VERSION))
