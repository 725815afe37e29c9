//! Operators that move or interpolate pixels: resizing, depth to space, slices and padding.

use super::Plane;
use crate::graph::proto::NodeProto;

pub(super) fn depth_to_space(node: &NodeProto, x: &Plane) -> Plane {
    let b = node.int("blocksize", 1) as usize;
    let [n, c, h, w] = x.dims;
    let channels = c / (b * b);
    Plane::from_fn([n, channels, h * b, w * b], |[n, c, y, x_at]| {
        let phase = y % b * b + x_at % b;
        let from = match node.text("mode", "DCR") {
            "DCR" => phase * channels + c,
            _ => c * b * b + phase,
        };
        x.at([n, from, y / b, x_at / b])
    })
}

pub(super) fn space_to_depth(node: &NodeProto, x: &Plane) -> Plane {
    let b = node.int("blocksize", 1) as usize;
    let [n, c, h, w] = x.dims;
    Plane::from_fn([n, c * b * b, h / b, w / b], |[n, to, y, x_at]| {
        let (phase, from) = (to / c, to % c);
        x.at([n, from, y * b + phase / b, x_at * b + phase % b])
    })
}

/// The pixels along one axis that output `o` is made of, with their weights.
fn taps(node: &NodeProto, o: usize, scale: f64, size: usize) -> Vec<(usize, f64)> {
    let place = match node.text("coordinate_transformation_mode", "half_pixel") {
        "asymmetric" => o as f64 / scale,
        _ => (o as f64 + 0.5) / scale - 0.5,
    };
    let clamp = |at: f64| (at.max(0.0) as usize).min(size - 1);
    let (floor, t) = (place.floor(), place - place.floor());
    match node.text("mode", "nearest") {
        "nearest" => match node.text("nearest_mode", "round_prefer_floor") {
            "floor" => vec![(clamp(floor), 1.0)],
            _ => vec![(clamp((place - 0.5).ceil()), 1.0)],
        },
        "linear" => vec![(clamp(floor), 1.0 - t), (clamp(floor + 1.0), t)],
        _ => {
            // The cubic of Keys, written by distance.
            let a = f64::from(node.float("cubic_coeff_a", -0.75));
            let weight = |d: f64| match d.abs() {
                d if d <= 1.0 => (a + 2.0) * d.powi(3) - (a + 3.0) * d.powi(2) + 1.0,
                d => a * d.powi(3) - 5.0 * a * d.powi(2) + 8.0 * a * d - 4.0 * a,
            };
            (-1..=2).map(|n| (clamp(floor + f64::from(n)), weight(f64::from(n) - t))).collect()
        }
    }
}

pub(super) fn resize(node: &NodeProto, x: &Plane, scales: &[f32]) -> Plane {
    let [n, c, h, w] = x.dims;
    let size = |size: usize, scale: f32| (size as f64 * f64::from(scale)) as usize;
    Plane::from_fn([n, c, size(h, scales[2]), size(w, scales[3])], |[n, c, y, x_at]| {
        let (rows, columns) = (taps(node, y, scales[2].into(), h), taps(node, x_at, scales[3].into(), w));
        let row = |y: usize| {
            columns.iter().map(|&(at, weight)| weight * f64::from(x.at([n, c, y, at]))).sum::<f64>()
        };
        rows.iter().map(|&(at, weight)| weight * row(at)).sum::<f64>() as f32
    })
}

pub(super) fn slice(x: &Plane, starts: &[i64], ends: &[i64], axes: &[i64]) -> Plane {
    let (mut first, mut dims) = ([0; 4], x.dims);
    for (n, &axis) in axes.iter().enumerate() {
        let size = x.dims[axis as usize] as i64;
        let place = |at: i64| (if at < 0 { at + size } else { at }).clamp(0, size);
        first[axis as usize] = place(starts[n]) as usize;
        dims[axis as usize] = (place(ends[n]) - place(starts[n])) as usize;
    }
    Plane::from_fn(dims, |index| x.at(std::array::from_fn(|axis| index[axis] + first[axis])))
}

pub(super) fn pad(x: &Plane, pads: &[i64], mode: &str, value: f32) -> Plane {
    let dims = std::array::from_fn(|axis| (x.dims[axis] as i64 + pads[axis] + pads[axis + 4]) as usize);
    Plane::from_fn(dims, |index| {
        let mut from = [0; 4];
        for axis in 0..4 {
            let (at, last) = (index[axis] as i64 - pads[axis], x.dims[axis] as i64 - 1);
            from[axis] = match mode {
                _ if (0..=last).contains(&at) => at,
                "edge" => at.clamp(0, last),
                "reflect" => last - (last - at.abs()).abs(),
                _ => return value,
            } as usize;
        }
        x.at(from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Attribute;

    /// The examples of ONNX's own documentation of Resize (`resize_upsample_scales_cubic`, `…_linear`).
    #[test]
    fn resize_agrees_with_the_documentation_of_onnx() {
        let x = Plane { dims: [1, 1, 4, 4], values: (1..=16).map(|v| v as f32).collect() };
        let cubic = NodeProto::single("Resize", &[], "", vec![Attribute::text("mode", "cubic")]);
        let first = [0.47265625, 0.76953125, 1.24609375, 1.875, 2.28125, 2.91015625, 3.38671875, 3.68359375];
        let found = resize(&cubic, &x, &[1.0, 1.0, 2.0, 2.0]);
        assert_eq!(found.values[..8], first.map(|v: f64| v as f32));
        let x = Plane { dims: [1, 1, 2, 2], values: vec![1.0, 2.0, 3.0, 4.0] };
        let linear = NodeProto::single("Resize", &[], "", vec![Attribute::text("mode", "linear")]);
        assert_eq!(
            resize(&linear, &x, &[1.0, 1.0, 2.0, 2.0]).values[..8],
            [1.0, 1.25, 1.75, 2.0, 1.5, 1.75, 2.25, 2.5]
        );
    }
}
