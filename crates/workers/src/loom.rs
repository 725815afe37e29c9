//! Every order in which two or three threads can run through the queue, a cancellation, the end of a pool and
//! that of an instance.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p upscaler-workers --lib loom`

use std::sync::Arc;
// Not loom's: it does not see that a result, which comes through a channel of tokio's, was written before it is read.
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::future::block_on;
use loom::thread;

use crate::sync::AtomicU64;
use crate::{Calls, Cancel, Error, Pool, Share, pause};

/// Two changes of thread where one could go on show nearly all faults, in seconds.
fn check(test: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(model.preemption_bound.unwrap_or(2));
    model.check(test);
}

fn count(counter: &Arc<AtomicUsize>) -> impl FnOnce() -> Result<(), Error> + Send + 'static {
    let counter = counter.clone();
    move || {
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn every_task_of_two_lanes_runs_once() {
    check(|| {
        let pool = Pool::new(1).unwrap();
        let share = Share::new(1);
        let (one, other) = (pool.lane(share.clone()), pool.lane(share));
        let done = Arc::new(AtomicUsize::new(0));
        let tasks = [one.run(count(&done)), other.run(count(&done))];
        for task in tasks {
            block_on(task).unwrap();
        }
        assert_eq!(done.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn two_workers_share_one_lane() {
    check(|| {
        let pool = Pool::new(2).unwrap();
        let lane = pool.lane(Share::new(2));
        let done = Arc::new(AtomicUsize::new(0));
        let tasks = [lane.run(count(&done)), lane.run(count(&done))];
        for task in tasks {
            block_on(task).unwrap();
        }
        assert_eq!(done.load(Ordering::Relaxed), 2);
    });
}

/// A long task parks for another lane's, and goes on when that is done.
#[test]
fn a_parked_task_always_goes_on() {
    check(|| {
        let pool = Pool::new(1).unwrap();
        let share = Share::new(1);
        let (poster, thumbnail) = (pool.lane(share.clone()), pool.lane(share));
        let done = Arc::new(AtomicUsize::new(0));
        let counter = done.clone();
        let long = poster.run_long(move || {
            pause();
            pause();
            counter.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Error>(())
        });
        let short = thumbnail.run(count(&done));
        block_on(short).unwrap();
        block_on(long).unwrap();
        assert_eq!(done.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn a_task_of_a_lane_that_is_dropped_runs_or_is_aborted() {
    check(|| {
        let pool = Pool::new(1).unwrap();
        let lane = pool.lane(Share::new(1));
        let done = Arc::new(AtomicUsize::new(0));
        let task = lane.run(count(&done));
        drop(lane);
        match block_on(task) {
            Ok(()) => assert_eq!(done.load(Ordering::Relaxed), 1),
            Err(error) => {
                assert!(matches!(error, Error::Aborted));
                assert_eq!(done.load(Ordering::Relaxed), 0);
            }
        }
    });
}

/// Whether a task has begun, waits or is parked: all threads end, and nobody waits for a result for ever.
#[test]
fn a_pool_that_is_dropped_ends() {
    check(|| {
        let pool = Pool::new(1).unwrap();
        let share = Share::new(1);
        let (poster, thumbnail) = (pool.lane(share.clone()), pool.lane(share));
        let long = poster.run_long(|| {
            pause();
            Ok::<_, Error>(())
        });
        let short = thumbnail.run(|| Ok::<_, Error>(()));
        drop(pool);
        drop((poster, thumbnail));
        for ended in [block_on(long), block_on(short)] {
            assert!(matches!(ended, Ok(()) | Err(Error::Aborted)));
        }
    });
}

#[test]
fn a_hook_runs_once_whenever_the_cancellation_comes() {
    check(|| {
        let cancel = Cancel::default();
        let stopped = Arc::new(AtomicUsize::new(0));
        let stopping = thread::spawn({
            let cancel = cancel.clone();
            move || cancel.abort()
        });
        let hook = cancel.hook({
            let stopped = stopped.clone();
            move || _ = stopped.fetch_add(1, Ordering::Relaxed)
        });
        stopping.join().unwrap();
        assert_eq!(stopped.load(Ordering::Relaxed), 1);
        drop(hook);
        cancel.abort();
        assert_eq!(stopped.load(Ordering::Relaxed), 1);
        assert!(cancel.check().is_err());
    });
}

/// After a hook is dropped, what it would have stopped is not touched any more.
#[test]
fn a_hook_that_was_dropped_is_silent() {
    check(|| {
        let cancel = Cancel::default();
        let alive = Arc::new(AtomicUsize::new(1));
        let hook = cancel.hook({
            let alive = alive.clone();
            move || assert_eq!(alive.load(Ordering::Relaxed), 1)
        });
        let stopping = thread::spawn({
            let cancel = cancel.clone();
            move || cancel.abort()
        });
        drop(hook);
        alive.store(0, Ordering::Relaxed);
        stopping.join().unwrap();
    });
}

/// When an instance has ended no call holds what it shares, and each that came too late was refused.
#[test]
fn an_instance_ends_after_its_last_call() {
    check(|| {
        let calls = Calls::default();
        let (holders, served) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
        let callers = [(); 2].map(|()| {
            let (calls, holders, served) = (calls.clone(), holders.clone(), served.clone());
            thread::spawn(move || {
                let Some(call) = calls.begin() else { return false };
                holders.fetch_add(1, Ordering::Relaxed);
                served.fetch_add(1, Ordering::Relaxed);
                holders.fetch_sub(1, Ordering::Relaxed);
                drop(call);
                true
            })
        });
        calls.close();
        block_on(calls.ended());
        assert_eq!(holders.load(Ordering::Relaxed), 0);
        let served = served.load(Ordering::Relaxed);
        let begun = callers.map(|caller| caller.join().unwrap());
        assert_eq!(begun.iter().filter(|begun| **begun).count(), served);
    });
}
