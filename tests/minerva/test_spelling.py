"""Names that nobody knows, and which known one was meant."""

from minerva.spelling import doubt, hint, meant, question

KNOWN = ("max_depth", "learning_rate", "Europe/Berlin")


def test_the_name_that_looks_most_alike_was_meant():
    assert meant("max_detph", KNOWN) == "max_depth"


def test_upper_and_lower_case_make_no_difference():
    assert meant("europe/berln", KNOWN) == "Europe/Berlin"
    assert meant("MAX_DEPTH", KNOWN) == "max_depth"


def test_a_name_like_no_other_was_meant_for_none():
    assert meant("zzz", KNOWN) is None


def test_a_hint_names_the_one_or_lists_all():
    assert hint("learning_rat", KNOWN) == "did you mean 'learning_rate'?"
    assert hint("zzz", KNOWN) == "known: max_depth, learning_rate, Europe/Berlin"
    assert hint("zzz", ()) == "known: none"
    assert hint("zzz", KNOWN, "write another") == "write another"


def test_a_list_of_very_many_names_is_cut():
    said = hint("zzz", [f"{number:04d}" for number in range(1000)])

    assert said.endswith("0039, …")


def test_a_question_stands_behind_a_sentence():
    assert question("max_detph", KNOWN) == " Did you mean 'max_depth'?"
    assert question("zzz", KNOWN) == ""


def test_a_doubt_ends_a_sentence_or_says_nothing():
    assert doubt("max_detph", KNOWN) == "; did you mean 'max_depth'?"
    assert doubt("zzz", KNOWN) == ""
