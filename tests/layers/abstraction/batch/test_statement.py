"""A query that writes is told from one that reads by its words."""

import pytest

from minerva.errors import InvalidInput
from minerva.layers.abstraction.batch.statement import refuse_writing


@pytest.mark.parametrize(
    "query",
    [
        "select * from people",
        "  SELECT id, 'delete from x; drop' AS note FROM people;",
        "-- insert\nselect 1 /* update */",
        "with young as (select * from people where age < 30) select * from young",
        "(select 1) union all (select 2)",
        "values (1), (2)",
        'select "into", [update] from people',
        "select replace(name, 'a', 'b'), deleted from people",
    ],
)
def test_a_query_that_reads_passes(query):
    refuse_writing(query)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("delete from people", "begins with DELETE, which writes"),
        ("Insert into people values (1)", "begins with INSERT, which writes"),
        ("drop table people", "begins with DROP, which writes"),
        ("select 1; delete from people", "holds more than one statement"),
        ("with gone as (delete from people returning *) select * from gone", "holds DELETE"),
        ("with x as (select 1) insert into people select * from x", "holds INSERT"),
        ("select * into copy from people", "holds INTO"),
        ("select * from people for update", "holds FOR UPDATE"),
        ("pragma writable_schema = 1", "begins with PRAGMA"),
        ("show tables", "is no select"),
        ("", "is no select"),
    ],
)
def test_a_query_that_writes_is_refused(query, says):
    with pytest.raises(InvalidInput) as caught:
        refuse_writing(query)

    assert says in str(caught.value)
