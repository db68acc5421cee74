"""Predictions for XML documents, and what is refused in them."""

from xml.etree import ElementTree as ET

import pytest

PATH = "/v1/services/churn/predict"
RECORD = (
    "<record><customer_id>C-1</customer_id><tenure>3</tenure><contract>One year</contract></record>"
)
BOMB = (
    '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;">]>'
    "<records><record><tenure>&y;</tenure></record></records>"
)
OUTSIDE = (
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<records><record><email>&x;</email></record></records>"
)


@pytest.fixture
def ask(sidecar, client):
    """Return a function that sends a document."""
    headers = sidecar.headers("predict")

    def asked(body, content_type="application/xml", **more):
        data = body.encode() if isinstance(body, str) else body
        return client.post(PATH, data=data, content_type=content_type, headers={**headers, **more})

    return asked


def test_a_document_is_answered_by_a_document(ask):
    response = ask(f"<records>{RECORD}{RECORD.replace('C-1', 'C-2')}</records>")

    assert response.status_code == 200
    assert response.content_type == "application/xml; charset=utf-8"
    answer = ET.fromstring(response.data)
    about = {"service": "churn", "version": "1", "degraded": "false"}
    assert answer.attrib == about | {"request_id": response.headers["X-Request-ID"]}
    assert [row.findtext("customer_id") for row in answer] == ["C-1", "C-2"]
    assert answer[0].findtext("churn") == "No"
    chances = {one.get("name"): one.text for one in answer[0].find("churn_probabilities")}
    assert chances == {"No": "0.75", "Yes": "0.25"}


def test_accept_asks_for_json(ask):
    response = ask(f"<records>{RECORD}</records>", Accept="application/json")

    assert response.json["predictions"][0]["churn_probabilities"] == {"No": 0.75, "Yes": 0.25}
    assert ask(f"<records>{RECORD}</records>", Accept="text/csv").status_code == 406
    assert ask(f"<records>{RECORD}</records>", "text/xml", Accept="*/*").mimetype == "text/xml"


@pytest.mark.parametrize(
    "document",
    [
        f"\ufeff<records>{RECORD}</records>",
        f'<records xmlns="urn:legacy" explain="0">\n  {RECORD}\n</records><!-- the end -->',
        f'<l:records xmlns:l="urn:l">{RECORD.replace("<", "<l:").replace("<l:/", "</l:")}</l:records>',
        f"<records>{RECORD.replace('>3<', '><![CDATA[3]]><')}</records>",
        f"<records>{RECORD.replace('>3<', '>&#51;<')}</records>",
        f"<records>{RECORD.replace('</record>', '<since/></record>')}</records>",
        (
            '<records><record><field name="customer_id">C-1</field><field name="tenure">3</field>'
            '<field name="contract">One year</field></record></records>'
        ),
    ],
)
def test_namespaces_blanks_and_other_spellings_mean_the_same(ask, document):
    response = ask(document)

    assert response.status_code == 200, response.text
    assert ET.fromstring(response.data)[0].findtext("customer_id") == "C-1"


def test_the_encoding_is_said_by_the_document_or_beside_it(ask):
    document = f'<?xml version="1.0" encoding="latin-1"?><records>{RECORD}</records>'
    said = ask(document.replace("C-1", "Müller").encode("latin-1"))
    beside = ask(document.replace("C-1", "Müller").encode(), "text/xml; charset=utf-8")

    for response in (said, beside):
        assert ET.fromstring(response.data)[0].findtext("customer_id") == "Müller"


@pytest.mark.parametrize(
    ("document", "status", "where"),
    [
        (RECORD, 422, ""),
        ("<records/>", 422, "/records"),
        ("<records explain='maybe'/>", 422, "/@explain"),
        ("<records confidence='2'/>", 422, "/@confidence"),
        ("<records limit='3'/>", 422, "/@limit"),
        ("<records><row/></records>", 422, "/records/0"),
        (f"<records>{RECORD * 6}</records>", 413, "/records"),
        (f"<records>{RECORD}{RECORD.replace('>3<', '>x<')}</records>", 422, "/records/1/tenure"),
        (f"<records>{RECORD.replace('tenure', 'tenur')}</records>", 422, "/records/0/tenur"),
        ("<records><record><tenure><deep/></tenure></record></records>", 400, "/records/0/tenure"),
        ("<records><record>3</record></records>", 400, "/records/0"),
        (
            f"<records>{RECORD.replace('</record>', '<tenure/></record>')}</records>",
            400,
            "/records/0/tenure",
        ),
        ("<records><record>", 400, "line 1, column 18"),
        ("", 400, "line 1, column 1"),
    ],
)
def test_what_is_wrong_is_pointed_at(ask, document, status, where):
    response = ask(document)

    assert response.status_code == status
    assert response.json["faults"][0]["where"] == where


@pytest.mark.parametrize(
    "document", [BOMB, OUTSIDE, f"<!DOCTYPE records><records>{RECORD}</records>"]
)
def test_document_types_and_entities_are_refused_where_they_are_declared(ask, document):
    response = ask(document)

    assert (response.status_code, response.json["code"]) == (400, "invalid_body")
    assert "document type" in response.json["detail"]


def test_depth_is_refused_where_it_begins(ask):
    assert ask("<records>" + "<record>" * 2_000).status_code == 400


@pytest.mark.parametrize("encoding", ["klingon", "utf-7", "punycode", "hex", "undefined"])
def test_encodings_that_are_not_known_are_refused(ask, encoding):
    document = f'<?xml version="1.0" encoding="{encoding}"?><records>{RECORD}</records>'

    assert ask(document).status_code in {200, 400}
    assert ask(f"<records>{RECORD}</records>", "text/xml; charset=latin-1").status_code == 415


def test_an_unknown_service_is_not_found_and_keys_need_a_lookup(ask, client, sidecar):
    headers = sidecar.headers("predict")
    nowhere = client.post(
        "/v1/services/chrn/predict", data="<a/>", content_type="text/xml", headers=headers
    )

    assert nowhere.status_code == 404
    assert ask("<keys><key>C-1</key></keys>").status_code == 422
