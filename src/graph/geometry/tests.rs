//! Spatial geometry is checked against what really happens: a pixel is changed, and the reference interpreter shows how far
//! away the output changes.

use super::*;
use crate::graph::reference::{Plane, run as reference};
use crate::graph::{Attribute, Builder, Network, Tensor};

/// Positive weights: nothing cancels, so every dependency shows.
fn conv(builder: &mut Builder, input: &str, dims: [usize; 4], attributes: Vec<Attribute>) -> String {
    let values = Plane::noise(dims, 5).values.iter().map(|v| v.abs() + 0.1).collect();
    let weights = builder.constant("weights", Tensor::floats(&dims, values));
    builder.node("Conv", &[input, &weights], attributes)
}

fn same(kernel: i64) -> Vec<Attribute> {
    vec![Attribute::ints("pads", &[kernel / 2; 4])]
}

fn resize(builder: &mut Builder, input: &str, mode: &str, scale: f32) -> String {
    let scales = builder.constant("scales", Tensor::floats(&[4], vec![1.0, 1.0, scale, scale]));
    builder.node("Resize", &[input, "", &scales], vec![Attribute::text("mode", mode)])
}

/// How far from the block of `size_multiple` pixels that is changed an output block changes.
fn measured_radius(network: &Network, size: usize) -> u32 {
    let SpatialGeometry { scale, valid_crop, size_multiple, .. } = network.geometry();
    let (scale, valid_crop, size_multiple) =
        (i64::from(scale), i64::from(valid_crop), i64::from(size_multiple));
    let picture = Plane::from_fn([1, network.channels_in(), size, size], |_| 0.5);
    let before = reference(network.graph(), &picture);
    assert_eq!(before.dims[2] as i64, (size as i64 - 2 * valid_crop) * scale, "the size law");
    let mut radius = 0;
    let block = size as i64 / 2 / size_multiple;
    for (dy, dx) in (0..size_multiple).flat_map(|dy| (0..size_multiple).map(move |dx| (dy, dx))) {
        let place = [block * size_multiple + dy, block * size_multiple + dx];
        let changed = |[n, c, y, x]: [usize; 4]| {
            let here = [y as i64, x as i64] == place;
            picture.at([n, c, y, x]) + if here { 1.0 } else { 0.0 }
        };
        let after = reference(network.graph(), &Plane::from_fn(picture.dims, changed));
        for (at, _) in before.values.iter().zip(&after.values).enumerate().filter(|(_, (a, b))| a != b) {
            let [h, w] = [before.dims[2], before.dims[3]];
            for (position, place) in [at / w % h, at % w].into_iter().zip(place) {
                // The block that the changed output belongs to, in input pixels.
                let first = (position as i64 / scale + valid_crop) / size_multiple * size_multiple;
                radius = radius.max((first - place).max(place - (first + size_multiple - 1)).max(0));
            }
        }
    }
    radius as u32
}

fn assert_geometry(builder: Builder, output: &str, expected: SpatialGeometry) {
    let network = Network::from_model(builder.finish(3, None, output)).unwrap();
    assert_eq!(network.geometry(), expected);
    assert_eq!(Some(measured_radius(&network, 24 + 4 * expected.valid_crop as usize)), expected.radius);
}

fn geometry(scale: u32, radius: u32, valid_crop: u32, size_multiple: u32) -> SpatialGeometry {
    SpatialGeometry { scale, radius: Some(radius), valid_crop, size_multiple }
}

#[test]
fn convolutions_add_up() {
    let mut b = Builder::new();
    let x = conv(&mut b, "input", [4, 3, 3, 3], same(3));
    let dilated = vec![Attribute::ints("pads", &[2; 4]), Attribute::ints("dilations", &[2, 2])];
    let y = conv(&mut b, &x, [4, 4, 3, 3], dilated);
    let sum = b.node("Add", &[&x, &y], vec![]);
    let x = conv(&mut b, &sum, [3, 4, 1, 5], vec![Attribute::ints("pads", &[0, 2, 0, 2])]);
    assert_geometry(b, &x, geometry(1, 5, 0, 1));
}

#[test]
fn depth_to_space_and_what_follows_at_the_large_size() {
    let mut b = Builder::new();
    let x = conv(&mut b, "input", [48, 3, 3, 3], same(3));
    let x = b.node("DepthToSpace", &[&x], vec![Attribute::int("blocksize", 4)]);
    // One large pixel is a quarter of a small one, but reaches into the next.
    let x = conv(&mut b, &x, [3, 3, 3, 3], same(3));
    let x = conv(&mut b, &x, [3, 3, 3, 3], same(3));
    assert_geometry(b, &x, geometry(4, 2, 0, 1));
}

#[test]
fn resampling_up_and_down() {
    let mut b = Builder::new();
    let x = resize(&mut b, "input", "cubic", 4.0);
    let x = resize(&mut b, &x, "cubic", 0.75);
    assert_geometry(b, &x, geometry(3, 2, 0, 1));
    let mut b = Builder::new();
    let x = resize(&mut b, "input", "linear", 2.0);
    let x = resize(&mut b, &x, "nearest", 2.0);
    assert_geometry(b, &x, geometry(4, 1, 0, 1));
}

#[test]
fn valid_convolutions_trim() {
    let mut b = Builder::new();
    let mut x = "input".to_owned();
    for (inputs, outputs) in [(3, 4), (4, 4), (4, 4), (4, 4), (4, 4), (4, 4)] {
        x = conv(&mut b, &x, [outputs, inputs, 3, 3], vec![]);
    }
    // As in waifu2x's upconv_7: 6 pixels lost to the convolutions, 1 to the deconvolution.
    let weights = b.constant("weights", Tensor::floats(&[4, 3, 4, 4], vec![0.1; 192]));
    let attributes = vec![Attribute::ints("strides", &[2, 2]), Attribute::ints("pads", &[3; 4])];
    let x = b.node("ConvTranspose", &[&x, &weights], attributes);
    assert_geometry(b, &x, geometry(2, 7, 7, 1));
}

#[test]
fn networks_that_shrink_inside_have_a_size_multiple() {
    // Pixel unshuffle, as Real-ESRGAN x2plus begins.
    let mut b = Builder::new();
    let x = b.node("SpaceToDepth", &["input"], vec![Attribute::int("blocksize", 2)]);
    let x = conv(&mut b, &x, [48, 12, 3, 3], same(3));
    let x = b.node("DepthToSpace", &[&x], vec![Attribute::int("blocksize", 4)]);
    assert_geometry(b, &x, geometry(2, 2, 0, 2));
    // A U-Net with a strided convolution and max pooling: 4 pixels.
    let mut b = Builder::new();
    let strided = vec![Attribute::ints("pads", &[1; 4]), Attribute::ints("strides", &[2, 2])];
    let x = conv(&mut b, "input", [4, 3, 3, 3], strided);
    let pool = vec![Attribute::ints("kernel_shape", &[2, 2]), Attribute::ints("strides", &[2, 2])];
    let x = b.node("MaxPool", &[&x], pool);
    let x = resize(&mut b, &x, "nearest", 4.0);
    let x = conv(&mut b, &x, [3, 4, 1, 1], vec![]);
    assert_geometry(b, &x, geometry(1, 1, 0, 4));
}

fn radius_of(builder: Builder, output: &str) -> Option<u32> {
    Network::from_model(builder.finish(3, None, output)).unwrap().geometry().radius
}

#[test]
fn what_needs_the_whole_picture_is_global() {
    let mut b = Builder::new();
    let mean = b.node("GlobalAveragePool", &["input"], vec![]);
    let x = b.node("Mul", &["input", &mean], vec![]);
    assert_eq!(radius_of(b, &x), None, "channel attention");

    let mut b = Builder::new();
    let x = b.node("Softmax", &["input"], vec![Attribute::int("axis", 2)]);
    assert_eq!(radius_of(b, &x), None, "softmax along the height");
    let mut b = Builder::new();
    let x = b.node("Softmax", &["input"], vec![Attribute::int("axis", 1)]);
    assert_eq!(radius_of(b, &x), Some(0), "softmax along the channels");

    let mut b = Builder::new();
    let mean = b.node("ReduceMean", &["input"], vec![Attribute::ints("axes", &[-1])]);
    let x = b.node("Sub", &["input", &mean], vec![]);
    assert_eq!(radius_of(b, &x), None, "mean of rows");

    let mut b = Builder::new();
    let scales = b.constant("scales", Tensor::floats(&[4], vec![1.0, 1.0, 2.0, 2.0]));
    let corners = Attribute::text("coordinate_transformation_mode", "align_corners");
    let x = b.node("Resize", &["input", "", &scales], vec![Attribute::text("mode", "linear"), corners]);
    assert_eq!(radius_of(b, &x), None, "aligned corners");

    let mut b = Builder::new();
    let shape = b.node("Shape", &["input"], vec![]);
    let shape = b.node("Cast", &[&shape], vec![Attribute::int("to", 1)]);
    let last = b.constant("last", Tensor { dims: vec![], data: crate::graph::Data::I64(vec![3]) });
    let width = b.node("Gather", &[&shape, &last], vec![]);
    let x = b.node("Div", &["input", &width], vec![]);
    assert_eq!(radius_of(b, &x), None, "divided by the width");

    let mut b = Builder::new();
    let lists = [[-1], [i64::MIN], [3], [-1]].map(|list| b.constant("list", Tensor::ints(&list)));
    let x = b.node("Slice", &["input", &lists[0], &lists[1], &lists[2], &lists[3]], vec![]);
    assert_eq!(radius_of(b, &x), None, "mirrored");
}

#[test]
fn shuffling_written_as_reshape_and_transpose_is_followed() {
    // (1, 3 * 2 * 2, H, W) → (1, 3, 2, 2, H, W) → (1, 3, H, 2, W, 2) → (1, 3, 2 H, 2 W), sizes computed as exporters do.
    let mut b = Builder::new();
    let x = conv(&mut b, "input", [12, 3, 3, 3], same(3));
    let shape = b.node("Shape", &[&x], vec![]);
    let axis = |b: &mut Builder, n: i64| {
        let index = b.constant("axis", Tensor::ints(&[n]));
        b.node("Gather", &[&shape, &index], vec![])
    };
    let (h, w) = (axis(&mut b, 2), axis(&mut b, 3));
    let start = b.constant("start", Tensor::ints(&[1, 3, 2, 2]));
    let split = b.node("Concat", &[&start, &h, &w], vec![Attribute::int("axis", 0)]);
    let x = b.node("Reshape", &[&x, &split], vec![]);
    let x = b.node("Transpose", &[&x], vec![Attribute::ints("perm", &[0, 1, 4, 2, 5, 3])]);
    let two = b.constant("two", Tensor::ints(&[2]));
    let (h, w) = (b.node("Mul", &[&h, &two], vec![]), b.node("Mul", &[&w, &two], vec![]));
    let start = b.constant("start", Tensor::ints(&[0, 0]));
    let joined = b.node("Concat", &[&start, &h, &w], vec![Attribute::int("axis", 0)]);
    let keep = b.constant("keep", Tensor::ints(&[1, 3]));
    let end = b.constant("end", Tensor::ints(&[4]));
    let tail = b.node("Slice", &[&joined, &two, &end], vec![]);
    let shape = b.node("Concat", &[&keep, &tail], vec![Attribute::int("axis", 0)]);
    let x = b.node("Reshape", &[&x, &shape], vec![]);
    let network = Network::from_model(b.finish(3, None, &x)).unwrap();
    assert_eq!(network.geometry(), geometry(2, 1, 0, 1));
}

#[test]
fn attention_in_windows_repeats_itself_every_window() {
    // Cut into windows of 8, mixed by a matrix within each row of a window: local to the window.
    let mut b = Builder::new();
    let cut = b.constant("cut", Tensor::ints(&[1, 3, -1, 8, 0, 8]));
    let shape = b.node("Shape", &["input"], vec![]);
    let three = b.constant("three", Tensor::ints(&[3]));
    let eight = b.constant("eight", Tensor::ints(&[8]));
    let w = b.node("Gather", &[&shape, &three], vec![]);
    let windows = b.node("Div", &[&w, &eight], vec![]);
    let parts = [[0i64; 1], [4], [5], [6]].map(|v| b.constant("part", Tensor::ints(&v)));
    let head = b.node("Slice", &[&cut, &parts[0], &parts[1]], vec![]);
    let tail = b.node("Slice", &[&cut, &parts[2], &parts[3]], vec![]);
    let cut = b.node("Concat", &[&head, &windows, &tail], vec![Attribute::int("axis", 0)]);
    let x = b.node("Reshape", &["input", &cut], vec![]);
    let mix = b.constant("mix", Tensor::floats(&[8, 8], vec![0.125; 64]));
    let x = b.node("MatMul", &[&x, &mix], vec![]);
    let x = b.node("Reshape", &[&x, &shape], vec![]);
    let network = Network::from_model(b.finish(3, None, &x)).unwrap();
    assert_eq!(network.geometry(), geometry(1, 0, 0, 8));
}

#[test]
fn only_whole_factors_equal_on_both_axes_are_taken() {
    let fails = |scales: [f32; 2]| {
        let mut b = Builder::new();
        let scales = b.constant("scales", Tensor::floats(&[4], vec![1.0, 1.0, scales[0], scales[1]]));
        let x = b.node("Resize", &["input", "", &scales], vec![]);
        Network::from_model(b.finish(3, None, &x)).unwrap_err().to_string()
    };
    assert!(fails([1.5, 1.5]).contains("40320x40320 becomes 60480x60480"), "{}", fails([1.5, 1.5]));
    assert!(fails([2.0, 3.0]).contains("expected the same whole factor"));
    assert!(fails([0.5, 0.5]).contains("whole factor"));
}

#[test]
fn a_model_for_one_size_keeps_it() {
    let mut b = Builder::new();
    let x = conv(&mut b, "input", [3, 3, 3, 3], same(3));
    let network = Network::from_model(b.finish(3, Some((20, 30)), &x)).unwrap();
    assert_eq!((network.fixed_size(), network.geometry()), (Some((20, 30)), geometry(1, 1, 0, 1)));
    // One whose insides know the size cannot be looked into, and is taken as global.
    let mut b = Builder::new();
    let shape = b.constant("shape", Tensor::ints(&[1, 3, 600]));
    let x = b.node("Reshape", &["input", &shape], vec![]);
    let shape = b.constant("shape", Tensor::ints(&[1, 3, 20, 30]));
    let x = b.node("Reshape", &[&x, &shape], vec![]);
    let network = Network::from_model(b.finish(3, Some((20, 30)), &x)).unwrap();
    assert_eq!(network.geometry().radius, None);
}

#[test]
fn work_is_counted_per_input_pixel() {
    let mut b = Builder::new();
    let x = conv(&mut b, "input", [12, 3, 3, 3], same(3));
    let x = b.node("DepthToSpace", &[&x], vec![Attribute::int("blocksize", 2)]);
    let x = conv(&mut b, &x, [3, 3, 1, 1], vec![]);
    let network = Network::from_model(b.finish(3, None, &x)).unwrap();
    assert_eq!(network.macs_per_pixel(), Some(12 * 3 * 9 + 4 * 9));
    assert_eq!(network.parameters(), 12 * 3 * 9 + 9);
}
