//! One picture on its way through a program.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::crew::together;
use super::schedule::Schedule;
use super::sections::{sections, slots};
use super::value::Value;
use super::work::{Input, Work};
use super::{Crew, Program, Source, Step, Workspace};
use crate::error::Error;
use crate::kernel::{Block, LANES, Scratch, plane_count, to_blocked};

pub struct Stream<'a> {
    program: &'a Program,
    sections: Vec<Range<usize>>,
    schedule: Schedule<'a>,
    values: &'a mut [Value],
    /// The place of each value among `values`.
    slots: Vec<usize>,
    /// Rows of each value that are held at a time.
    windows: Vec<usize>,
    scratch: &'a [Mutex<Scratch>],
    /// Threads that compute the current band together.
    threads: usize,
}

/// What a run on one thread holds in values, in bytes.
pub fn workspace_bytes(program: &Program, sizes: &[(usize, usize)], section_bytes: usize) -> usize {
    let schedule = || Schedule::new(program, sizes, 1);
    let sections = sections(program, &schedule(), section_bytes);
    let windows = schedule().windows(&sections);
    let need = |value: usize| plane_count(program.channels[value]) * windows[value] * sizes[value].1;
    let needs: Vec<usize> = (0..sizes.len()).map(need).collect();
    let mut largest = vec![0; sizes.len()];
    for (slot, need) in slots(program, &sections, &needs).into_iter().zip(needs) {
        largest[slot] = largest[slot].max(need);
    }
    largest.iter().sum::<usize>() * size_of::<Block>()
}

impl<'a> Stream<'a> {
    pub fn new(
        program: &'a Program,
        sizes: &'a [(usize, usize)],
        workspace: &'a mut Workspace,
        section_bytes: usize,
        crew: &Crew,
    ) -> Result<Stream<'a>, Error> {
        let threads = (crew.between)()?;
        let schedule = || Schedule::new(program, sizes, threads);
        let sections = sections(program, &schedule(), section_bytes);
        let windows = schedule().windows(&sections);
        let need = |value: usize| plane_count(program.channels[value]) * windows[value] * sizes[value].1;
        let needs: Vec<usize> = (0..sizes.len()).map(need).collect();
        let slots = slots(program, &sections, &needs);
        let count = slots.iter().max().map_or(0, |last| last + 1);
        workspace.values.resize_with(workspace.values.len().max(count), Value::default);
        workspace.scratch.resize_with(workspace.scratch.len().max(crew.most_threads()), Mutex::default);
        let (values, scratch) = (&mut workspace.values[..count], &workspace.scratch[..]);
        let schedule = schedule();
        let mut stream = Stream { program, sections, schedule, values, slots, windows, scratch, threads: 1 };
        // The largest first, so that a slot is not grown again and again.
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by_key(|&value| std::cmp::Reverse(needs[value]));
        order.into_iter().try_for_each(|value| stream.values[stream.slots[value]].reserve(needs[value]))?;
        stream.begin(0)?;
        Ok(stream)
    }

    /// Makes a value's slot its own.
    fn begin(&mut self, value: usize) -> Result<(), Error> {
        let planes = plane_count(self.program.channels[value]);
        self.values[self.slots[value]].reset(planes, self.schedule.sizes[value].1, self.windows[value])
    }

    pub fn run(mut self, input: &[f32], output: &mut [f32], crew: &Crew) -> Result<(), Error> {
        for section in std::mem::take(&mut self.sections) {
            section.clone().try_for_each(|step| self.begin(step + 1))?;
            while !self.schedule.is_done(&section) {
                let wanted = (crew.between)()?;
                match crew.pool.filter(|_| wanted > 1) {
                    Some(pool) => {
                        self.threads = wanted;
                        together(pool, wanted - 1, || self.band(&section, input, output))?;
                    }
                    None => {
                        self.threads = 1;
                        self.band(&section, input, output)?;
                    }
                }
                (crew.told)(self.schedule.done());
            }
        }
        Ok(())
    }

    /// Takes in a band of rows, and moves all steps of a section on as far as they get.
    fn band(&mut self, section: &Range<usize>, input: &[f32], output: &mut [f32]) -> Result<(), Error> {
        let before: usize = self.schedule.made.iter().sum();
        self.enter(input)?;
        self.schedule.begin(section);
        while let Some((index, end)) = self.schedule.next(section) {
            self.advance(index, end)?;
            self.leave(output)?;
        }
        if self.schedule.made.iter().sum::<usize>() == before {
            return Err(Error::Inference("Expected rows to be made but nothing moves any more".to_owned()));
        }
        Ok(())
    }

    /// Takes in the next rows of the input, if there are more.
    fn enter(&mut self, input: &[f32]) -> Result<(), Error> {
        let rows = self.schedule.made[0]..self.schedule.entered();
        let (height, width) = self.schedule.sizes[0];
        let keep = self.schedule.keep(0);
        let channels: Vec<&[f32]> = input
            .chunks_exact(height * width)
            .map(|channel| &channel[rows.start * width..rows.end * width])
            .collect();
        self.schedule.made[0] = rows.end;
        if rows.is_empty() {
            return Ok(());
        }
        let planes = self.values[self.slots[0]].extend(rows.len(), keep)?;
        for (plane, channels) in planes.into_iter().zip(channels.chunks(LANES)) {
            to_blocked(channels, plane)?;
        }
        Ok(())
    }

    /// Copies the output rows that are there to where they belong.
    fn leave(&mut self, output: &mut [f32]) -> Result<(), Error> {
        let last = self.slots.len() - 1;
        let (height, width) = self.schedule.sizes[last];
        let rows = self.schedule.left..self.schedule.made[last];
        if rows.is_empty() {
            return Ok(());
        }
        let planes: Vec<&[[f32; LANES]]> =
            self.values[self.slots[last]].part(rows.clone()).map(|plane| plane.as_chunks().0).collect();
        let exit = self.program.exit;
        let side = exit.side;
        let channels = self.program.channels[last] / (side * side);
        let row = side * side * width;
        let mut parts: Vec<(usize, usize, &mut [f32])> = Vec::new();
        for (c, channel) in output.chunks_exact_mut(height * row).enumerate() {
            let rows = &mut channel[rows.start * row..rows.end * row];
            let height = (rows.len() / row).div_ceil(self.threads);
            parts.extend(rows.chunks_mut(height * row).enumerate().map(|(i, part)| (c, i * height, part)));
        }
        self.share(&mut parts, |(c, first, rows), _| {
            for (y, row) in rows.chunks_exact_mut(width * side).enumerate() {
                for dx in 0..side {
                    let source = exit.source(*c, y % side, dx, channels);
                    let pixels = &planes[source / LANES][(*first + y / side) * width..][..width];
                    for (value, pixel) in row[dx..].iter_mut().step_by(side).zip(pixels) {
                        *value = pixel[source % LANES];
                    }
                }
            }
            Ok(())
        })?;
        self.schedule.left = rows.end;
        Ok(())
    }

    /// Computes the rows of a step up to `end`.
    fn advance(&mut self, index: usize, end: usize) -> Result<(), Error> {
        let rows = self.schedule.made[index + 1]..end;
        let keep = self.schedule.keep(index + 1);
        self.schedule.made[index + 1] = rows.end;
        let step = &self.program.steps[index];
        // Taken out, so that it can be written while others are read: none of those has the same slot.
        let mut value = std::mem::take(&mut self.values[self.slots[index + 1]]);
        let result = value.extend(rows.len(), keep).and_then(|made| self.compute(step, rows, made));
        self.values[self.slots[index + 1]] = value;
        result
    }

    fn input(&self, source: &Source) -> Input<'_> {
        let planes = source.planes(plane_count(self.program.channels[source.value]));
        Input { value: &self.values[self.slots[source.value]], planes }
    }

    /// Computes rows of a step, in parts for several threads if there are some to help.
    fn compute(&self, step: &Step, rows: Range<usize>, made: Vec<&mut [f32]>) -> Result<(), Error> {
        let inputs: Vec<Input> = step.inputs.iter().map(|source| self.input(source)).collect();
        let work = Work { op: &step.op, inputs: &inputs, size: self.schedule.sizes[step.inputs[0].value] };
        let mut parts = parts(rows, made, step.op.alignment(), self.threads);
        self.share(&mut parts, |part, scratch| work.compute(part.rows.clone(), &mut part.made, scratch))
    }

    /// Does `work` on each of `parts`: here, or on all threads that help.
    fn share<T: Send>(
        &self,
        parts: &mut [T],
        work: impl Fn(&mut T, &mut Scratch) -> Result<(), Error> + Sync,
    ) -> Result<(), Error> {
        let on_this_thread = |part: &mut T| {
            let index = rayon::current_thread_index().unwrap_or(0) % self.scratch.len().max(1);
            let scratch = &self.scratch[index];
            work(part, &mut scratch.lock().unwrap_or_else(PoisonError::into_inner))
        };
        match self.threads {
            1 => parts.iter_mut().try_for_each(on_this_thread),
            _ => parts.par_iter_mut().try_for_each(on_this_thread),
        }
    }
}

/// Rows of a step that one thread computes.
struct Part<'a> {
    rows: Range<usize>,
    /// Those rows of each plane.
    made: Vec<&'a mut [f32]>,
}

/// Cuts rows into parts for `threads` threads: two for each, so that one that was held up is helped out, or one for each
/// where that shares them more evenly.
fn parts(rows: Range<usize>, made: Vec<&mut [f32]>, alignment: usize, threads: usize) -> Vec<Part<'_>> {
    if threads < 2 {
        return vec![Part { rows, made }];
    }
    let height = |each: usize| rows.len().div_ceil(each * threads).next_multiple_of(alignment);
    let longest = |height: usize| rows.len().div_ceil(height).div_ceil(threads) * height;
    let height = if longest(height(2)) > longest(height(1)) { height(1) } else { height(2) };
    let firsts = rows.clone().step_by(height);
    let mut parts: Vec<Part> =
        firsts.map(|first| Part { rows: first..rows.end.min(first + height), made: Vec::new() }).collect();
    for plane in made {
        let row = plane.len() / rows.len();
        for (part, made) in parts.iter_mut().zip(plane.chunks_mut(height * row)) {
            part.made.push(made);
        }
    }
    parts
}
