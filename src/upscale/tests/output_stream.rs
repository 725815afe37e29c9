//! Encoded results that are sent while the rest is computed.

use super::*;
use crate::upscale::{OutputChunk, OutputReceiver, StreamHeader, output_stream};

const FORMATS: [Format; 4] = [Format::Png, Format::Jpeg, Format::Webp, Format::Tiff];

fn encoded(format: Format) -> Options {
    Options { format: Some(format), ..Options::default() }
}

async fn all(mut chunks: OutputReceiver) -> (StreamHeader, Vec<Vec<u8>>) {
    let Some(OutputChunk::Header(header)) = chunks.recv().await else { panic!("expected a header first") };
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.recv().await {
        let OutputChunk::Bytes(chunk) = chunk else { panic!("expected one header") };
        bytes.push(chunk);
    }
    (header, bytes)
}

/// A picture whose result has many bands, and an engine that takes it row by row.
fn tall(channels: u8) -> (Arc<Blur>, Raster) {
    (Arc::new(Blur::new(2, 1, 3)), picture(400, 600, channels))
}

#[tokio::test]
async fn the_chunks_are_the_file() {
    for format in FORMATS {
        for scale in [None, Some(1.5)] {
            let options = Options { scale, ..encoded(format) };
            let (engine, picture) = tall(3);
            let whole = run(job(engine.clone(), &picture, options.clone())).await.unwrap();
            let (sender, chunks) = output_stream();
            let streamed = Job { stream: Some(sender), ..job(engine, &picture, options) };
            let (result, (header, bytes)) = tokio::join!(run(streamed), all(chunks));
            let result = result.unwrap();
            let ResultData::Encoded(expected, _) = whole.data else { panic!("expected a file") };
            assert!(bytes.concat() == expected, "{format}");
            assert!(matches!(result.data, ResultData::Encoded(rest, _) if rest.is_empty()));
            assert_eq!((header.width, header.height, header.channels), (result.width, result.height, 3));
            assert_eq!((header.format, header.model), (format, result.model));
            assert_eq!(bytes.len() > 4, matches!(format, Format::Png | Format::Jpeg), "{format}");
        }
    }
}

#[tokio::test]
async fn the_first_bytes_are_sent_before_the_last_rows_are_computed_and_a_slow_reader_holds_back_the_work() {
    let engine = Arc::new(Blur::new(2, 1, 3));
    // 200 bands: far more than may wait anywhere.
    let picture = picture(64, 6400, 3);
    let options = Options { patch_size: Some(64), padding: 1, ..encoded(Format::Jpeg) };
    let all_runs = {
        run(job(engine.clone(), &picture, options.clone())).await.unwrap();
        engine.runs.swap(0, Ordering::SeqCst)
    };
    let (sender, mut chunks) = output_stream();
    let running = tokio::spawn(run(Job { stream: Some(sender), ..job(engine.clone(), &picture, options) }));
    assert!(matches!(chunks.recv().await, Some(OutputChunk::Header(_))));
    assert!(matches!(chunks.recv().await, Some(OutputChunk::Bytes(_))));
    // Nobody reads on: the work comes to a stop.
    let mut runs = 0;
    while runs != engine.runs.load(Ordering::SeqCst) {
        runs = engine.runs.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(runs < all_runs * 3 / 4, "{runs} of {all_runs}");
    assert!(!running.is_finished());
    while chunks.recv().await.is_some() {}
    running.await.unwrap().unwrap();
    assert_eq!(engine.runs.load(Ordering::SeqCst), all_runs);
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_the_work() {
    let (engine, picture) = tall(3);
    let (sender, mut chunks) = output_stream();
    let running =
        tokio::spawn(run(Job { stream: Some(sender), ..job(engine, &picture, encoded(Format::Png)) }));
    chunks.recv().await;
    drop(chunks);
    assert_eq!(running.await.unwrap().unwrap_err().code(), "ABORT_ERR");
}

#[tokio::test]
async fn stages_add_up_to_the_whole() {
    let engine = Arc::new(Blur { pause: Duration::from_millis(20), ..Blur::new(2, 1, 3) });
    let result = run(job(engine, &picture(40, 30, 3), encoded(Format::Png))).await.unwrap();
    let Stages { decode, upscale, encode } = result.stages;
    assert!(decode >= 0.0 && upscale >= 20.0 && encode >= 0.0, "{:?}", result.stages);
    assert!((decode + upscale + encode - result.duration_ms).abs() < 1e-6);
}

#[tokio::test]
async fn a_picture_that_waits_for_its_reader_lets_the_next_one_begin() {
    let places = Places::new(1, 8);
    let counters = Arc::default();
    let pool = Pool::new(2).unwrap();
    let (engine, picture) = tall(3);
    let open = |sender| Job { stream: Some(sender), ..job(engine.clone(), &picture, encoded(Format::Png)) };
    let ((one, mut unread), (two, chunks)) = (output_stream(), output_stream());
    let run = |sender| open(sender).run(&pool, Share::new(8), Ticket::new(&counters, &places).unwrap());
    let (first, second) = (run(one), run(two));
    let reader = async {
        let (_, bytes) = all(chunks).await;
        assert!(bytes.len() > 4);
        // Only now is the first one read.
        while unread.recv().await.is_some() {}
    };
    let (first, second, ()) = tokio::join!(first, second, reader);
    assert!(first.is_ok() && second.is_ok());
}
