//! Fairness, shares, parking, and what happens to tasks that panic or are dropped.

use super::pool::IdleTrim;
use super::*;
use std::sync::Arc;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

fn wait(ms: u64) -> impl FnOnce() -> Result<(), Error> + Send + 'static {
    move || {
        sleep(Duration::from_millis(ms));
        Ok(())
    }
}

#[tokio::test]
#[cfg_attr(miri, ignore = "in miri, time passes only while all threads sleep")]
async fn a_thumbnail_does_not_wait_for_a_poster() {
    let pool = Pool::new(1).unwrap();
    let (poster, thumbnail) = (pool.lane(Share::new(1)), pool.lane(Share::new(1)));
    let done = Arc::new(AtomicUsize::new(0));
    let tiles: Vec<_> = (0..100)
        .map(|_| {
            let done = done.clone();
            poster.run(move || {
                sleep(Duration::from_millis(1));
                done.fetch_add(1, Ordering::SeqCst);
                Ok::<_, Error>(())
            })
        })
        .collect();
    thumbnail.run(wait(1)).await.unwrap();
    assert!(done.load(Ordering::SeqCst) < 50, "{done:?} tiles of the poster ran first");
    for tile in tiles {
        tile.await.unwrap();
    }
}

#[tokio::test]
async fn a_long_task_makes_way_and_goes_on() {
    let pool = Pool::new(1).unwrap();
    let share = Share::new(1);
    let (poster, thumbnail) = (pool.lane(share.clone()), pool.lane(share));
    let begun = Instant::now();
    let long = poster.run_long(move || {
        while begun.elapsed() < Duration::from_millis(600) {
            sleep(Duration::from_millis(5));
            pause();
        }
        Ok::<_, Error>(Instant::now())
    });
    sleep(Duration::from_millis(100));
    thumbnail.run(wait(5)).await.unwrap();
    let thumbnail_done = Instant::now();
    assert!(long.await.unwrap() > thumbnail_done, "the thumbnail waited for the poster");
}

#[tokio::test]
async fn a_thumbnail_does_not_wait_for_posters_however_many() {
    let pool = Pool::new(1).unwrap();
    let share = Share::new(1);
    let stop = Arc::new(AtomicUsize::new(0));
    let lanes: Vec<_> = (0..6).map(|_| pool.lane(share.clone())).collect();
    let poster = || {
        let stop = stop.clone();
        move || {
            while stop.load(Ordering::SeqCst) == 0 {
                sleep(Duration::from_millis(5));
                pause();
            }
            Ok::<_, Error>(())
        }
    };
    let posters: Vec<_> = lanes.iter().map(|lane| lane.run_long(poster())).collect();
    // Until as many have begun as may.
    sleep(Duration::from_millis(400));
    let thumbnail = pool.lane(share.clone());
    let done = tokio::time::timeout(Duration::from_secs(20), thumbnail.run(wait(1))).await;
    stop.store(1, Ordering::SeqCst);
    done.expect("the posters went first").unwrap();
    for poster in posters {
        poster.await.unwrap();
    }
}

#[tokio::test]
async fn long_tasks_of_many_lanes_all_finish() {
    let pool = Pool::new(2).unwrap();
    let share = Share::new(2);
    let lanes: Vec<_> = (0..6).map(|_| pool.lane(share.clone())).collect();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = lanes
        .iter()
        .flat_map(|lane| (0..3).map(move |_| lane))
        .map(|lane| {
            let (running, most) = (running.clone(), most.clone());
            lane.run_long(move || {
                for _ in 0..12 {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    sleep(Duration::from_millis(10));
                    running.fetch_sub(1, Ordering::SeqCst);
                    pause();
                }
                Ok::<_, Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 2, "a parked task holds no slot");
}

#[tokio::test]
#[cfg_attr(miri, ignore = "in miri, time passes only while all threads sleep")]
async fn an_instance_keeps_to_its_share() {
    let pool = Pool::new(4).unwrap();
    let lane = pool.lane(Share::new(2));
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (running, most) = (running.clone(), most.clone());
            lane.run(move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                sleep(Duration::from_millis(2));
                running.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_panic_is_an_error_and_the_worker_lives() {
    let pool = Pool::new(1).unwrap();
    let lane = pool.lane(Share::new(1));
    let error = lane.run::<(), Error>(|| panic!("boom")).await.unwrap_err();
    assert!(error.to_string().contains("boom"));
    assert_eq!(lane.run(|| Ok::<_, Error>(7)).await.unwrap(), 7);
}

#[tokio::test]
async fn dropping_a_lane_discards_what_has_not_begun() {
    let pool = Pool::new(1).unwrap();
    let busy = pool.lane(Share::new(1));
    let first = busy.run(wait(20));
    let lane = pool.lane(Share::new(1));
    let task = lane.run(|| Ok(()));
    drop(lane);
    assert!(matches!(task.await, Err(Error::Aborted)));
    first.await.unwrap();
}

#[tokio::test]
async fn slots_that_no_task_needs_are_spare() {
    let pool = Pool::new(4).unwrap();
    let (lane, other) = (pool.lane(Share::new(4)), pool.lane(Share::new(4)));
    assert_eq!(lane.run(|| Ok::<_, Error>(spare_threads())).await.unwrap(), 3);
    let small = pool.lane(Share::new(2));
    assert_eq!(
        small.run(|| Ok::<_, Error>(spare_threads())).await.unwrap(),
        1,
        "no more than the instance's share"
    );
    let (begun, waiting) = (Arc::new(Barrier::new(3)), Arc::new(Barrier::new(3)));
    let busy = || {
        let (begun, waiting) = (begun.clone(), waiting.clone());
        move || {
            begun.wait();
            waiting.wait();
            Ok::<_, Error>(())
        }
    };
    let tasks = [other.run(busy()), other.run(busy())];
    let asked = lane.run(move || {
        begun.wait();
        let spare = spare_threads();
        waiting.wait();
        Ok::<_, Error>(spare)
    });
    assert_eq!(asked.await.unwrap(), 1);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(spare_threads(), 0, "not a worker");
}

#[tokio::test]
async fn the_idle_trim_is_called_once_after_each_busy_time() {
    static TRIMS: AtomicUsize = AtomicUsize::new(0);
    let after = Duration::from_millis(50);
    let trim = || {
        TRIMS.fetch_add(1, Ordering::SeqCst);
    };
    let pool = Pool::start(3, Some(IdleTrim { after, trim })).unwrap();
    let lane = pool.lane(Share::new(3));
    sleep(Duration::from_millis(300));
    for trims in 0..2 {
        let seen_at_the_end = |milliseconds| {
            move || {
                sleep(Duration::from_millis(milliseconds));
                Ok::<_, Error>(TRIMS.load(Ordering::SeqCst))
            }
        };
        let (one, other) = (lane.run(seen_at_the_end(200)), lane.run(seen_at_the_end(150)));
        let seen = (one.await.unwrap(), other.await.unwrap());
        assert!(seen.0 == trims || seen.1 == trims, "not while a task runs");
        while TRIMS.load(Ordering::SeqCst) == trims {
            sleep(Duration::from_millis(10));
        }
        sleep(Duration::from_millis(300));
        assert_eq!(TRIMS.load(Ordering::SeqCst), trims + 1);
    }
}

#[test]
fn spread_does_every_job_once_or_stops_at_an_error() {
    let done: Vec<AtomicUsize> = (0..100).map(|_| AtomicUsize::new(0)).collect();
    let count = |job: &AtomicUsize| {
        job.fetch_add(1, Ordering::SeqCst);
        Ok::<(), usize>(())
    };
    spread(done.iter(), count).unwrap();
    assert!(done.iter().all(|job| job.load(Ordering::SeqCst) == 1));
    assert_eq!(spread(0..10usize, |job| if job == 3 { Err(job) } else { Ok(()) }), Err(3));
}

#[tokio::test]
async fn spread_takes_the_slots_that_are_free() {
    let pool = Pool::new(2).unwrap();
    // Jobs that wait for each other: with fewer threads than jobs they would never meet.
    let meet = move || {
        let others = if helpers().is_some() { spare_threads() } else { 0 };
        let barrier = Barrier::new(others + 1);
        spread(0..others + 1, |_| {
            barrier.wait();
            Ok::<(), Error>(())
        })?;
        Ok::<_, Error>(others)
    };
    let others = pool.lane(Share::new(2)).run(meet).await.unwrap();
    assert_eq!(others, usize::from(helpers().is_some()));
}
