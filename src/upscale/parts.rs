//! Cuts what a network has to give of a tile into rectangles, for each of which it runs with its halo around.
//!
//! One rectangle around all that is wanted is the whole tile where photographs lie in its corners, or along the rim of a
//! cut-out; many small ones compute their halos again and again. The rectangles start as the cells of a grid, and two of
//! them become one as long as that is less to compute.

use super::view::Area;

/// The side of a cell, in input pixels.
const CELL: usize = 48;

/// Cells along an axis, at most: longer tiles have larger ones.
const MOST_CELLS: usize = 12;

/// What starting a network costs, in input pixels that it could run on.
const START: usize = 2000;

/// Rectangles that save less than so much of one around all are not worth it: smaller runs share their work worse.
const LEAST_SAVED: f64 = 0.25;

/// Rectangles that hold all `wanted` pixels of `rows` x `columns` and have none in common; none where nothing is wanted.
///
/// `wanted` is called with row and column; `margin` is what the network needs around, in pixels.
pub fn parts(wanted: impl Fn(usize, usize) -> bool, rows: usize, columns: usize, margin: usize) -> Vec<Area> {
    let cost = |area: &Area| (area.rows + 2 * margin) * (area.columns + 2 * margin) + START;
    let mut areas = cells(wanted, rows, columns);
    let Some(all) = areas.iter().copied().reduce(around) else { return areas };
    let most = ((1.0 - LEAST_SAVED) * cost(&all) as f64) as usize;
    if areas.iter().map(|area| area.rows * area.columns).sum::<usize>() > most {
        return vec![all];
    }
    while let Some((first, second)) = best_pair(&areas, cost) {
        let other = areas.swap_remove(second);
        areas[first] = around(areas[first], other);
    }
    if areas.iter().map(cost).sum::<usize>() > most { vec![all] } else { areas }
}

/// The wanted pixels of each cell that has any, as the smallest rectangle around them.
fn cells(wanted: impl Fn(usize, usize) -> bool, rows: usize, columns: usize) -> Vec<Area> {
    let side = CELL.max(rows.max(columns).div_ceil(MOST_CELLS)).max(1);
    let mut cells: Vec<Option<Area>> = vec![None; rows.div_ceil(side) * columns.div_ceil(side)];
    for (y, x) in (Area { y: 0, x: 0, rows, columns }).places() {
        if wanted(y, x) {
            let pixel = Area { y, x, rows: 1, columns: 1 };
            let cell = &mut cells[y / side * columns.div_ceil(side) + x / side];
            *cell = Some(cell.map_or(pixel, |cell| around(cell, pixel)));
        }
    }
    cells.into_iter().flatten().collect()
}

/// The two areas, in their order, that save the most as one, of those between which there is no other; `None` if none do.
fn best_pair(areas: &[Area], cost: impl Fn(&Area) -> usize) -> Option<(usize, usize)> {
    let costs: Vec<usize> = areas.iter().map(&cost).collect();
    let (mut best, mut most) = (None, 0);
    for (first, second) in
        (0..areas.len()).flat_map(|first| (first + 1..areas.len()).map(move |second| (first, second)))
    {
        let joined = around(areas[first], areas[second]);
        let saved = (costs[first] + costs[second]).saturating_sub(cost(&joined));
        let alone = || (0..areas.len()).all(|at| at == first || at == second || !meet(&areas[at], &joined));
        if saved > most && alone() {
            (best, most) = (Some((first, second)), saved);
        }
    }
    best
}

/// Whether they have a pixel in common.
fn meet(one: &Area, other: &Area) -> bool {
    one.y < other.y + other.rows
        && other.y < one.y + one.rows
        && one.x < other.x + other.columns
        && other.x < one.x + one.columns
}

/// The smallest rectangle around two.
fn around(one: Area, other: Area) -> Area {
    let axis = |from: usize, len: usize, other: usize, other_len: usize| {
        let first = from.min(other);
        (first, (from + len).max(other + other_len) - first)
    };
    let (y, rows) = axis(one.y, one.rows, other.y, other.rows);
    let (x, columns) = axis(one.x, one.columns, other.x, other.columns);
    Area { y, x, rows, columns }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The rectangles of those of `size` (rows, columns) pixels that lie in one of `areas`.
    fn of(areas: &[Area], (rows, columns): (usize, usize), margin: usize) -> Vec<Area> {
        parts(|y, x| areas.iter().any(|area| holds(area, y, x)), rows, columns, margin)
    }

    fn holds(area: &Area, y: usize, x: usize) -> bool {
        (area.y..area.y + area.rows).contains(&y) && (area.x..area.x + area.columns).contains(&x)
    }

    fn area(y: usize, x: usize, rows: usize, columns: usize) -> Area {
        Area { y, x, rows, columns }
    }

    #[test]
    fn what_is_far_apart_is_computed_apart() {
        let corners = [area(0, 0, 60, 70), area(440, 420, 72, 92)];
        let mut found = of(&corners, (512, 512), 30);
        found.sort_by_key(|area| area.y);
        assert_eq!(found, corners);
        // With margins as wide as what is between them, one rectangle is less.
        assert_eq!(of(&corners, (512, 512), 600), [area(0, 0, 512, 512)]);
    }

    #[test]
    fn what_fills_the_tile_is_one() {
        assert_eq!(of(&[area(0, 0, 700, 500)], (700, 500), 30), [area(0, 0, 700, 500)]);
        assert_eq!(of(&[area(3, 5, 600, 450)], (700, 500), 0), [area(3, 5, 600, 450)]);
        assert_eq!(of(&[], (700, 500), 30), []);
    }

    #[test]
    fn a_frame_is_computed_as_its_sides() {
        let sides = [area(0, 0, 10, 500), area(490, 0, 10, 500), area(0, 0, 500, 10), area(0, 490, 500, 10)];
        let found = of(&sides, (500, 500), 20);
        let computed: usize = found.iter().map(|area| (area.rows + 40) * (area.columns + 40)).sum();
        // Each side with its margins is 50x540 pixels, the whole 540x540. Cells at the corners may stay apart.
        assert!(computed <= 5 * 50 * 540, "{found:?}");
    }

    proptest! {
        #[test]
        fn all_that_is_wanted_is_held_for_no_more_than_one_rectangle_costs(
            wanted in prop::collection::vec((0usize..200, 0usize..150, 1usize..60, 1usize..60), 1..6),
            margin in 0usize..50,
        ) {
            let clipped = |(y, x, rows, columns): (usize, usize, usize, usize)| {
                area(y, x, rows.min(200 - y), columns.min(150 - x))
            };
            let wanted: Vec<Area> = wanted.into_iter().map(clipped).collect();
            let found = of(&wanted, (200, 150), margin);
            for (y, x) in area(0, 0, 200, 150).places() {
                let held = found.iter().filter(|area| holds(area, y, x)).count();
                prop_assert!(held == 1 || held == 0 && !wanted.iter().any(|area| holds(area, y, x)));
            }
            let cost = |area: Area| (area.rows + 2 * margin) * (area.columns + 2 * margin) + START;
            let one = wanted.iter().copied().reduce(around).unwrap();
            prop_assert!(found.iter().map(|area| cost(*area)).sum::<usize>() <= cost(one));
        }
    }
}
