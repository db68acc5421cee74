"""From this release to one with a newer schema and back, with data in place."""

import pytest
from engine import ROOT, docker

MIGRATIONS = "adapters/metadata/migrations"
REVISION = '''"""A later release's schema: one more table."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "9999", "{last}"


def upgrade() -> None:
    op.create_table("newer", sa.Column("id", sa.Integer, primary_key=True))
'''
RECIPE = f"""
ARG FROM
FROM ${{FROM}}
USER 0
RUN --mount=type=bind,target=/in cd /opt/minerva/lib/python3*/site-packages/minerva/{MIGRATIONS} \\
 && cp /in/9999.py versions/ && sed -i 's/^HEAD = .*/HEAD = "9999"/' __init__.py
USER 10001:10001
"""


@pytest.fixture
def newer(shop, tmp_path):
    """The variables that name images of a later release, which differs by a revision of the schema."""
    last = max(file.name[:4] for file in (ROOT / MIGRATIONS / "versions").glob("0*.py"))
    (tmp_path / "9999.py").write_text(REVISION.format(last=last))
    (tmp_path / "Dockerfile").write_text(RECIPE)
    made = {}
    for name in ("MINERVA_IMAGE", "MINERVA_WORKER_IMAGE"):
        image = shop.project.environment[name]
        made[name] = f"{image}-newer"
        docker("build", "--build-arg", f"FROM={image}", "--tag", made[name], str(tmp_path))
    return made


def test_a_later_release_takes_over_what_is_there_and_the_older_one_refuses_it(shop, newer):
    before = shop.champion(), shop.minerva("keys")["keys"], shop.minerva("jobs")["jobs"]
    older = {name: shop.project.environment[name] for name in newer}

    shop.project.environment.update(newer)
    shop.up()

    said = shop.project.must("logs", "--no-color", "migrate")
    assert "to revision 9999." in said
    assert shop.project.inspected("sidecar")["Config"]["Image"] == newer["MINERVA_IMAGE"]
    assert (shop.champion(), shop.minerva("keys")["keys"]) == before[:2]
    assert {one["id"] for one in before[2]} <= {one["id"] for one in shop.minerva("jobs")["jobs"]}
    assert shop.legacy("/api/customers/C-00004")["risk"]["version"] == str(before[0])

    shop.project.environment.update(older)
    code, _ = shop.project.compose("up", "--detach", "--scale", "sidecar=2")
    said = shop.project.must("logs", "--no-color", "--tail", "1", "migrate")
    assert code != 0
    assert "9999" in said
    shop.project.environment.update(newer)
    shop.up()
    assert shop.champion() == before[0]
