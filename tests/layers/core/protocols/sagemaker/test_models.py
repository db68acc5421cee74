"""Whatever asks for a model is understood or refused."""

from hypothesis import given
from hypothesis import strategies as st

from minerva.errors import InvalidBody, InvalidInput, NotFound
from minerva.layers.core.protocols.sagemaker.models import Model, read_load

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
ANYTHING = st.recursive(LEAVES, lambda one: st.lists(one) | st.dictionaries(st.text(), one))
WISHES = st.dictionaries(st.sampled_from(["model_name", "url", "more"]), ANYTHING)


@given(ANYTHING | WISHES)
def test_any_wish_is_understood_or_refused(sent):
    try:
        model = read_load(sent)
    except (InvalidBody, InvalidInput, NotFound):
        return
    assert sent["url"].rstrip("/") == model.url


@given(
    st.from_regex(r"[a-z][a-z0-9_-]{0,62}", fullmatch=True), st.none() | st.integers(0, 999_999_999)
)
def test_a_name_is_read_again(service, number):
    model = Model(service, number)

    assert Model.named(model.name) == model
    assert read_load({"model_name": model.name, "url": model.url}) == model
