use super::*;
use crate::raster::Format;

fn frame(size: (u32, u32), colour: impl Fn(u32, u32) -> [u8; 4]) -> Raster {
    let samples = (0..size.1).flat_map(|y| (0..size.0).map(move |x| (x, y))).flat_map(|(x, y)| colour(x, y));
    Raster::new(size.0, size.1, 4, Samples::U8(samples.collect())).unwrap()
}

/// A square that moves over a background of few colours, so that a palette holds them all.
fn moving(step: u32) -> Raster {
    frame((40, 24), |x, y| {
        let inside = (step * 5..step * 5 + 8).contains(&x) && (6..14).contains(&y);
        if inside { [250, 30, 20, 255] } else { [(x / 10 * 60) as u8, (y / 8 * 90) as u8, 40, 255] }
    })
}

fn written(format: Format, frames: &[Raster]) -> Vec<u8> {
    let (width, height) = (frames[0].width, frames[0].height);
    let options = AnimationOptions {
        format,
        width,
        height,
        frames: frames.len() as u32,
        loops: 3,
        quality: 90,
        lossless: true,
    };
    let mut encoder = AnimationEncoder::new(options).unwrap();
    let mut before: Option<&Raster> = None;
    for (i, frame) in frames.iter().enumerate() {
        let nothing = FrameArea { x: 0, y: 0, width: 0, height: 0 };
        let changed =
            before.map_or(Some(FrameArea::whole((width, height))), |before| difference(before, frame));
        let changed = changed.unwrap_or(nothing);
        encoder.add(frame, (changed.x, changed.y), changed, 40 + 10 * i as u32).unwrap();
        before = Some(frame);
    }
    encoder.finish().unwrap()
}

#[test]
fn what_is_written_is_read_again() {
    let frames: Vec<Raster> = [0, 1, 1, 4].map(moving).into();
    for format in [Format::Gif, Format::Webp, Format::Png] {
        let file = written(format, &frames);
        let mut animation = Animation::open(file, FailOn::Warning, None).unwrap().unwrap();
        assert_eq!((animation.size(), animation.loops()), ((40, 24), 3), "{format}");
        let mut shown = 0;
        let mut delays = 0;
        while let Some(found) = animation.next_frame().unwrap() {
            // libwebp joins frames that show the same.
            let expected = &frames[shown..].iter().position(|frame| *frame == found.picture);
            assert!(expected.is_some(), "{format}: frame {shown}");
            shown += expected.unwrap() + 1;
            delays += found.delay;
        }
        assert_eq!((shown, delays), (4, 40 + 50 + 60 + 70), "{format}");
    }
}

#[test]
fn transparency_that_comes_and_goes() {
    let hole = |x0: u32| {
        frame((16, 8), move |x, _| if (x0..x0 + 4).contains(&x) { [0; 4] } else { [9, 200, 30, 255] })
    };
    let frames = [hole(0), hole(4), hole(10), hole(0)];
    for format in [Format::Gif, Format::Webp, Format::Png] {
        let mut animation =
            Animation::open(written(format, &frames), FailOn::Warning, None).unwrap().unwrap();
        for (i, expected) in frames.iter().enumerate() {
            let found = animation.next_frame().unwrap().unwrap();
            assert_eq!(difference(&found.picture, expected), None, "{format}: frame {i}");
        }
    }
}

#[test]
fn only_what_changed_is_reported() {
    let mut animation =
        Animation::open(written(Format::Png, &[moving(0), moving(1), moving(1)]), FailOn::Error, None)
            .unwrap()
            .unwrap();
    let changes: Vec<Option<FrameArea>> =
        std::iter::from_fn(|| animation.next_frame().unwrap()).map(|frame| frame.changed).collect();
    let both = FrameArea { x: 0, y: 6, width: 13, height: 8 };
    assert_eq!(changes, [Some(FrameArea::whole((40, 24))), Some(both), None]);
}

#[test]
fn colours_over_colours() {
    assert_eq!(over([200, 0, 0, 255], [0, 0, 9, 255]), [200, 0, 0, 255]);
    assert_eq!(over([200, 0, 0, 0], [0, 0, 9, 77]), [0, 0, 9, 77]);
    // Half of red over opaque blue.
    assert_eq!(over([255, 0, 0, 128], [0, 0, 255, 255]), [128, 0, 127, 255]);
    // Half over half covers three quarters, of which two thirds are the upper one's.
    assert_eq!(over([255, 0, 0, 128], [0, 0, 255, 128]), [170, 0, 85, 192]);
}

#[test]
fn stills_are_no_animations() {
    for file in [written(Format::Png, &[moving(0)]), written(Format::Gif, &[moving(0)])] {
        assert!(Animation::open(file, FailOn::Error, None).unwrap().is_none());
    }
    assert_eq!(
        Animation::open(written(Format::Gif, &[moving(0), moving(1)]), FailOn::Error, Some(10))
            .err()
            .unwrap()
            .code(),
        "ERR_UPSCALER_LIMIT"
    );
}

/// Two frames of 2x1 and 0x1 pixels.
#[test]
fn a_frame_of_no_width_draws_nothing() {
    let file = include_bytes!("../../../tests/fixtures/hostile/gif_frame_empty.gif").to_vec();
    let mut animation = Animation::open(file, FailOn::None, None).unwrap().unwrap();
    let first = animation.next_frame().unwrap().unwrap();
    let second = animation.next_frame().unwrap().unwrap();
    assert_eq!(second.changed, None);
    assert_eq!(second.picture.samples, first.picture.samples);
}
