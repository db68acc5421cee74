"""The workspace's folder of services."""

import os

import pytest
from tiny import a_declaration, write_service

from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.services.folder import read_services, service_files, signature


def accept(declaration) -> None:
    """Object to nothing."""


@pytest.fixture
def folder(tmp_path):
    """A workspace with an empty folder of services."""
    (tmp_path / "services").mkdir()
    return tmp_path


def test_one_file_is_one_service_whatever_its_ending(folder):
    write_service(folder, a_declaration("b"))
    write_service(folder, a_declaration("a")).rename(folder / "services" / "z.yml")
    (folder / "services" / "readme.md").write_text("not a service")

    declared = read_services(folder, accept)

    assert [declaration.service for declaration in declared.services] == ["b", "a"]
    assert declared.problems == ()


def test_a_file_that_cannot_be_used_harms_only_itself(folder):
    write_service(folder, a_declaration("good"))
    (folder / "services" / "bad.yaml").write_text("service: bad\nalgorithm: x\n")
    (folder / "services" / "worse.yaml").write_bytes(b"\xff")

    declared = read_services(folder, accept)

    assert [declaration.service for declaration in declared.services] == ["good"]
    assert declared.problems == (
        Fault("bad.yaml:1", "'schema' is missing"),
        Fault("worse.yaml", "worse.yaml is not UTF-8 text."),
    )


def test_a_name_is_declared_by_the_first_file_only(folder):
    write_service(folder, a_declaration("twice", algorithm="first"))
    write_service(folder, a_declaration("twice")).rename(folder / "services" / "again.yaml")
    write_service(folder, a_declaration("twice", algorithm="second"))

    declared = read_services(folder, accept)

    assert [declaration.algorithm for declaration in declared.services] == ["linear"]
    assert declared.problems == (
        Fault("twice.yaml", "service 'twice' is declared in another file already"),
    )


def test_a_file_that_vanishes_while_the_folder_is_read_is_told(folder):
    write_service(folder, a_declaration("stays"))
    write_service(folder, a_declaration("gone"))

    def remove_the_other(declaration) -> None:
        (folder / "services" / "stays.yaml").unlink()

    declared = read_services(folder, remove_the_other)

    assert [declaration.service for declaration in declared.services] == ["gone"]
    assert [fault.where for fault in declared.problems] == ["stays.yaml"]


def test_what_the_house_objects_to_is_a_problem(folder):
    write_service(folder, a_declaration("a"))

    def object_to_all(declaration):
        raise InvalidConfiguration("No.", faults=[Fault("/algorithm", "unknown")])

    assert read_services(folder, object_to_all).problems == (
        Fault("a.yaml:2", "algorithm: unknown"),
    )


def test_a_workspace_without_the_folder_has_no_services(tmp_path):
    assert service_files(tmp_path) == []
    assert signature(tmp_path) == ()
    assert read_services(tmp_path, accept).services == ()


def test_the_signature_changes_with_names_sizes_and_times(folder):
    path = write_service(folder, a_declaration("a"))
    seen = [signature(folder)]

    path.write_text(path.read_text() + "# longer\n")
    seen.append(signature(folder))
    os.utime(path, ns=(1, 1))
    seen.append(signature(folder))
    path.rename(folder / "services" / "b.yaml")
    seen.append(signature(folder))

    assert len(set(seen)) == 4
    assert signature(folder) == seen[-1]


def test_a_link_that_leads_nowhere_has_no_signature_but_is_told(folder):
    (folder / "services" / "lost.yaml").symlink_to(folder / "nowhere")

    assert signature(folder) == ()
    assert [fault.where for fault in read_services(folder, accept).problems] == ["lost.yaml"]
