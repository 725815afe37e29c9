"""Pages of text, rendered from fonts: what screenshots, scans, receipts and slides are made of."""

import random
from functools import lru_cache
from pathlib import Path

import numpy
from PIL import Image, ImageDraw, ImageFont

SIDE = 512

LATIN = (
    "The quick brown fox jumps over the lazy dog. 0123456789 Invoice no. 4711, total 1,299.00 EUR incl. 19% VAT. "
    "Save Cancel Open File Edit View Help Settings Search results Page 3 of 12 user@example.com https://example.com/a?b=1&c=2 "
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. Voix ambiguë d'un cœur qui au zéphyr préfère les jattes de kiwis. "
    "El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia. Příliš žluťoučký kůň úpěl ďábelské ódy. Pchnąć w tę łódź jeża lub ośm skrzyń fig. "
    "{ return a[i] !== b[j] && x <= 0 ? f(x) : null; } if (n > 1) for (let k = 0; k < n; k++) sum += 0x7f; // O(n log n) #include <stdio.h> @media (min-width: 40em)"
).split(" ")
SCRIPTS = {
    "latin": LATIN,
    "greek": "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία Τάχιστη αλώπηξ βαφής ψημένη γη 2024".split(" "),
    "cyrillic": "Съешь же ещё этих мягких французских булок да выпей чаю Чуєш їх доцю га Кумедна ж ти прощайся без гольфів".split(" "),
    "cjk": "天地玄黄宇宙洪荒 日月盈昃辰宿列張 いろはにほへとちりぬるを 春眠不覚暁処処聞啼鳥 設定を保存する 检索结果 文件编辑 東京都千代田区 價格一千二百元".split(" "),
    "hangul": "키스의 고유조건은 입술끼리 만나야 하고 특별한 기술은 필요치 않다 설정 저장 검색".split(" "),
    "arabic": "نص حكيم له سر قاطع وذو شأن عظيم مكتوب على ثوب أخضر ومغلف بجلد أزرق ١٢٣٤".split(" "),
    "devanagari": "ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण का सर्वनाश करने वाले विष्णुवतार भगवान".split(" "),
    "hebrew": "דג סקרן שט בים מאוכזב ולפתע מצא חברה".split(" "),
}


@lru_cache(maxsize=4096)
def script_of(font: Path) -> tuple[str, ...]:
    """The scripts that a font has glyphs for: a missing glyph is drawn like every other missing one."""
    face = ImageFont.truetype(str(font), 32)
    missing = face.getmask("\U0010fffd").getbbox(), bytes(face.getmask("\U0010fffd"))
    found = []
    for script, words in SCRIPTS.items():
        letters = [letter for letter in words[0][:4]]
        masks = [(face.getmask(letter).getbbox(), bytes(face.getmask(letter))) for letter in letters]
        if all(mask != missing and mask[0] for mask in masks):
            found.append(script)
    return tuple(found)


def usable(fonts: list[Path]) -> list[Path]:
    """Those that hold at least one of SCRIPTS, in a fixed order."""
    return [font for font in sorted(fonts) if scripts_or_none(font)]


def scripts_or_none(font: Path) -> tuple[str, ...]:
    try:
        return script_of(font)
    except (OSError, ValueError):
        return ()


def page(chance: random.Random, fonts: list[Path]) -> numpy.ndarray:
    """A SIDE x SIDE x 3 picture of lines of text of 9 to 56 px in one to four blocks, each on its own ground."""
    ground, ink = colours(chance)
    picture = Image.new("RGB", (SIDE, SIDE), ground)
    draw = ImageDraw.Draw(picture)
    top = 0
    while top < SIDE:
        height = chance.randint(90, SIDE)
        if chance.random() < 0.5:
            ground, ink = colours(chance)
        draw.rectangle((0, top, SIDE, top + height), fill=ground)
        block(draw, chance, fonts, top, min(SIDE, top + height), ink)
        top += height
    if chance.random() < 0.15:
        return scanned(picture, chance)
    return numpy.asarray(picture)


def block(draw: ImageDraw.ImageDraw, chance: random.Random, fonts: list[Path], top: int, bottom: int, ink) -> None:
    font_path = chance.choice(fonts)
    words = SCRIPTS[chance.choice(script_of(font_path))]
    size = round(9 * (56 / 9) ** (chance.random() ** 1.6))
    font = ImageFont.truetype(str(font_path), size)
    draw.fontmode = "1" if chance.random() < 0.06 else "L"
    left, y = chance.randint(2, 24), top + chance.randint(1, 9)
    leading = size * chance.uniform(1.15, 1.7)
    second = colours(chance)[1] if chance.random() < 0.2 else ink
    while y + leading < bottom:
        x, fill = left, second if chance.random() < 0.15 else ink
        while x < SIDE:
            word = chance.choice(words)
            if chance.random() < 0.1:
                word = word.upper()
            draw.text((x, y), word, font=font, fill=fill)
            width = font.getlength(word + " ")
            if chance.random() < 0.02:
                draw.line((x, y + size * 1.12, x + width, y + size * 1.12), fill=fill, width=max(1, size // 14))
            x += max(width, 4)
        y += leading


def colours(chance: random.Random) -> tuple[tuple, tuple]:
    """A ground and an ink: black on white, white on dark, or any two that differ clearly."""
    kind = chance.random()
    if kind < 0.35:
        white, black = chance.randint(236, 255), chance.randint(0, 60)
        return (white,) * 3, (black,) * 3
    if kind < 0.55:
        white, black = chance.randint(190, 255), chance.randint(0, 50)
        return tuple(min(255, black + chance.randint(0, 12)) for _ in range(3)), (white,) * 3
    while True:
        first, second = (tuple(chance.choice((0, 255, chance.randint(0, 255))) for _ in range(3)) for _ in range(2))
        if sum(abs(a - b) for a, b in zip(first, second)) > 180:
            return first, second


def scanned(picture: Image.Image, chance: random.Random) -> numpy.ndarray:
    """A page laid a little askew on a scanner: rotated, softened, unevenly lit, with the paper's grain."""
    picture = picture.rotate(chance.uniform(-3, 3), Image.Resampling.BICUBIC, fillcolor=picture.getpixel((0, 0)))
    pixels = numpy.asarray(picture).astype(numpy.float32)
    grain = numpy.random.default_rng(chance.getrandbits(32)).normal(0, chance.uniform(0.5, 3), (SIDE, SIDE, 1))
    slope = numpy.linspace(1, chance.uniform(0.85, 1), SIDE)[None, :, None]
    return numpy.clip(pixels * slope + grain, 0, 255).astype(numpy.uint8)
