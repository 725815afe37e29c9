//! One run: a picture streams through a program, band by band.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::compute::{OperandRows, StepRows};
use super::row_window::RowWindow;
use super::schedule::Schedule;
use super::sections::{sections, slots};
use super::team::with_team;
use super::{Operand, Program, Step, ThreadTeam, Workspace};
use crate::error::Error;
use crate::kernel::{Block, LANES, Scratch, plane_count, to_nchwc};

/// A run in progress.
pub struct StreamingRun<'a> {
    program: &'a Program,
    sections: Vec<Range<usize>>,
    schedule: Schedule<'a>,
    values: &'a mut [RowWindow],
    /// The index of each value in `values`.
    slots: Vec<usize>,
    /// Rows of each value that are held at a time.
    windows: Vec<usize>,
    scratch: &'a [Mutex<Scratch>],
    /// Threads that compute the current band.
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

impl<'a> StreamingRun<'a> {
    pub fn new(
        program: &'a Program,
        sizes: &'a [(usize, usize)],
        workspace: &'a mut Workspace,
        section_bytes: usize,
        team: &ThreadTeam,
    ) -> Result<StreamingRun<'a>, Error> {
        let threads = (team.on_band)()?;
        let schedule = || Schedule::new(program, sizes, threads);
        let sections = sections(program, &schedule(), section_bytes);
        let windows = schedule().windows(&sections);
        let need = |value: usize| plane_count(program.channels[value]) * windows[value] * sizes[value].1;
        let needs: Vec<usize> = (0..sizes.len()).map(need).collect();
        let slots = slots(program, &sections, &needs);
        let count = slots.iter().max().map_or(0, |last| last + 1);
        workspace.values.resize_with(workspace.values.len().max(count), RowWindow::default);
        workspace.scratch.resize_with(workspace.scratch.len().max(team.max_threads()), Mutex::default);
        let (values, scratch) = (&mut workspace.values[..count], &workspace.scratch[..]);
        let schedule = schedule();
        let mut stream =
            StreamingRun { program, sections, schedule, values, slots, windows, scratch, threads: 1 };
        // The largest first: each slot grows once.
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by_key(|&value| std::cmp::Reverse(needs[value]));
        order.into_iter().try_for_each(|value| stream.values[stream.slots[value]].reserve(needs[value]))?;
        stream.begin(0)?;
        Ok(stream)
    }

    /// Resets a value's slot for its window.
    fn begin(&mut self, value: usize) -> Result<(), Error> {
        let planes = plane_count(self.program.channels[value]);
        self.values[self.slots[value]].reset(planes, self.schedule.sizes[value].1, self.windows[value])
    }

    pub fn run(mut self, input: &[f32], output: &mut [f32], team: &ThreadTeam) -> Result<(), Error> {
        for section in std::mem::take(&mut self.sections) {
            section.clone().try_for_each(|step| self.begin(step + 1))?;
            while !self.schedule.is_done(&section) {
                let wanted = (team.on_band)()?;
                match team.pool.filter(|_| wanted > 1) {
                    Some(pool) => {
                        self.threads = wanted;
                        with_team(pool, wanted - 1, || self.band(&section, input, output))?;
                    }
                    None => {
                        self.threads = 1;
                        self.band(&section, input, output)?;
                    }
                }
                (team.on_progress)(self.schedule.done());
            }
        }
        Ok(())
    }

    /// Reads a band of input rows, and computes as many rows of all steps of a section as they allow.
    fn band(&mut self, section: &Range<usize>, input: &[f32], output: &mut [f32]) -> Result<(), Error> {
        let before: usize = self.schedule.made.iter().sum();
        self.read_input(input)?;
        self.schedule.begin(section);
        while let Some((index, end)) = self.schedule.next(section) {
            self.advance(index, end)?;
            self.write_output(output)?;
        }
        if self.schedule.made.iter().sum::<usize>() == before {
            return Err(Error::Inference(
                "Expected a band to compute rows but no step can continue".to_owned(),
            ));
        }
        Ok(())
    }

    /// Converts the next rows of the input to NCHWc, if there are more.
    fn read_input(&mut self, input: &[f32]) -> Result<(), Error> {
        let rows = self.schedule.made[0]..self.schedule.next_input_row();
        let (height, width) = self.schedule.sizes[0];
        let keep = self.schedule.first_kept_row(0);
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
            to_nchwc(channels, plane)?;
        }
        Ok(())
    }

    /// Converts the output rows that are computed to NCHW, through the final pixel shuffle.
    fn write_output(&mut self, output: &mut [f32]) -> Result<(), Error> {
        let last = self.slots.len() - 1;
        let (height, width) = self.schedule.sizes[last];
        let rows = self.schedule.written..self.schedule.made[last];
        if rows.is_empty() {
            return Ok(());
        }
        let planes: Vec<&[[f32; LANES]]> =
            self.values[self.slots[last]].part(rows.clone()).map(|plane| plane.as_chunks().0).collect();
        let shuffle = self.program.shuffle;
        let side = shuffle.side;
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
                    let source = shuffle.source(*c, y % side, dx, channels);
                    let pixels = &planes[source / LANES][(*first + y / side) * width..][..width];
                    for (value, pixel) in row[dx..].iter_mut().step_by(side).zip(pixels) {
                        *value = pixel[source % LANES];
                    }
                }
            }
            Ok(())
        })?;
        self.schedule.written = rows.end;
        Ok(())
    }

    /// Computes the rows of a step up to `end`.
    fn advance(&mut self, index: usize, end: usize) -> Result<(), Error> {
        let rows = self.schedule.made[index + 1]..end;
        let keep = self.schedule.first_kept_row(index + 1);
        self.schedule.made[index + 1] = rows.end;
        let step = &self.program.steps[index];
        // Taken out so that it can be written while others are read: none of those has the same slot.
        let mut value = std::mem::take(&mut self.values[self.slots[index + 1]]);
        let result = value.extend(rows.len(), keep).and_then(|made| self.compute(step, rows, made));
        self.values[self.slots[index + 1]] = value;
        result
    }

    fn input(&self, source: &Operand) -> OperandRows<'_> {
        let planes = source.planes(plane_count(self.program.channels[source.value]));
        OperandRows { value: &self.values[self.slots[source.value]], planes }
    }

    /// Computes rows of a step, in parts for several threads if there are some to help.
    fn compute(&self, step: &Step, rows: Range<usize>, made: Vec<&mut [f32]>) -> Result<(), Error> {
        let inputs: Vec<OperandRows> = step.inputs.iter().map(|source| self.input(source)).collect();
        let work =
            StepRows { op: &step.op, inputs: &inputs, size: self.schedule.sizes[step.inputs[0].value] };
        let mut parts = parts(rows, made, step.op.alignment(), self.threads);
        self.share(&mut parts, |part, scratch| work.compute(part.rows.clone(), &mut part.made, scratch))
    }

    /// Does `work` on each of `parts`, on this thread or on all threads of the team.
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
struct RowPart<'a> {
    rows: Range<usize>,
    /// Those rows of each plane.
    made: Vec<&'a mut [f32]>,
}

/// Cuts rows into parts for `threads` threads: two for each, so that others take over from a delayed one, or one for each
/// where that is more even.
fn parts(rows: Range<usize>, made: Vec<&mut [f32]>, alignment: usize, threads: usize) -> Vec<RowPart<'_>> {
    if threads < 2 {
        return vec![RowPart { rows, made }];
    }
    let height = |each: usize| rows.len().div_ceil(each * threads).next_multiple_of(alignment);
    let longest = |height: usize| rows.len().div_ceil(height).div_ceil(threads) * height;
    let height = if longest(height(2)) > longest(height(1)) { height(1) } else { height(2) };
    let firsts = rows.clone().step_by(height);
    let mut parts: Vec<RowPart> =
        firsts.map(|first| RowPart { rows: first..rows.end.min(first + height), made: Vec::new() }).collect();
    for plane in made {
        let row = plane.len() / rows.len();
        for (part, made) in parts.iter_mut().zip(plane.chunks_mut(height * row)) {
            part.made.push(made);
        }
    }
    parts
}
