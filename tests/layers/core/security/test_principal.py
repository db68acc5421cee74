"""Scopes say what a caller may do; admin may do everything."""

import pytest

from minerva.errors import NotPermitted
from minerva.layers.core.security.principal import SCOPES, Principal, local_principal


def test_a_granted_scope_lets_pass():
    assert Principal("acme", "k", frozenset({"predict"})).require("train", "predict") is None


def test_a_missing_scope_is_named():
    with pytest.raises(NotPermitted, match="lacks the scope train or registry"):
        Principal("acme", "k", frozenset({"predict"})).require("train", "registry")


@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_admin_implies_every_scope(scope):
    assert Principal("acme", "k", frozenset({"admin"})).require(scope) is None


def test_the_local_principal_may_do_everything_for_the_default_tenant():
    local = local_principal()

    assert local.tenant == "default"
    assert local.scopes == {"predict", "feedback", "train", "registry", "admin", "metrics"}


def test_a_caller_is_named_by_the_name_of_its_key_and_by_the_key():
    assert Principal("acme", "k1", frozenset(), "ann").author == "ann (k1)"
    assert Principal("acme", "k1", frozenset()).author == "k1"
