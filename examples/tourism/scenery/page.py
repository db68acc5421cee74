"""A recommendation as one HTML page that needs nothing else: photos, profile, map."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path

from PIL import Image

BEST = 5
"""So many places are numbered on the map."""
COLOURS = {
    "landscape": "#2e7d4f",
    "adventure": "#c2571a",
    "historical": "#8a6d1f",
    "urban": "#3a66a8",
    "shopping": "#a03a78",
}
STYLE = """
:root{color-scheme:light dark;--ink:#1d232a;--soft:#5b6570;--line:#d5dae0;--card:#fff;--ground:#f4f6f8}
@media (prefers-color-scheme:dark){
:root{--ink:#e8ecf0;--soft:#a4aeb8;--line:#3a424b;--card:#20262d;--ground:#161a1f}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:1200px;margin:0 auto;padding:1.5rem 1rem 3rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:0 0 .8rem}
p+h2{margin-top:1.6rem}p{margin:.3rem 0;color:var(--soft)}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem;margin-top:1rem}
.two{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,360px),1fr))}
.photos{display:grid;gap:.7rem;grid-template-columns:repeat(auto-fill,minmax(130px,1fr))}
figure{margin:0;min-width:0}figure img,.none{width:100%;aspect-ratio:3/2;object-fit:cover;border-radius:6px;
display:block}
.none{border:2px dashed var(--line);padding:.4rem;font-size:.8rem;color:var(--soft);overflow:auto}
figcaption{font-size:.85rem;overflow-wrap:anywhere}
.bar{display:grid;grid-template-columns:6.5rem 1fr 3rem;gap:.6rem;align-items:center;margin:.45rem 0}
.bar span{height:.9rem;border-radius:4px;background:var(--line);overflow:hidden}
.bar i{display:block;height:100%}.bar b{text-align:right;font-weight:600;font-variant-numeric:tabular-nums}
svg{width:100%;height:auto;display:block}ol{margin:.5rem 0 0;padding-left:1.4rem}
"""


@dataclass(frozen=True)
class Photo:
    """A photo and what it was taken for, or why nothing could be told."""

    path: Path
    confidences: Mapping[str, float]
    failed: str = ""


@dataclass(frozen=True)
class Place:
    """A point of interest on the map, kilometres from its lower left corner, and its score."""

    name: str
    x: float
    y: float
    score: float


def page(
    user: str, photos: Sequence[Photo], profile: Mapping[str, float], places: Sequence[Place]
) -> str:
    """Return the page."""
    ranking = sorted(places, key=lambda place: -place.score)
    best = "".join(f"<li>{escape(one.name)} ({one.score:.0%})</li>" for one in ranking[:BEST])
    bars = "".join(bar(name, share) for name, share in profile.items())
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Recommendations for {escape(user)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><style>{STYLE}</style></head><body><main>
<h1>Recommendations for {escape(user)}</h1>
<p>From {len(photos)} pictures. They are drawn by a program; users, places and map are made up.</p>
<div class="two">
<section><h2>Profile</h2>{bars}<p>0 to 100: how much the album tells of an interest.</p>
<h2>Where to go</h2><ol>{best}</ol></section>
<section><h2>Map</h2>{drawn_map(ranking)}</section>
</div>
<section><h2>Pictures</h2><div class="photos">{"".join(map(figure, photos))}</div></section>
</main></body></html>
"""


def bar(name: str, share: float) -> str:
    """Return a line with a bar."""
    length, colour = f"{100 * share:.0f}", COLOURS.get(name, "#666")
    return (
        f'<div class="bar">{escape(name)}<span><i style="width:{length}%;background:{colour}"></i>'
        f"</span><b>{length}</b></div>"
    )


def figure(photo: Photo) -> str:
    """Return a small picture with its class, or the reason why there is none."""
    name = escape(photo.path.name)
    if photo.failed:
        reason = f'<div class="none">{escape(photo.failed)}</div>'
        return f"<figure>{reason}<figcaption>{name}</figcaption></figure>"
    ordered = sorted(photo.confidences.items(), key=lambda one: -one[1])
    told = ", ".join(f"{kind} {chance:.0%}" for kind, chance in ordered)
    kind, chance = ordered[0]
    return (
        f'<figure title="{told}"><img src="{thumbnail(photo.path)}" alt="{name}, {kind}">'
        f"<figcaption>{kind} {chance:.0%}</figcaption></figure>"
    )


def thumbnail(path: Path) -> str:
    """Return a small picture as a data URL."""
    with Image.open(path) as image:
        image.thumbnail((260, 260))
        written = BytesIO()
        image.convert("RGB").save(written, "JPEG", quality=70)
    return f"data:image/jpeg;base64,{base64.b64encode(written.getbuffer()).decode('ascii')}"


def drawn_map(ranking: Sequence[Place]) -> str:
    """Return a map of 10 by 10 kilometres: the better a place fits the larger, the best numbered."""
    most = max(place.score for place in ranking)
    marks = "".join(
        mark(place, position, place.score / most) for position, place in enumerate(ranking, 1)
    )
    lines = "".join(
        f'<path d="M{at} 0V100M0 {at}H100" stroke="var(--line)" stroke-width=".2"/>'
        for at in range(10, 100, 10)
    )
    return (
        '<svg viewBox="0 0 100 100" role="img" aria-label="Map of the places, best ones numbered">'
        '<rect width="100" height="100" rx="2" fill="none" stroke="var(--line)" stroke-width=".5"/>'
        f'{lines}<path d="M0 62C20 55 30 70 50 60S80 66 100 55" fill="none" stroke="#4f8fc0" '
        f'stroke-width="1.6" opacity=".5"/>{marks}</svg>'
    )


def mark(place: Place, position: int, share: float) -> str:
    """Return a place on the map."""
    x, y, best = 10 * place.x, 100 - 10 * place.y, position <= BEST
    said = f"<title>{escape(place.name)}: {place.score:.1%}</title>"
    fill = "#c0392b" if best else "#8894a0"
    number = (
        f'<text x="{x:g}" y="{y + 1.3:g}" font-size="3.6" font-weight="700" text-anchor="middle" '
        f'fill="#fff">{position}</text>'
        if best
        else ""
    )
    radius = max(2.8, 1.2 + 3 * share) if best else 1.2
    circle = f'<circle cx="{x:g}" cy="{y:g}" r="{radius:.1f}" fill="{fill}"/>'
    return f"<g>{said}{circle}{number}</g>"
