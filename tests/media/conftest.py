from collections.abc import Iterator

import pytest
from tests.media.studio import Studio


@pytest.fixture
def studio() -> Iterator[Studio]:
    with (studio := Studio()).engine:
        yield studio
