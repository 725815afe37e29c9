//! Cuts a program into sections that run one after the other, where that takes less memory.
//!
//! Within a section rows stream: every value is a window of some rows. A deep network has so many values that all their
//! windows take more than whole pictures of the few values that live across a cut.

use std::ops::Range;

use super::Program;
use super::schedule::Schedule;
use crate::kernel::{Block, plane_count};

/// What the windows of a section may take, in bytes: about a third-level cache's share of one core.
pub const SECTION_BYTES: usize = 24 << 20;

/// Rows that a value's window has on average beside a band: the halo of the next convolution.
const HALO_ROWS: usize = 6;

/// The program's steps in sections of about `max_bytes` bytes.
pub fn sections(program: &Program, schedule: &Schedule, max_bytes: usize) -> Vec<Range<usize>> {
    let (steps, sizes) = (program.steps.len(), schedule.sizes);
    let window = |value: usize| bytes(program, sizes, value, schedule.rows(value) + HALO_ROWS);
    let windows = |steps: Range<usize>| steps.map(|step| window(step + 1)).sum::<usize>();
    let live: Vec<usize> = (0..=steps).map(|end| live(program, sizes, end)).collect();
    let cut = cut(steps, max_bytes, windows(0..steps), &window, &live);
    let largest = cut.iter().cloned().map(windows).max().unwrap_or(0);
    let crossing = cut.iter().map(|section| live[section.end]).max().unwrap_or(0);
    let whole = std::iter::once(0..steps);
    if largest + crossing < windows(0..steps) { cut } else { whole.collect() }
}

/// Sections with windows of about `max_bytes` bytes, cut where the fewest bytes live across the cut, and nowhere where that
/// is more than `whole`, the windows of all steps.
fn cut(
    steps: usize,
    max_bytes: usize,
    whole: usize,
    window: &impl Fn(usize) -> usize,
    live: &[usize],
) -> Vec<Range<usize>> {
    let (mut sections, mut begin, mut held) = (Vec::new(), 0, 0);
    let mut step = 0;
    while step < steps {
        held += window(step + 1);
        step += 1;
        if held > max_bytes && step < steps {
            let candidates = begin + (step - begin).div_ceil(2)..step + 1;
            let end = candidates.min_by_key(|&end| (live[end], steps - end)).unwrap_or(step);
            if live[end] < whole {
                sections.push(begin..end);
                (begin, step, held) = (end, end, 0);
            }
        }
    }
    sections.push(begin..steps);
    sections
}

/// Bytes of whole pictures of the values that are made before step `end` and read from it on.
fn live(program: &Program, sizes: &[(usize, usize)], end: usize) -> usize {
    let lives = |value: &usize| program.readers[*value].iter().any(|&(step, _)| step >= end);
    (0..=end.min(sizes.len() - 1))
        .filter(lives)
        .map(|value| bytes(program, sizes, value, sizes[value].0))
        .sum()
}

fn bytes(program: &Program, sizes: &[(usize, usize)], value: usize, rows: usize) -> usize {
    plane_count(program.channels[value]) * rows.min(sizes[value].0) * sizes[value].1 * size_of::<Block>()
}

/// Which memory each value uses: values of sections that do not overlap share it. `needs` are the values' sizes.
pub fn slots(program: &Program, sections: &[Range<usize>], needs: &[usize]) -> Vec<usize> {
    let section_of = |step: usize| sections.iter().position(|section| section.contains(&step)).unwrap_or(0);
    // Of each slot: its size, and the last section that uses it.
    let mut slots: Vec<(usize, usize)> = Vec::new();
    let mut chosen = Vec::with_capacity(needs.len());
    for (value, &need) in needs.iter().enumerate() {
        let begin = value.checked_sub(1).map_or(0, section_of);
        let end = program.readers[value].iter().map(|&(step, _)| section_of(step)).max();
        let end = end.unwrap_or(sections.len());
        let free = (0..slots.len()).filter(|&slot| slots[slot].1 < begin);
        let fitting = |slot: &usize| (slots[*slot].0 < need, slots[*slot].0.abs_diff(need));
        match free.min_by_key(fitting) {
            Some(slot) => {
                slots[slot] = (slots[slot].0.max(need), end);
                chosen.push(slot);
            }
            None => {
                chosen.push(slots.len());
                slots.push((need, end));
            }
        }
    }
    chosen
}
