"""The pages: what people find on them, sidecar or no sidecar."""

import re
import time

import pytest
from fake_sidecar import cut_short, hang, problem, reply, trickle


def text_of(answer):
    """A page as it reads, without its markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def test_home_leads_to_the_customers(client):
    answer = client.get("/")

    assert (answer.status_code, answer.location) == (302, "/customers")


def test_the_list_shows_customers_and_how_many_there_are(client):
    page = text_of(client.get("/customers"))

    assert "600 customers" in page
    assert "Deepa Almeida C-00001 deepa.almeida1@example.net" in page
    assert "Page 1 of 24" in page
    assert "not scored" in page


def test_the_list_shows_stored_scores(client, scored):
    page = text_of(client.get("/customers?band=high"))

    assert "74% high" in page
    assert "not scored" not in page


def test_searching_keeps_what_was_asked_for(client):
    answer = client.get("/customers?q=Zo%C3%AB&contract=One+year&sort=name")

    assert 'value="Zoë"' in answer.text
    assert "<option selected>One year</option>" in answer.text


def test_paging_keeps_the_search(client):
    page = client.get("/customers?q=a&contract=Month-to-month&page=2").text

    assert 'rel="prev" href="/customers?page=1&amp;q=a&amp;contract=Month-to-month"' in page
    assert 'rel="next" href="/customers?page=3&amp;q=a&amp;contract=Month-to-month"' in page


@pytest.mark.parametrize(
    "query", ["q=%25", "q=_", "q=%00", "q=%ff%fe", "q='%22%3Cb%3E", "page=9999", "page=%C2%B2"]
)
def test_no_search_breaks_the_page(client, query):
    answer = client.get(f"/customers?{query}")

    assert answer.status_code == 200
    assert "<b>" not in answer.text.partition("</form>")[0]


def test_nobody_found_is_said(client):
    page = text_of(client.get("/customers?q=nobody"))

    assert "0 customers found" in page
    assert "Nobody matches" in page


def test_a_customer_has_a_live_risk(client, fake):
    answer = client.get("/customers/C-00003", headers={"X-Request-ID": "page-7"})

    page = text_of(answer)
    assert "Mateo Bianchi" in page
    assert "$53.85" in page
    assert "High risk" in page
    assert "74%" in page
    assert "Model version 1" in page
    assert re.search(r"Took \d+ ms", page)
    assert "minerva logs --request-id page-7" in page
    assert fake.calls[0].headers["X-Request-ID"] == "page-7"
    assert fake.calls[0].content["records"][0]["customer_id"] == "C-00003"


def test_a_customer_whose_first_bill_is_missing(client, fake):
    fake.predicting = None
    answer = client.get("/customers/C-00489")

    assert "Total so far \N{EN DASH}" in text_of(answer)
    assert fake.calls[0].content["records"][0]["total_charges"] is None
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("behaviour", "deadline", "reason"),
    [
        (problem(500, "internal"), 60, "answered 500"),
        (problem(401, "unauthenticated"), 60, "answered 401"),
        (cut_short, 60, "could not be read"),
        (hang, 0.3, "did not answer in time"),
        (
            trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"),
            0.3,
            "did not answer in time",
        ),
    ],
)
def test_without_a_prediction_the_page_is_there_all_the_same(client, fake, behaviour, reason):
    fake.predicting = behaviour

    begun = time.monotonic()
    answer = client.get("/customers/C-00003")

    assert time.monotonic() - begun < 30  # neither of the last two would ever end
    assert answer.status_code == 200
    assert "No prediction" in text_of(answer)
    assert reason in text_of(answer)
    assert "Mateo Bianchi" in text_of(answer)


def test_with_the_sidecar_away_the_page_is_there_at_once(client, fake):
    fake.stop()

    answer = client.get("/customers/C-00003")

    assert answer.status_code == 200
    assert "No prediction" in text_of(answer)


def test_a_default_answer_is_shown_as_such(client, fake):
    default = {"customer_id": "C-00003", "churn": "No"}
    fake.predicting = reply(200, {"predictions": [default], "version": None, "degraded": True})

    assert "Default answer: stays" in text_of(client.get("/customers/C-00003"))


def test_the_campaign_lists_the_riskiest_and_what_is_at_stake(client, scored):
    page = text_of(client.get("/campaign?threshold=70"))

    assert "at least 70%" in page
    assert re.search(r"Customers to call \d+", page)
    assert re.search(r"Monthly revenue at risk \$[\d,]+", page)
    assert "Deepa Almeida" in page


def test_a_campaign_without_anybody_to_call(client, scored):
    assert "Nobody is that likely to leave" in text_of(client.get("/campaign?threshold=95"))


def test_a_campaign_before_the_first_scores(client):
    assert "No scores yet" in text_of(client.get("/campaign"))


def test_the_status_before_and_after(client, sqlite_engine, scored):
    page = text_of(client.get("/status"))

    assert "Nothing prepared yet" in page
    assert "No training asked for yet" in page
    assert "Customers are scored" in page
    assert "Answers" in page


def test_names_are_escaped(client, sqlite_engine):
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql("UPDATE customers SET name = '<script>alert(1)</script>'")

    for address in ("/customers", "/customers/C-00001"):
        assert "<script>alert" not in client.get(address).text
