//! Which rows are computed when, and which must be held: arithmetic alone, so that it can be played through beforehand.

use std::ops::Range;

use super::Program;

/// Input pixels that are taken in at a time, for each thread: enough that threads seldom wait for each other, and that
/// weights that fill a cache by themselves (RRDB networks have 100 MB and more) are seldom read again.
const BAND_PIXELS: usize = 6144;

/// Input pixels of a band at most, however many threads there are.
const MOST_BAND_PIXELS: usize = 4 * BAND_PIXELS;

/// Rows of a band at least: twice the alignment, so that most steps get somewhere with each band.
const BAND_ROWS: usize = 8;

/// Rows for each of several threads at least: one row of tiles.
const THREAD_ROWS: usize = 4;

/// How far a picture has come on its way through a program.
pub struct Schedule<'a> {
    program: &'a Program,
    /// Input rows that are taken in at a time.
    pub band: usize,
    /// Height and width of every value.
    pub sizes: &'a [(usize, usize)],
    /// Rows made so far of every value.
    pub made: Vec<usize>,
    /// Output rows that have left.
    pub left: usize,
    /// Rows that are made at a time at least, and in multiples of which: all threads have as much of them to do.
    least: usize,
    /// The step whose turn it is in this band.
    turn: usize,
    /// The first step of this band that could have made more rows.
    behind: Option<usize>,
}

impl<'a> Schedule<'a> {
    /// The beginning. `threads` threads will compute a band together, as far as that is known.
    pub fn new(program: &'a Program, sizes: &'a [(usize, usize)], threads: usize) -> Schedule<'a> {
        let pixels = (BAND_PIXELS * threads).min(MOST_BAND_PIXELS);
        let rows = BAND_ROWS.max(THREAD_ROWS * threads);
        let (height, width) = sizes[0];
        let band = (pixels / width).next_multiple_of(rows).max(rows);
        // A short band is shared less evenly and waited for as often as another.
        let band = if height <= band + band / 2 { height.next_multiple_of(rows) } else { band };
        let made = vec![0; sizes.len()];
        Schedule { program, band, sizes, made, left: 0, least: rows, turn: 0, behind: None }
    }

    /// Begins the next band of a section.
    pub fn begin(&mut self, section: &Range<usize>) {
        (self.turn, self.behind) = (section.start, None);
    }

    /// The next step of the band that can move, and up to which row; `None` when all have come as far as they can.
    ///
    /// Steps take turns from first to last. Where the picture becomes larger, rows are wide and few are made at a time:
    /// those steps have several turns, while all others wait.
    pub fn next(&mut self, section: &Range<usize>) -> Option<(usize, usize)> {
        loop {
            if self.turn == section.end {
                self.turn = self.behind.take()?;
            }
            let index = self.turn;
            self.turn += 1;
            let (end, more) = self.allowed(index);
            // Those that read what was there before the section set its pace.
            let leads = self.program.steps[index].inputs.iter().all(|source| source.value <= section.start);
            if more && !leads {
                self.behind = self.behind.or(Some(index));
            }
            if end > self.made[index + 1] {
                return Some((index, end));
            }
        }
    }

    /// Rows of a value that are made at a time: as many pixels as a band of the input has.
    pub fn rows(&self, value: usize) -> usize {
        let pixels = self.band * self.sizes[0].1;
        (pixels / self.sizes[value].1 / self.least * self.least).clamp(self.least, self.band)
    }

    /// Input rows that will have been taken in with the next band.
    pub fn entered(&self) -> usize {
        self.sizes[0].0.min(self.made[0] + self.band)
    }

    /// The first row of a value that anybody will still read.
    pub fn keep(&self, value: usize) -> usize {
        if value + 1 == self.sizes.len() {
            return self.left;
        }
        let (height, _) = self.sizes[value];
        let readers = self.program.readers[value].iter();
        let first = readers.filter_map(|&(step, place)| {
            let (done, all) = (self.made[step + 1], self.sizes[step + 1].0);
            (done < all).then(|| self.program.steps[step].needs(place, &(done..all), height).start)
        });
        first.min().unwrap_or(height)
    }

    /// Output rows that a step computes up to next, and whether its inputs would allow more: no more are made at a time,
    /// so that the rows that steps lag behind do not pile up when the picture's last one is in.
    fn allowed(&self, index: usize) -> (usize, bool) {
        let step = &self.program.steps[index];
        let (done, all) = (self.made[index + 1], self.sizes[index + 1].0);
        let alignment = step.op.alignment();
        let band = self.rows(index + 1).next_multiple_of(alignment);
        let fits = |end: usize| {
            step.inputs.iter().enumerate().all(|(place, source)| {
                let height = self.sizes[source.value].0;
                step.needs(place, &(done..end), height).end <= self.made[source.value]
            })
        };
        if done == all || (all - done <= band && fits(all)) {
            return (all, false);
        }
        let most = (done + band).min(all) / alignment * alignment;
        let mut end = most;
        while end > done && !fits(end) {
            end -= alignment;
        }
        let end = end.max(done);
        (end, end == most && fits(all.min(end + alignment)))
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
            let row = step.op.products() * width as f64;
            done += row * self.made[index + 1] as f64;
            all += row * height as f64;
        }
        if all > 0.0 { done / all } else { 0.0 }
    }

    /// The most rows of every value that are held at a time, found by playing the whole picture through.
    pub fn windows(mut self, sections: &[Range<usize>]) -> Vec<usize> {
        let mut windows = vec![0; self.sizes.len()];
        let last = self.sizes.len() - 1;
        for section in sections {
            while !self.is_done(section) {
                let before: usize = self.made.iter().sum();
                let mut make = |schedule: &mut Self, value: usize, end: usize| {
                    let kept = schedule.keep(value).min(schedule.made[value]);
                    windows[value] = windows[value].max(end - kept);
                    schedule.made[value] = end;
                };
                let entered = self.entered();
                make(&mut self, 0, entered);
                self.begin(section);
                while let Some((index, end)) = self.next(section) {
                    make(&mut self, index + 1, end);
                    self.left = self.made[last];
                }
                if self.made.iter().sum::<usize>() == before {
                    // Nothing can be computed any more: the run will say so, instead of waiting for ever.
                    return windows;
                }
            }
        }
        windows
    }
}
