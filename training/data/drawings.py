"""Logos, line art, user-interface parts, charts and saturated flats, drawn at four times their size and reduced."""

import math
import random

import numpy
from PIL import Image, ImageDraw

SIDE = 384
OVERSAMPLING = 4


def drawing(chance: random.Random) -> numpy.ndarray:
    """A SIDE x SIDE x 3 picture of one of KINDS, of hard or anti-aliased edges."""
    factor = 1 if chance.random() < 0.2 else OVERSAMPLING
    picture = Image.new("RGB", (SIDE * factor, SIDE * factor), colour(chance))
    draw = ImageDraw.Draw(picture)
    for _ in range(chance.randint(1, 2)):
        chance.choice(KINDS)(draw, chance, SIDE * factor, factor)
    if factor > 1:
        picture = picture.resize((SIDE, SIDE), Image.Resampling.BOX)
    return numpy.asarray(picture)


def colour(chance: random.Random) -> tuple[int, int, int]:
    """Half of them at the corners of the colour cube, where networks that multiply blow up."""
    if chance.random() < 0.5:
        return tuple(chance.choice((0, 255)) for _ in range(3))
    return tuple(chance.randint(0, 255) for _ in range(3))


def shapes(draw, chance, side, factor):
    for _ in range(chance.randint(3, 40)):
        x, y = chance.uniform(-0.1, 1) * side, chance.uniform(-0.1, 1) * side
        width, height = (side * chance.uniform(0.01, 0.5) for _ in range(2))
        box = (x, y, x + width, y + height)
        kind = chance.random()
        outline = colour(chance) if chance.random() < 0.4 else None
        thick = round(factor * chance.uniform(1, 5))
        if kind < 0.3:
            draw.ellipse(box, fill=colour(chance), outline=outline, width=thick)
        elif kind < 0.55:
            draw.rounded_rectangle(box, radius=min(width, height) * chance.uniform(0, 0.5), fill=colour(chance), outline=outline, width=thick)
        elif kind < 0.75:
            corners = chance.randint(3, 9)
            points = [(x + width * chance.random(), y + height * chance.random()) for _ in range(corners)]
            draw.polygon(points, fill=colour(chance))
        else:
            star(draw, chance, x, y, width)


def star(draw, chance, x, y, size):
    corners, inner = chance.randint(4, 12), chance.uniform(0.3, 0.8)
    points = []
    for index in range(2 * corners):
        radius = size / 2 * (1 if index % 2 else inner)
        points.append((x + radius * math.cos(math.pi * index / corners), y + radius * math.sin(math.pi * index / corners)))
    draw.polygon(points, fill=colour(chance))


def lines(draw, chance, side, factor):
    ink = colour(chance)
    for _ in range(chance.randint(5, 60)):
        points, x, y = [], chance.random() * side, chance.random() * side
        direction, bend = chance.random() * 2 * math.pi, chance.uniform(-0.15, 0.15)
        for _ in range(chance.randint(2, 60)):
            points.append((x, y))
            x, y = x + math.cos(direction) * side / 40, y + math.sin(direction) * side / 40
            direction += bend
        draw.line(points, fill=ink, width=round(factor * chance.choice((0.6, 1, 1, 1.5, 2, 3, 6))) or 1, joint="curve")
        if chance.random() < 0.1:
            ink = colour(chance)


def stripes(draw, chance, side, factor):
    """Parallel lines, from one pixel of the small picture upwards, at any angle."""
    angle = chance.choice((0, math.pi / 2, chance.random() * math.pi))
    pitch, share, first = factor * 2.2 * 12 ** chance.random(), chance.uniform(0.25, 0.75), colour(chance)
    dx, dy = math.cos(angle), math.sin(angle)
    for index in range(-int(1.5 * side / pitch), int(1.5 * side / pitch)):
        x, y = side / 2 + index * pitch * dx, side / 2 + index * pitch * dy
        reach = 1.5 * side
        draw.line((x - dy * reach, y + dx * reach, x + dy * reach, y - dx * reach), fill=first, width=max(1, round(pitch * share)))


def checkers(draw, chance, side, factor):
    cell, first, second = factor * 1.5 * 16 ** chance.random(), colour(chance), colour(chance)
    for row in range(int(side / cell) + 1):
        for column in range(int(side / cell) + 1):
            fill = first if (row + column) % 2 else second
            draw.rectangle((column * cell, row * cell, (column + 1) * cell, (row + 1) * cell), fill=fill)


def rings(draw, chance, side, factor):
    x, y, pitch = chance.random() * side, chance.random() * side, factor * 3 * 8 ** chance.random()
    inks = [colour(chance) for _ in range(chance.randint(2, 4))]
    for index in range(int(1.4 * side / pitch), 0, -1):
        radius = index * pitch
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=inks[index % len(inks)])


def window(draw, chance, side, factor):
    """A dialogue of a program: bars, buttons, fields, thin frames, check marks, scroll bars."""
    dark = chance.random() < 0.4
    ground = (chance.randint(20, 60),) * 3 if dark else (chance.randint(225, 255),) * 3
    line = tuple(min(255, max(0, value + (40 if dark else -40))) for value in ground)
    accent = colour(chance)
    draw.rectangle((0, 0, side, side), fill=ground)
    draw.rectangle((0, 0, side, 30 * factor), fill=accent if chance.random() < 0.5 else line)
    y = 40 * factor
    while y < side:
        x = chance.randint(6, 20) * factor
        while x < side:
            width, height = chance.randint(20, 160) * factor, chance.randint(10, 32) * factor
            box = (x, y, x + width, y + height)
            fill = chance.choice((ground, line, accent, colour(chance)))
            draw.rounded_rectangle(box, radius=chance.choice((0, 3, 6, 12)) * factor, fill=fill, outline=line, width=factor)
            if chance.random() < 0.3:
                middle = y + height / 2
                draw.line((x + 4 * factor, middle, x + 8 * factor, middle + 4 * factor, x + 15 * factor, middle - 5 * factor), fill=colour(chance), width=2 * factor)
            x += width + chance.randint(6, 30) * factor
        y += chance.randint(28, 60) * factor


def chart(draw, chance, side, factor):
    ground = (255, 255, 255) if chance.random() < 0.7 else (20, 20, 30)
    grid = tuple((200 if value > 99 else 60) for value in ground)
    draw.rectangle((0, 0, side, side), fill=ground)
    for index in range(0, side, 32 * factor):
        draw.line((0, index, side, index), fill=grid, width=factor)
        draw.line((index, 0, index, side), fill=grid, width=factor)
    if chance.random() < 0.5:
        step = chance.randint(8, 40) * factor
        for x in range(0, side, step):
            draw.rectangle((x, side * chance.random(), x + step * 0.7, side), fill=colour(chance))
        return
    for _ in range(chance.randint(1, 5)):
        y, points = side * chance.random(), []
        for x in range(0, side, side // 48):
            y += side * chance.uniform(-0.06, 0.06)
            points.append((x, y))
        draw.line(points, fill=colour(chance), width=round(factor * chance.choice((1, 1.5, 2, 3))), joint="curve")


def ramps(draw, chance, side, factor):
    """Smooth gradients, which have to stay smooth, cut by hard edges."""
    first, second = colour(chance), colour(chance)
    for y in range(side):
        share = y / side
        draw.line((0, y, side, y), fill=tuple(round(a + (b - a) * share) for a, b in zip(first, second)))
    shapes(draw, chance, side, factor)


KINDS = (shapes, shapes, lines, lines, stripes, checkers, rings, window, window, chart, ramps)
