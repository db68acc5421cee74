"""Jobs on data that a call names: what cannot lead to anything is told before anything is queued."""

import json
import tarfile
import zipfile

import pytest

from minerva.layers.abstraction.jobs.kind import Attempt

TRAIN, JOBS = "/v1/services/churn/train", "/v1/services/churn/jobs"
CSV = "tenure,contract,churn\n" + "1,One year,No\n2,Two year,Yes\n" * 20


@pytest.fixture
def data(sidecar):
    folder = sidecar.workspace / "data"
    (folder / "june").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "june.csv").write_text(CSV)
    (folder / "june" / "1.csv").write_text(CSV)
    return folder


@pytest.fixture
def ask(sidecar, client):
    headers = sidecar.headers("train")
    return lambda path, body: client.post(path, json=body, headers=headers)


@pytest.fixture
def work(sidecar, tmp_path):
    """Do a job in this process, as its own process does."""

    def done(response):
        assert response.status_code == 202, response.json
        container = sidecar.container
        job = container.jobs.get("default", response.json["job"]["id"])
        return container.kinds()[job.kind].work(job, Attempt(lambda *_: None, tmp_path / "scratch"))

    return done


class TestTraining:
    @pytest.mark.parametrize("path", ["data/june.csv", "data/june", "data/./june/1.csv"])
    def test_a_file_or_folder_is_accepted(self, ask, data, path):
        assert ask(TRAIN, {"data": {"path": path}}).status_code == 202

    def test_the_absolute_name_of_an_allowed_file_is_accepted(self, ask, data):
        assert ask(TRAIN, {"data": {"path": str(data / "june.csv")}}).status_code == 202

    @pytest.mark.parametrize(
        ("named", "status", "where"),
        [
            ({"path": "data/july.csv"}, 422, "/data/path"),
            ({"path": "data/june.csv", "url": "s3://x/y.csv"}, 422, "/data"),
            ({}, 422, "/data"),
            ("data/june.csv", 422, "/data"),
            ({"path": 3}, 422, "/data/path"),
            ({"path": "data/june.csv", "delimiter": '"'}, 422, "/data/delimiter"),
            ({"path": "data/june.csv", "encoding": "klingon"}, 422, "/data/encoding"),
            ({"path": "data/june.csv", "format": "xml"}, 422, "/data/format"),
            ({"path": "data/empty"}, 422, "/data/format"),
            ({"path": "https://example.org/x.csv"}, 422, "/data/path"),
            ({"url": "data/june.csv"}, 422, "/data/url"),
            ({"path": "data/june.csv", "query": "select 1"}, 422, "/data"),
            ({"path": "../secrets.csv"}, 403, None),
            ({"path": "/etc/passwd"}, 403, None),
            ({"path": "data/../minerva.toml"}, 403, None),
            ({"path": "data/${HOME}.csv"}, 403, None),
            ({"url": "https://example.org/x.csv"}, 403, None),
            ({"url": "http://169.254.169.254/latest.csv"}, 403, None),
            ({"url": "file:///etc/passwd"}, 403, None),
            ({"url": "postgresql://db/x.csv"}, 403, None),
        ],
    )  # fmt: skip
    def test_what_cannot_be_is_told_at_once(self, ask, data, sidecar, named, status, where):
        response = ask(TRAIN, {"data": named})

        assert response.status_code == status, response.json
        if where is not None:
            assert response.json["faults"][0]["where"] == where
        assert sidecar.container.jobs.list("default") == []

    def test_a_link_that_leads_out_is_refused(self, ask, data, tmp_path):
        (tmp_path / "secret.csv").write_text(CSV)
        (data / "link.csv").symlink_to(tmp_path / "secret.csv")

        assert ask(TRAIN, {"data": {"path": "data/link.csv"}}).status_code == 403


class TestProfiles:
    def test_named_data_is_profiled(self, ask, data, work):
        report = work(
            ask(JOBS, {"kind": "profile", "parameters": {"data": {"path": "data/june.csv"}}})
        )

        assert (report["rows"], report["unfit_rows"]) == (40, 0)
        assert report["origin"] == {"from": "named", "source": "csv", "path": "data/june.csv"}
        fields = {field["name"]: field for field in report["fields"]}
        assert fields["tenure"]["mean"] == 1.5
        assert fields["churn"]["frequent"] == [
            {"value": "No", "rows": 20},
            {"value": "Yes", "rows": 20},
        ]
        assert "distinct" not in fields["email"]

    def test_without_declared_data_some_must_be_named(self, ask):
        response = ask(JOBS, {"kind": "profile"})

        assert response.status_code == 422
        assert "name some in `data`" in response.json["detail"]

    def test_other_parameters_are_refused(self, ask):
        response = ask(JOBS, {"kind": "profile", "parameters": {"bins": 3}})

        assert response.json["faults"] == [{"where": "/bins", "message": "not known here"}]


class TestExports:
    def export(self, **parameters):
        return {"kind": "export", "parameters": parameters}

    @pytest.mark.parametrize("name", ["churn.zip", "deep/er/churn.tar.gz"])
    def test_the_champion_is_written_with_what_explains_it(self, ask, data, work, sidecar, name):
        result = work(ask(JOBS, self.export(to=f"data/{name}")))

        path = data / name
        assert (result["version"], result["bytes"]) == (1, path.stat().st_size)
        if name.endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                files = {one: archive.read(one) for one in archive.namelist()}
        else:
            with tarfile.open(path) as archive:
                files = {one: archive.extractfile(one).read() for one in archive.getnames()}
        version = sidecar.container.registry.version("default", "churn", 1)
        assert json.loads(files["churn-1/version/manifest.json"]) == version.manifest
        assert json.loads(files["churn-1/schema.json"]) == version.manifest["schema"]
        assert version.digest in files["churn-1/README.txt"].decode()
        assert {"churn-1/version/manifest.sig", "churn-1/version/model/steady.json"} <= set(files)
        assert b"BEGIN PUBLIC KEY" in files["churn-1/public_key.pem"]

    def test_the_same_version_makes_the_same_bytes(self, ask, data, work):
        for name in ("one.zip", "two.zip"):
            work(ask(JOBS, self.export(to=f"data/{name}", version=1)))

        assert (data / "one.zip").read_bytes() == (data / "two.zip").read_bytes()

    def test_what_is_there_is_refused_at_once_unless_it_shall_be_replaced(self, ask, data, work):
        (data / "churn.zip").write_text("mine")

        refused = ask(JOBS, self.export(to="data/churn.zip"))
        work(ask(JOBS, self.export(to="data/churn.zip", overwrite=True)))

        assert refused.status_code == 409
        assert zipfile.is_zipfile(data / "churn.zip")

    def test_an_attempt_after_one_that_died_finds_its_file_and_is_content(self, ask, data, work):
        accepted = ask(JOBS, self.export(to="data/churn.zip"))

        assert work(accepted) == work(accepted)

    def test_a_file_that_came_meanwhile_is_not_replaced(self, ask, data, work):
        accepted = ask(JOBS, self.export(to="data/churn.zip"))
        (data / "churn.zip").write_text("mine")

        with pytest.raises(Exception, match="There is something at"):
            work(accepted)

        assert (data / "churn.zip").read_text() == "mine"
        assert not [path for path in data.iterdir() if path.name.startswith(".")]

    @pytest.mark.parametrize(
        ("parameters", "status"),
        [
            ({"to": "data/churn.txt"}, 422),
            ({"to": 3}, 422),
            ({}, 422),
            ({"to": "data/x.zip", "version": "1"}, 422),
            ({"to": "data/x.zip", "version": 99}, 404),
            ({"to": "data/x.zip", "overwrite": "yes"}, 422),
            ({"to": "data/x.zip", "format": "zip"}, 422),
            ({"to": "../x.zip"}, 403),
            ({"to": "/tmp/x.zip"}, 403),
            ({"to": "s3://bucket/x.zip"}, 403),
        ],
    )
    def test_what_cannot_be_is_told_at_once(self, ask, data, parameters, status):
        assert ask(JOBS, self.export(**parameters)).status_code == status
