"""Invented people. No name or address here belongs to anybody; each follows from a row number."""

# ruff: noqa: SIM905 - a list of names reads best as words

import re
import unicodedata

_WOMEN = (
    "Ada Amélie Anouk Beatriz Carmen Chloé Clara Deepa Elif Emma Fatima Freya Grace Hanna Ingrid"
    " Inés Jana Josefine Kavya Lena Leïla Maren Mira Nadia Nora Olga Paula Rosa Ruth Saskia Sofía"
    " Tess Ursula Vera Wanda Yuki Zoë"
).split()
_MEN = (
    "Adam Ahmed André Björn Carl Cem Diego Emil Enzo Felix Finn George Hugo Ibrahim Ivan Jan Jürgen"
    " Kenji Léo Łukasz Marco Mateo Milan Nils Noah Oskar Paulo Quentin Rahul René Samuel Søren Theo"
    " Tomás Viktor Walter Yusuf"
).split()
_FAMILIES = (
    "Abbott Achterberg Almeida Andersson Baptiste Becker Bianchi Brandt Castillo Cohen Costa Dahl"
    " Delgado Dubois Eriksen Farkas Fischer Fontaine García Gruber Haddad Hansen Hoffmann Iversen"
    " Jansen Jørgensen Kaya Kowalska Krüger Lambert Larsen Lindqvist Lund Marino Mercier Moreau"
    " Müller Nakamura Novak Nuñez O'Brien Okafor Olsen Osei Patel Pereira Petrov Quist Ramírez"
    " Ricci Rossi Santos Schmidt Silva Sørensen Tanaka Vargas Vogel Weber Wójcik Yildiz Zimmermann"
).split()
_HOSTS = ("example.com", "example.net", "example.org")  # reserved for such use by RFC 2606
_WITHOUT_MARK = str.maketrans("łøđ", "lod")  # letters that no normal form takes apart


def invented(number: int, *, female: bool) -> tuple[str, str]:
    """The name and e-mail address of the `number`-th customer; always the same ones."""
    given_names = _WOMEN if female else _MEN
    given = given_names[number * 7 % len(given_names)]
    family = _FAMILIES[number * 11 // 5 % len(_FAMILIES)]
    local = re.sub(r"[^a-z]", "", folded(given)) + "." + re.sub(r"[^a-z]", "", folded(family))
    return f"{given} {family}", f"{local}{number}@{_HOSTS[number % len(_HOSTS)]}"


def folded(text: str) -> str:
    """`text` as it is searched for: without case, marks on letters, and control characters."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_WITHOUT_MARK))
    kept = (char for char in plain if unicodedata.category(char) not in {"Mn", "Cc", "Cs"})
    return " ".join("".join(kept).split())
