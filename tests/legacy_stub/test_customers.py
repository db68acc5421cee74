"""Finding customers: by id, by search, by filter, page by page."""

import datetime as dt

import pytest

from legacy_stub.customers import PER_PAGE, Search, each, find, search
from legacy_stub.risk import Band
from legacy_stub.tables import FEATURES, churn_scores, customers

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=dt.UTC)


def add(engine, customer_id, search_key):
    facts = {name: kind().python_type("1") for name, kind in FEATURES.items()}
    named = {"customer_id": customer_id, "name": "N", "email": "e", "search_key": search_key}
    with engine.begin() as connection:
        connection.execute(customers.insert(), [facts | named | {"churn": "No"}])


def score(engine, **probabilities):
    rows = [
        {
            "customer_id": customer_id.replace("_", "-"),
            "churn": "Yes",
            "probability": probability,
            "version": "1",
            "degraded": False,
            "request_id": "r",
            "scored_at": NOW,
        }
        for customer_id, probability in probabilities.items()
    ]
    with engine.begin() as connection:
        connection.execute(churn_scores.insert(), rows)


def ids(page):
    return [customer.customer_id for customer in page.customers]


def test_a_customer_is_found_by_id(whole_engine):
    customer = find(whole_engine, "C-00003")

    assert customer.name == "Mateo Bianchi"
    assert customer.features["contract"] == "Month-to-month"
    assert customer.score is None


@pytest.mark.parametrize(
    "customer_id",
    [
        "C-99999",
        "",
        "C-00001 ",
        "C-\x00",
        "c-00001",
        "' OR 1=1 --",
        "C-" + "\N{ARABIC-INDIC DIGIT ONE}" * 5,
    ],
)
def test_an_id_that_nobody_has_finds_nobody(whole_engine, customer_id):
    assert find(whole_engine, customer_id) is None


def test_the_record_for_the_sidecar_holds_the_facts_and_nothing_personal(whole_engine):
    record = find(whole_engine, "C-00003").record()

    assert list(record) == ["customer_id", *FEATURES]


@pytest.mark.parametrize("text", ["Zoë Quist", "zoe quist", "  ZOE   QUIST ", "ZOË QUIST"])
def test_a_name_is_found_whatever_its_case_and_marks(whole_engine, text):
    found = search(whole_engine, Search(text=text))

    assert found.total >= 1
    assert {customer.name for customer in found.customers} == {"Zoë Quist"}


def test_ids_and_addresses_are_found_too(whole_engine):
    assert ids(search(whole_engine, Search(text="c-00042"))) == ["C-00042"]
    assert ids(search(whole_engine, Search(text="mateo.bianchi3@"))) == ["C-00003"]


@pytest.mark.parametrize(
    "text", ["%", "_", "\\", "/", "100%", "a%b", "\N{PILE OF POO}", '"', ";--"]
)
def test_wild_cards_and_quotes_stand_for_themselves(engine, text):
    assert search(engine, Search(text=text)).total == 0

    add(engine, "C-90001", f"before {text} after")
    assert ids(search(engine, Search(text=text))) == ["C-90001"]


def test_an_apostrophe_is_a_letter_like_any_other(whole_engine):
    found = search(whole_engine, Search(text="o'brien"))

    assert found.total > 0
    assert all("O'Brien" in customer.name for customer in found.customers)


def test_a_text_of_nothing_but_control_characters_finds_everybody(whole_engine):
    assert search(whole_engine, Search(text="\x00\x07")).total == 7043


def test_filters_narrow_the_search(engine):
    score(engine, C_00001=0.1, C_00002=0.3, C_00003=0.6, C_00004=1.0, C_00005=None)

    assert search(engine, Search(contract="Two year")).total == 143
    assert ids(search(engine, Search(band=Band.LOW))) == ["C-00001"]
    assert ids(search(engine, Search(band=Band.MEDIUM))) == ["C-00002"]
    assert ids(search(engine, Search(band=Band.HIGH))) == ["C-00004", "C-00003"]
    assert search(engine, Search(band=Band.HIGH, contract="Two year")).total == 0


def test_the_riskiest_come_first_and_the_unscored_last(engine):
    score(engine, C_00600=0.2, C_00009=0.9, C_00005=None)

    assert ids(search(engine, Search()))[:4] == ["C-00009", "C-00600", "C-00001", "C-00002"]


def test_customers_can_be_sorted_by_name(whole_engine):
    names = [customer.name for customer in search(whole_engine, Search(by_name=True)).customers]

    assert names[0].startswith("Ada ")


def test_all_pages_together_hold_everybody_once(whole_engine):
    pages = search(whole_engine, Search(contract="Two year")).pages
    seen = [
        customer_id
        for number in range(1, pages + 1)
        for customer_id in ids(search(whole_engine, Search(contract="Two year", page=number)))
    ]

    assert pages == -(-1695 // PER_PAGE)
    assert len(seen) == len(set(seen)) == 1695


@pytest.mark.parametrize(("asked", "given"), [(0, 1), (-3, 1), (10**9, 282)])
def test_a_page_beyond_the_ends_is_the_nearest_one(whole_engine, asked, given):
    page = search(whole_engine, Search(page=asked))

    assert page.number == given
    assert page.customers


def test_nobody_found_is_one_empty_page(whole_engine):
    page = search(whole_engine, Search(text="nobody is called this"))

    assert (page.customers, page.number, page.pages, page.total) == ([], 1, 1, 0)


def test_everybody_comes_in_chunks_by_id(whole_engine):
    chunks = list(each(whole_engine, 3000))

    assert [len(chunk) for chunk in chunks] == [3000, 3000, 1043]
    assert chunks[2][-1].customer_id == "C-07043"


def test_a_stored_score_comes_with_its_moment_in_utc(engine):
    score(engine, C_00001=0.7)

    stored = find(engine, "C-00001").score

    assert (stored.probability, stored.band, stored.version) == (0.7, Band.HIGH, "1")
    assert stored.scored_at == NOW
    assert stored.scored_at.tzinfo is dt.UTC
