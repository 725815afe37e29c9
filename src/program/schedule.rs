//! Which rows are computed when, and which must stay in memory: arithmetic alone, so that a run can be simulated
//! beforehand.

use std::ops::Range;

use super::Program;

/// Input pixels of a band, for each thread: enough that threads seldom wait for each other, and that weights larger than a
/// cache (RRDB networks have 100 MB and more) are seldom read again.
const BAND_PIXELS: usize = 6144;

/// Input pixels of a band at most, however many threads there are.
const MAX_BAND_PIXELS: usize = 4 * BAND_PIXELS;

/// Rows of a band at least: twice the alignment, so that most steps can compute something in each band.
const MIN_BAND_ROWS: usize = 8;

/// Rows for each of several threads at least: one row of tiles.
const MIN_THREAD_ROWS: usize = 4;

/// The progress of one run.
pub struct Schedule<'a> {
    program: &'a Program,
    /// Input rows of a band.
    pub band: usize,
    /// Height and width of every value.
    pub sizes: &'a [(usize, usize)],
    /// Rows made so far of every value.
    pub made: Vec<usize>,
    /// Output rows that are written.
    pub written: usize,
    /// Rows are made in multiples of this, so that all threads have an equal share.
    multiple: usize,
    /// The next step of this band.
    cursor: usize,
    /// The first step of this band that could have made more rows: the next pass begins with it.
    resume: Option<usize>,
}

impl<'a> Schedule<'a> {
    /// The beginning, with `threads` threads expected to share a band.
    pub fn new(program: &'a Program, sizes: &'a [(usize, usize)], threads: usize) -> Schedule<'a> {
        let pixels = (BAND_PIXELS * threads).min(MAX_BAND_PIXELS);
        let rows = MIN_BAND_ROWS.max(MIN_THREAD_ROWS * threads);
        let (height, width) = sizes[0];
        let band = (pixels / width).next_multiple_of(rows).max(rows);
        // A short last band would be shared less evenly at the same cost of synchronisation.
        let band = if height <= band + band / 2 { height.next_multiple_of(rows) } else { band };
        let made = vec![0; sizes.len()];
        Schedule { program, band, sizes, made, written: 0, multiple: rows, cursor: 0, resume: None }
    }

    /// Begins the next band of a section.
    pub fn begin(&mut self, section: &Range<usize>) {
        (self.cursor, self.resume) = (section.start, None);
    }

    /// The next step that can compute rows in this band, and up to which row; `None` when no step can.
    ///
    /// Steps run from first to last. Behind an upsample rows are wide and few are made at a time: those steps run several
    /// times in a band, while all others wait.
    pub fn next(&mut self, section: &Range<usize>) -> Option<(usize, usize)> {
        loop {
            if self.cursor == section.end {
                self.cursor = self.resume.take()?;
            }
            let index = self.cursor;
            self.cursor += 1;
            let (end, more) = self.allowed(index);
            // Steps that read values from before the section run once a band: they set its pace.
            let leads = self.program.steps[index].inputs.iter().all(|source| source.value <= section.start);
            if more && !leads {
                self.resume = self.resume.or(Some(index));
            }
            if end > self.made[index + 1] {
                return Some((index, end));
            }
        }
    }

    /// Rows of a value that are made at a time: as many pixels as a band of the input has.
    pub fn rows(&self, value: usize) -> usize {
        let pixels = self.band * self.sizes[0].1;
        (pixels / self.sizes[value].1 / self.multiple * self.multiple).clamp(self.multiple, self.band)
    }

    /// Input rows that are read once the next band is in.
    pub fn next_input_row(&self) -> usize {
        self.sizes[0].0.min(self.made[0] + self.band)
    }

    /// The first row of a value that a step will still read.
    pub fn first_kept_row(&self, value: usize) -> usize {
        if value + 1 == self.sizes.len() {
            return self.written;
        }
        let (height, _) = self.sizes[value];
        let readers = self.program.readers[value].iter();
        let first = readers.filter_map(|&(step, place)| {
            let (done, all) = (self.made[step + 1], self.sizes[step + 1].0);
            (done < all).then(|| self.program.steps[step].input_rows(place, &(done..all), height).start)
        });
        first.min().unwrap_or(height)
    }

    /// The row up to which a step computes next, and whether its inputs would allow more. The limit keeps windows small at
    /// the end of the picture, when the last input rows allow all that steps lag behind.
    fn allowed(&self, index: usize) -> (usize, bool) {
        let step = &self.program.steps[index];
        let (done, all) = (self.made[index + 1], self.sizes[index + 1].0);
        let alignment = step.op.alignment();
        let band = self.rows(index + 1).next_multiple_of(alignment);
        let fits = |end: usize| {
            step.inputs.iter().enumerate().all(|(place, source)| {
                let height = self.sizes[source.value].0;
                step.input_rows(place, &(done..end), height).end <= self.made[source.value]
            })
        };
        if done == all || (all - done <= band && fits(all)) {
            return (all, false);
        }
        let limit = (done + band).min(all) / alignment * alignment;
        let mut end = limit;
        while end > done && !fits(end) {
            end -= alignment;
        }
        let end = end.max(done);
        (end, end == limit && fits(all.min(end + alignment)))
    }

    /// Whether every row of a section's values has been made.
    pub fn is_done(&self, section: &Range<usize>) -> bool {
        section.clone().all(|step| self.made[step + 1] == self.sizes[step + 1].0)
    }

    /// The share of the multiply-adds that is done.
    pub fn done(&self) -> f64 {
        let (mut done, mut all) = (0.0, 0.0);
        for (index, step) in self.program.steps.iter().enumerate() {
            let (height, width) = self.sizes[index + 1];
            let row = step.op.multiply_adds() * width as f64;
            done += row * self.made[index + 1] as f64;
            all += row * height as f64;
        }
        if all > 0.0 { done / all } else { 0.0 }
    }

    /// The most rows of every value that are in memory at a time, found by simulating the run.
    pub fn windows(mut self, sections: &[Range<usize>]) -> Vec<usize> {
        let mut windows = vec![0; self.sizes.len()];
        let last = self.sizes.len() - 1;
        for section in sections {
            while !self.is_done(section) {
                let before: usize = self.made.iter().sum();
                let mut make = |schedule: &mut Self, value: usize, end: usize| {
                    let kept = schedule.first_kept_row(value).min(schedule.made[value]);
                    windows[value] = windows[value].max(end - kept);
                    schedule.made[value] = end;
                };
                let read = self.next_input_row();
                make(&mut self, 0, read);
                self.begin(section);
                while let Some((index, end)) = self.next(section) {
                    make(&mut self, index + 1, end);
                    self.written = self.made[last];
                }
                if self.made.iter().sum::<usize>() == before {
                    // No step can continue: the run reports it.
                    return windows;
                }
            }
        }
        windows
    }
}
