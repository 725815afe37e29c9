use super::*;
use crate::raster::{self, Raster, Samples};
use crate::upscale::view::Area;

fn view(scale: usize, height: usize, width: usize) -> View {
    View { tolerance: Tolerance::of(true, scale), ..View::whole(scale, height, width) }
}

/// A smooth picture.
fn waves(height: usize, width: usize) -> Vec<f32> {
    let wave = |at: usize, length: f32| (at as f32 / length).sin() * 0.2;
    (0..height * width).map(|at| 0.5 + wave(at / width, 3.0) + wave(at % width, 4.0)).collect()
}

/// Every value `scale` x `scale` times.
fn enlarged(input: &[f32], width: usize, scale: usize) -> Vec<f32> {
    let row = |row: &[f32]| row.iter().flat_map(|value| vec![*value; scale]).collect::<Vec<_>>();
    input.chunks_exact(width).flat_map(|line| row(line).repeat(scale)).collect()
}

fn inspected(view: &View, input: &[f32], output: &[f32]) -> Option<Blown> {
    inspect(view, input, output).unwrap()
}

#[test]
fn a_result_that_reduces_to_its_input_is_left_alone() {
    for scale in [1, 2, 3, 4, 8] {
        let input = waves(20, 24);
        assert!(inspected(&view(scale, 20, 24), &input, &enlarged(&input, 24, scale)).is_none(), "{scale}x");
    }
}

#[test]
fn a_single_value_that_runs_away_is_found() {
    for (scale, value) in [(2, 1.2), (2, -0.3), (4, 2.6), (2, f32::NAN), (4, f32::INFINITY)] {
        let input = vec![0.5; 400];
        let mut output = enlarged(&input, 20, scale);
        output[(10 * scale) * 20 * scale + 10 * scale] = value;
        let blown = inspected(&view(scale, 20, 20), &input, &output);
        assert!(blown.is_some(), "{value} at {scale}x");
        let view = view(scale, 20, 20);
        let repaired = blown.unwrap().resampled(&view, &input);
        assert!(repaired.iter().all(|value| (value - 0.5).abs() < 1e-6), "{value} at {scale}x");
    }
}

#[test]
fn values_that_run_away_to_both_sides_are_found_though_they_cancel() {
    let input = vec![0.9; 400];
    let mut output = enlarged(&input, 20, 2);
    let at = 20 * 40 + 20;
    (output[at], output[at + 1]) = (1.3, 0.5);
    // Their mean is 0.9, but clamped 0.75: 0.825 in the block, 19 levels less, and half as much again is too much.
    assert!(inspected(&view(2, 20, 20), &input, &output).is_none());
    (output[at], output[at + 1]) = (1.39, 0.41);
    (output[at + 40], output[at + 41]) = (1.39, 0.41);
    assert!(inspected(&view(2, 20, 20), &input, &output).is_some());
}

#[test]
fn at_an_edge_more_is_let_through_than_in_a_flat_area() {
    let step =
        |low: f32, high: f32| (0..400).map(|at| if at % 20 < 10 { low } else { high }).collect::<Vec<f32>>();
    let found = |input: Vec<f32>| {
        let mut output = enlarged(&input, 20, 2);
        // Half of the block's values 60 levels brighter: 30 levels in the mean.
        let at = 20 * 40 + 20;
        output[at] += 60.0 / 255.0;
        output[at + 1] += 60.0 / 255.0;
        inspected(&view(2, 20, 20), &input, &output).is_some()
    };
    assert!(found(step(0.2, 0.2)));
    assert!(!found(step(0.0, 0.6)), "30 levels are within 26 and 0.12 of 153, and within 24 and half of it");
}

#[test]
fn what_cancels_beyond_white_is_found_in_what_is_shown() {
    let input = vec![1.0; 400];
    let alternating = |by: f32| {
        let signs = [1.0, -1.0, -1.0, 1.0];
        (0..1600).map(|at| 1.0 + by * signs[at / 40 % 2 * 2 + at % 2]).collect::<Vec<f32>>()
    };
    let found = |by: f32| inspected(&view(2, 20, 20), &input, &alternating(by / 255.0)).is_some();
    // Half of the values are cut off at white: the mean is off by half of the rest.
    assert!(!found(46.0), "23 levels are shown");
    assert!(found(50.0), "25 levels are shown");
}

/// Black up to column 9, then white, in three equal planes of 20x20.
fn grey_edge() -> Vec<f32> {
    (0..1200).map(|at| if at % 20 < 10 { 0.0 } else { 1.0 }).collect()
}

#[test]
fn a_coloured_dot_at_a_grey_edge_is_found_though_it_averages_out() {
    let input = grey_edge();
    let found = |plane: usize, levels: f32| {
        let mut output = enlarged(&input, 20, 2);
        // One pixel of one plane darker, its neighbour brighter, beside the edge.
        let at = plane * 1600 + 20 * 40 + 20;
        output[at] -= levels / 255.0;
        output[at + 1] += levels / 255.0;
        inspected(&view(2, 20, 20), &input, &output).is_some()
    };
    for plane in 0..3 {
        assert!(!found(plane, 35.0), "plane {plane}");
    }
    // A level of 255 next to white is white: only the darker pixel counts.
    assert!(found(1, 37.0), "green against red and blue");
    assert!(found(0, 37.0) && found(2, 37.0), "red and blue against green");
}

#[test]
fn a_colour_that_is_next_to_it_may_be_anywhere() {
    let mut input = grey_edge();
    // A green pixel beside the edge: green is at most 200 levels above red and blue.
    for plane in [0, 2] {
        input[plane * 400 + 10 * 20 + 11] = 55.0 / 255.0;
    }
    let mut output = enlarged(&input, 20, 2);
    for plane in [0, 2] {
        output[plane * 1600 + 20 * 40 + 20] = 128.0 / 255.0;
    }
    assert!(inspected(&view(2, 20, 20), &input, &output).is_none());
}

#[test]
fn a_sum_of_convolutions_may_draw_a_line_of_one_pixel() {
    for scale in [2, 4] {
        // A green line of one output pixel on white: of column 10 it covers a part of 1 / scale.
        let own = 1.0 - 1.0 / scale as f32;
        let input: Vec<f32> =
            (0..1200).map(|at| if at / 400 != 1 && at % 20 == 10 { own } else { 1.0 }).collect();
        let (size, width) = (400 * scale * scale, 20 * scale);
        let line = |at: usize| at / size != 1 && at % width == 10 * scale;
        let output: Vec<f32> = (0..3 * size).map(|at| if line(at) { 0.0 } else { 1.0 }).collect();
        let found = |multiplies: bool, output: &[f32]| {
            let view = View { tolerance: Tolerance::of(multiplies, scale), ..view(scale, 20, 20) };
            inspected(&view, &input, output).is_some()
        };
        assert!(!found(false, &output), "{scale}x");
        assert!(found(true, &output), "{scale}x");
        // Away from the line, where nothing is green, a dot of it counts with any network.
        let mut output = output;
        output[3 * scale * width + 3 * scale] = 0.8;
        assert!(found(false, &output), "{scale}x");
    }
}

#[test]
fn red_and_blue_are_compared_where_green_lies_between_them() {
    let input = grey_edge();
    let found = |levels: f32| {
        let mut output = enlarged(&input, 20, 2);
        let at = 20 * 40 + 18;
        // Red and blue to both sides of green, each within 36 levels.
        output[at] += levels / 2.0 / 255.0;
        output[2 * 1600 + at] -= levels / 2.0 / 255.0;
        output[at + 1] -= levels / 2.0 / 255.0;
        output[2 * 1600 + at + 1] += levels / 2.0 / 255.0;
        // On middle grey nothing is cut off at black.
        let raised = |values: &[f32]| values.iter().map(|value| value * 0.5 + 0.25).collect::<Vec<f32>>();
        let (input, output) = (raised(&input), raised(&output));
        inspected(&view(2, 20, 20), &input, &output).is_some()
    };
    assert!(!found(2.0 * 46.0));
    assert!(found(2.0 * 48.0));
}

#[test]
fn other_ranges_are_judged_alike() {
    let signed = View { input_range: (-1.0, 1.0), output_range: (0.0, 255.0), ..view(2, 20, 20) };
    let input = vec![0.0; 400];
    let mut output = vec![127.5; 1600];
    assert!(inspected(&signed, &input, &output).is_none());
    output[820] = 127.5 + 4.0 * 25.0;
    assert!(inspected(&signed, &input, &output).is_some(), "25 levels in the mean");
    output[820] = 127.5 + 4.0 * 23.0;
    assert!(inspected(&signed, &input, &output).is_none(), "23 levels in the mean");
}

#[test]
fn the_fallback_is_a_lanczos_kernel_of_three_lobes() {
    let (height, width) = (24, 30);
    let input = waves(height, width);
    for scale in [2, 3, 4] {
        let view = view(scale, height, width);
        // All of it blown.
        let output = vec![9.0; input.len() * scale * scale];
        let blown = inspected(&view, &input, &output).unwrap();
        assert_eq!(blown.pixels(), (height * width) as f64);
        let repaired = blown.resampled(&view, &input);
        let samples = Samples::F32(input.iter().map(|value| value * 255.0).collect());
        let picture = Raster { width: width as u32, height: height as u32, channels: 1, samples };
        let resampled = raster::resample(&picture, (width * scale) as u32, (height * scale) as u32).unwrap();
        let Samples::F32(expected) = resampled.samples else { panic!("floats stay floats") };
        // Beyond the picture one repeats its edge and the other leaves it out.
        let (rows, columns) = (height * scale, width * scale);
        let inside = |at: usize, len: usize| (3 * scale..len - 3 * scale).contains(&at);
        for (at, (found, expected)) in repaired.iter().zip(&expected).enumerate() {
            if inside(at / columns, rows) && inside(at % columns, columns) {
                assert!((found * 255.0 - expected).abs() < 0.01, "{scale}x at {at}: {found} {expected}");
            }
        }
    }
}

#[test]
fn another_network_takes_the_place_where_it_is_given() {
    let view = view(2, 30, 30);
    let input = vec![0.5; 900];
    let mut output = enlarged(&input, 30, 2);
    output[30 * 60 + 30] = 40.0;
    let other = vec![0.25; 3600];
    let repaired = inspected(&view, &input, &output)
        .unwrap()
        .repaired(&view, |plane, at, block| view.kept_block(&other, plane, at, block));
    assert_eq!(repaired[30 * 60 + 30], 0.25);
    assert_eq!(repaired[0], 0.5);
}

#[test]
fn a_part_gives_the_same_bits_as_the_whole() {
    let (height, width) = (40, 64);
    let input = waves(height, width);
    let mut output: Vec<f32> = enlarged(&input, width, 2)
        .iter()
        .enumerate()
        .map(|(at, value)| value + (at % 7) as f32 * 1e-3)
        .collect();
    output[40 * 128 + 62] = 30.0;
    let whole = view(2, height, width);
    let expected = inspected(&whole, &input, &output).unwrap().resampled(&whole, &input);
    // Columns 20..40, with REACH and the Lanczos kernel's three pixels on each side.
    let (from, to) = (20 - 10, 40 + 10);
    let cut = |values: &[f32], width: usize, from: usize, to: usize| {
        values.chunks_exact(width).flat_map(|row| row[from..to].to_vec()).collect::<Vec<f32>>()
    };
    let part = View {
        width: to - from,
        picture: Area { columns: to - from, ..whole.picture },
        core: Area { x: 10, columns: 20, ..whole.core },
        ..whole
    };
    let (input, output) = (cut(&input, width, from, to), cut(&output, 128, 2 * from, 2 * to));
    let found = inspected(&part, &input, &output).unwrap().resampled(&part, &input);
    assert_eq!(found, cut(&expected, 128, 40, 80));
}
