"""Screenshots of generated web pages in headless Chromium: text as browsers draw it, in forms, tables, code, articles and charts."""

import html
import random
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy
from PIL import Image

from .prepare import save
from .text import SCRIPTS

WIDTH, HEIGHT = 900, 700
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FACES = ("sans-serif", "serif", "monospace", "system-ui", "DejaVu Sans", "Liberation Serif", "Noto Sans", "Lato")
TRAINING, HELD_OUT = 48, 6


def screens(root: Path, held_out: Path) -> None:
    """Writes the group "screens"; every second page at two device pixels a CSS pixel. Needs Chromium on the path."""
    for folder, ending, count, seed in ((root, "npy", TRAINING, "training"), (held_out, "png", HELD_OUT, "held out")):
        for index in range(count):
            target = folder / "screens" / f"screen-{index:03}.{ending}"
            if not target.exists():
                save(target, screenshot(page(random.Random(f"{seed} screen {index}")), 1 + index % 2))


def screenshot(document: str, density: int) -> numpy.ndarray:
    browser = next((name for name in BROWSERS if shutil.which(name)), None)
    if browser is None:
        raise FileNotFoundError(f"screenshots need one of {', '.join(BROWSERS)} on the path")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "page.html", Path(folder) / "page.png"
        source.write_text(document)
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--lang=en", f"--user-data-dir={folder}/profile"]
        options += [f"--window-size={WIDTH},{HEIGHT}", f"--force-device-scale-factor={density}", f"--screenshot={target}"]
        subprocess.run([browser, *options, source.as_uri()], check=True, capture_output=True, timeout=120)
        return numpy.asarray(Image.open(target).convert("RGB"))


def page(chance: random.Random) -> str:
    dark = chance.random() < 0.35
    ground, ink, line = ("#1e1e24", "#e8e8ea", "#444") if dark else (chance.choice(("#fff", "#fff", "#f4f4f6", "#fffdf5")), "#1a1a1a", "#d0d0d6")
    accent = f"hsl({chance.randrange(360)} {chance.randint(50, 100)}% {chance.randint(35, 60)}%)"
    size = chance.choice((11, 12, 13, 14, 16, 18))
    parts = [chance.choice(PARTS)(chance) for _ in range(6)]
    return f"""<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 12px; font: {size}px/1.4 "{chance.choice(FACES)}"; background: {ground}; color: {ink}; columns: {chance.choice((1, 2, 2))} }}
section {{ break-inside: avoid; margin-bottom: 14px }} h2 {{ color: {accent}; margin: 4px 0 }} a {{ color: {accent} }}
table {{ border-collapse: collapse; width: 100% }} td, th {{ border: 1px solid {line}; padding: 3px 6px }} th {{ background: {accent}; color: #fff }}
pre {{ background: {line}; padding: 8px; border-radius: 6px; font-size: {max(10, size - 2)}px; overflow: hidden }} b {{ color: {accent} }}
</style>{"".join(f"<section>{part}</section>" for part in parts)}"""


def words(chance: random.Random, count: int, script: str | None = None) -> str:
    source = SCRIPTS[script or chance.choice(("latin", "latin", "latin", *SCRIPTS))]
    return html.escape(" ".join(chance.choice(source) for _ in range(count)))


def article(chance):
    linked = f'<a href="#">{words(chance, 3)}</a>'
    return f"<h2>{words(chance, 5)}</h2><p>{words(chance, 40)} {linked} {words(chance, 25)}</p><p><em>{words(chance, 15)}</em></p>"


def form(chance):
    fields = "".join(
        f'<p><label>{words(chance, 2)} <input value="{words(chance, 2)}"></label> <input type="checkbox" {chance.choice(("checked", ""))}>'
        f' <input type="radio" {chance.choice(("checked", ""))}> <button>{words(chance, 1)}</button></p>'
        for _ in range(5)
    )
    return f'{fields}<progress value="{chance.random()}"></progress> <input type="range"> <select><option>{words(chance, 2)}</select>'


def grid(chance):
    head = "".join(f"<th>{words(chance, 1)}" for _ in range(5))
    rows = "".join("<tr>" + "".join(f"<td>{chance.choice((words(chance, 1), f'{chance.uniform(0, 9999):,.2f}'))}" for _ in range(5)) for _ in range(8))
    return f"<table><tr>{head}{rows}</table>"


def code(chance):
    lines = "\n".join("  " * chance.randrange(4) + words(chance, chance.randint(2, 7), "latin").replace("return", "<b>return</b>") for _ in range(12))
    return f"<pre>{lines}</pre>"


def chart(chance):
    points = " ".join(f"{x},{chance.randint(5, 115)}" for x in range(0, 400, 20))
    bars = "".join(f'<rect x="{x}" y="{chance.randint(20, 110)}" width="12" height="120" fill="hsl({chance.randrange(360)} 80% 50%)"/>' for x in range(5, 400, 25))
    labels = "".join(f'<text x="{x}" y="118" font-size="9" fill="currentColor">{chance.randint(1, 999)}</text>' for x in range(0, 400, 40))
    return f'<svg width="400" height="120" viewBox="0 0 400 120">{bars}<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="1.5"/>{labels}</svg>'


def icons(chance):
    def icon():
        shape = chance.choice(('<circle cx="12" cy="12" r="9"/>', '<path d="M3 12l6 6L21 5"/>', '<path d="M4 6h16M4 12h16M4 18h10"/>', '<path d="M12 2l3 7h7l-6 5 2 8-6-5-6 5 2-8-6-5h7z"/>'))
        side = chance.choice((16, 20, 24, 32, 48))
        return f'<svg width="{side}" height="{side}" viewBox="0 0 24 24" fill="none" stroke="hsl({chance.randrange(360)} 70% 50%)" stroke-width="{chance.choice((1.5, 2, 2.5))}">{shape}</svg>'

    return "".join(f"<span>{icon()} {words(chance, 1)} </span>" for _ in range(24))


PARTS = (article, article, form, grid, code, chart, icons)
