//! How long an image is expected to take, learnt from those before it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use once_cell::sync::Lazy;

use super::size::Sizing;

/// An image is expected to take this share of the time per pixel of those before it: pictures differ, and one that could
/// have been done must not be refused.
const OPTIMISM: f64 = 0.8;

/// The weight of the last image in the moving average of the time per pixel.
const AVERAGE_WEIGHT: f64 = 0.3;

/// A time that no image has confirmed for so long is tried again by one: what slowed that image down (a container that
/// was paused, another process) may be over, and if every image were refused, none would show it.
const DOUBT: Duration = Duration::from_secs(10);

/// Networks whose times are remembered: more than are used at one time.
const MAX_NETWORKS: usize = 64;

/// The longest expected time of an image; sums of it are far from overflowing.
const MAX_EXPECTED: Duration = Duration::from_secs(24 * 3600);

/// What networks have to do for an image.
#[derive(Clone, Debug)]
pub struct Work {
    kind: WorkKind,
    /// The pixels that networks read, of all passes.
    pixels: u64,
}

/// Images of one kind take a similar time per pixel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct WorkKind {
    network: String,
    factor: u32,
}

struct Rate {
    /// Of all workers together.
    seconds_per_pixel: f64,
    confirmed: Instant,
    /// When an image was last let through in spite of it.
    tried: Instant,
}

/// By the logarithm of the pixels to base 2. The smaller a picture is, the more of its time does not depend on its size:
/// its time per pixel says nothing of a larger one.
type Rates = BTreeMap<u32, Rate>;

static RATES: Lazy<Mutex<HashMap<WorkKind, Rates>>> = Lazy::new(Mutex::default);

impl Work {
    /// Of a picture of `width` x `height` pixels by the network of this name, in all passes of `sizing`.
    pub fn new(network: &str, (width, height): (u32, u32), sizing: &Sizing) -> Work {
        let growth = u64::from(sizing.factor).saturating_pow(2);
        let passes = (0..sizing.passes.max(1)).map(|pass| growth.saturating_pow(pass));
        let pictures = passes.fold(0, u64::saturating_add);
        let pixels = (u64::from(width) * u64::from(height)).saturating_mul(pictures).max(1);
        Work { kind: WorkKind { network: network.to_owned(), factor: sizing.factor }, pixels }
    }

    /// The expected time, of all workers together; 0 where nothing is known of pictures of its size or larger.
    pub fn expected(&self, now: Instant) -> Duration {
        let mut rates = RATES.lock().unwrap_or_else(PoisonError::into_inner);
        let larger = rates.get_mut(&self.kind).and_then(|rates| rates.range_mut(self.size_class()..).next());
        let Some((_, rate)) = larger else { return Duration::ZERO };
        if rate.is_doubted(now) && now.duration_since(rate.tried) >= DOUBT {
            rate.tried = now;
            return Duration::ZERO;
        }
        let seconds = rate.seconds_per_pixel * self.pixels as f64 * OPTIMISM;
        Duration::try_from_secs_f64(seconds).unwrap_or(MAX_EXPECTED).min(MAX_EXPECTED)
    }

    /// Records the time that it took, of all workers together.
    pub fn learn(&self, took: Duration, now: Instant) {
        let mut rates = RATES.lock().unwrap_or_else(PoisonError::into_inner);
        if !rates.contains_key(&self.kind) && rates.len() >= MAX_NETWORKS {
            forget_oldest(&mut rates);
        }
        let seconds_per_pixel = took.as_secs_f64() / self.pixels as f64;
        rates
            .entry(self.kind.clone())
            .or_default()
            .entry(self.size_class())
            .and_modify(|rate| rate.confirm(seconds_per_pixel, now))
            .or_insert(Rate { seconds_per_pixel, confirmed: now, tried: now });
    }

    fn size_class(&self) -> u32 {
        self.pixels.ilog2()
    }
}

/// Makes room for another kind of work.
fn forget_oldest(rates: &mut HashMap<WorkKind, Rates>) {
    let confirmed = |rates: &Rates| rates.values().map(|rate| rate.confirmed).max();
    let oldest = rates.iter().min_by_key(|(_, rates)| confirmed(rates)).map(|(kind, _)| kind.clone());
    if let Some(oldest) = oldest {
        rates.remove(&oldest);
    }
}

impl Rate {
    fn is_doubted(&self, now: Instant) -> bool {
        now.duration_since(self.confirmed) >= DOUBT
    }

    fn confirm(&mut self, seconds_per_pixel: f64, now: Instant) {
        let weight = if self.is_doubted(now) { 1.0 } else { AVERAGE_WEIGHT };
        self.seconds_per_pixel += (seconds_per_pixel - self.seconds_per_pixel) * weight;
        self.confirmed = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(network: &str, pixels: u32, passes: u32) -> Work {
        let sizing = Sizing { factor: 2, passes, resample: None, canvas: None, width: 2 * pixels, height: 2 };
        Work::new(network, (pixels, 1), &sizing)
    }

    fn milliseconds(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn the_average_of_pictures_of_a_size_counts() {
        let now = Instant::now();
        assert_eq!(work("average", 1000, 1).expected(now), Duration::ZERO);
        work("average", 1000, 1).learn(milliseconds(100), now);
        assert_eq!(work("average", 600, 1).expected(now), milliseconds(48));
        work("average", 1000, 1).learn(milliseconds(200), now);
        assert_eq!(work("average", 1000, 1).expected(now), milliseconds(104));
        let huge = Work { pixels: u64::MAX, ..work("average", 1, 1) };
        huge.learn(Duration::MAX, now);
        assert_eq!(huge.expected(now), MAX_EXPECTED);
    }

    #[test]
    fn a_pass_over_the_result_of_another_counts_with_its_pixels() {
        let now = Instant::now();
        work("passes", 1000, 2).learn(milliseconds(500), now);
        assert_eq!(work("passes", 1000, 2).expected(now), milliseconds(400));
        assert_eq!(work("passes", 1000, 1).expected(now), milliseconds(80));
        assert_eq!(work("passes", 1000, 0).pixels, 1000);
    }

    #[test]
    fn a_thumbnail_says_nothing_of_a_poster_but_a_poster_of_a_thumbnail() {
        let now = Instant::now();
        work("sizes", 100, 1).learn(milliseconds(50), now);
        assert_eq!(work("sizes", 100_000, 1).expected(now), Duration::ZERO);
        work("sizes", 100_000, 1).learn(milliseconds(1000), now);
        assert_eq!(work("sizes", 100_000, 1).expected(now), milliseconds(800));
        assert_eq!(work("sizes", 10_000, 1).expected(now), milliseconds(80));
        assert_eq!(work("sizes", 100, 1).expected(now), milliseconds(40));
    }

    #[test]
    fn of_more_networks_than_are_remembered_the_oldest_is_forgotten() {
        let now = Instant::now();
        let rate = |age| {
            let confirmed = now + milliseconds(age);
            Rates::from([(9, Rate { seconds_per_pixel: 1.0, confirmed, tried: now })])
        };
        let kind = |name| work(name, 1, 1).kind;
        let mut rates =
            HashMap::from([(kind("new"), rate(9)), (kind("old"), rate(1)), (kind("mid"), rate(5))]);
        forget_oldest(&mut rates);
        assert!(rates.len() == 2 && !rates.contains_key(&kind("old")));
    }

    #[test]
    fn a_time_that_nothing_confirms_is_tried_again_by_one_picture_and_replaced() {
        let begun = Instant::now();
        let picture = work("stall", 1000, 1);
        picture.learn(milliseconds(60_000), begun);
        let later = begun + DOUBT;
        assert_eq!(picture.expected(later - milliseconds(1)), milliseconds(48_000));
        assert_eq!(picture.expected(later), Duration::ZERO);
        assert_eq!(picture.expected(later), milliseconds(48_000), "one at a time");
        assert_eq!(picture.expected(later + DOUBT), Duration::ZERO, "the first one was not done in time");
        picture.learn(milliseconds(100), later + DOUBT);
        assert_eq!(picture.expected(later + DOUBT), milliseconds(80));
    }
}
