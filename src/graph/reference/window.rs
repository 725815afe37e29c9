//! Operators that look at a window of pixels: convolutions and pooling.

use super::Plane;
use crate::graph::proto::NodeProto;

fn two(node: &NodeProto, name: &str, default: i64) -> [i64; 2] {
    node.ints(name).map_or([default; 2], |v| [v[0], v[1]])
}

/// Stride, dilation, first pads and output size of a convolution or pooling.
fn geometry(node: &NodeProto, x: &Plane, kernel: [usize; 2]) -> ([i64; 2], [i64; 2], [i64; 2], [usize; 2]) {
    let (strides, dilations) = (two(node, "strides", 1), two(node, "dilations", 1));
    let size = |n: usize| x.dims[n + 2] as i64;
    let extent = |n: usize| (kernel[n] as i64 - 1) * dilations[n] + 1;
    if node.text("auto_pad", "NOTSET") == "SAME_UPPER" {
        let out = |n: usize| (size(n) + strides[n] - 1) / strides[n];
        let before = |n: usize| ((out(n) - 1) * strides[n] + extent(n) - size(n)).max(0) / 2;
        return (strides, dilations, [before(0), before(1)], [out(0) as usize, out(1) as usize]);
    }
    let pads = node.ints("pads").map_or(vec![0; 4], <[i64]>::to_vec);
    let out = |n: usize| ((size(n) + pads[n] + pads[n + 2] - extent(n)) / strides[n] + 1) as usize;
    (strides, dilations, [pads[0], pads[1]], [out(0), out(1)])
}

pub(super) fn conv(node: &NodeProto, x: &Plane, w: &Plane, bias: Option<&Plane>) -> Plane {
    let [filters, per_group, kh, kw] = w.dims;
    let (strides, dilations, before, [oh, ow]) = geometry(node, x, [kh, kw]);
    let group = node.int("group", 1) as usize;
    Plane::from_fn([x.dims[0], filters, oh, ow], |[n, f, oy, ox]| {
        let mut sum = bias.map_or(0.0, |b| f64::from(b.values[f]));
        let first = f / (filters / group) * per_group;
        for (c, ky, kx) in (0..per_group).flat_map(|c| (0..kh * kw).map(move |k| (c, k / kw, k % kw))) {
            let y = oy as i64 * strides[0] - before[0] + ky as i64 * dilations[0];
            let x_at = ox as i64 * strides[1] - before[1] + kx as i64 * dilations[1];
            sum += f64::from(x.padded(n, first + c, y, x_at)) * f64::from(w.at([f, c, ky, kx]));
        }
        sum as f32
    })
}

pub(super) fn conv_transpose(node: &NodeProto, x: &Plane, w: &Plane, bias: Option<&Plane>) -> Plane {
    let [inputs, per_group, kh, kw] = w.dims;
    let (strides, extra) = (two(node, "strides", 1), two(node, "output_padding", 0));
    let pads = node.ints("pads").map_or(vec![0; 4], <[i64]>::to_vec);
    let group = node.int("group", 1) as usize;
    let out = |n: usize, k: usize| {
        ((x.dims[n + 2] as i64 - 1) * strides[n] + k as i64 + extra[n] - pads[n] - pads[n + 2]) as usize
    };
    let dims = [x.dims[0], per_group * group, out(0, kh), out(1, kw)];
    let mut result = Plane::from_fn(dims, |[_, c, _, _]| bias.map_or(0.0, |b| b.values[c]));
    for c in 0..inputs {
        let first = c / (inputs / group) * per_group;
        for (iy, ix) in (0..x.dims[2]).flat_map(|y| (0..x.dims[3]).map(move |x| (y, x))) {
            for (f, ky, kx) in (0..per_group).flat_map(|f| (0..kh * kw).map(move |k| (f, k / kw, k % kw))) {
                let oy = iy as i64 * strides[0] + ky as i64 - pads[0];
                let ox = ix as i64 * strides[1] + kx as i64 - pads[1];
                if (0..dims[2] as i64).contains(&oy) && (0..dims[3] as i64).contains(&ox) {
                    let at = ((first + f) * dims[2] + oy as usize) * dims[3] + ox as usize;
                    result.values[at] += x.at([0, c, iy, ix]) * w.at([c, f, ky, kx]);
                }
            }
        }
    }
    result
}

/// Max and average; pixels in the padding count for neither.
pub(super) fn pool(node: &NodeProto, x: &Plane) -> Plane {
    let kernel = two(node, "kernel_shape", 1);
    let (strides, _, before, [oh, ow]) = geometry(node, x, kernel.map(|k| k as usize));
    Plane::from_fn([x.dims[0], x.dims[1], oh, ow], |[n, c, oy, ox]| {
        let rows = (0..kernel[0]).map(|k| oy as i64 * strides[0] - before[0] + k);
        let inside = |at: &i64, size: usize| (0..size as i64).contains(at);
        let mut found = Vec::new();
        for y in rows.filter(|y| inside(y, x.dims[2])) {
            let columns = (0..kernel[1]).map(|k| ox as i64 * strides[1] - before[1] + k);
            found.extend(columns.filter(|x_at| inside(x_at, x.dims[3])).map(|x_at| x.padded(n, c, y, x_at)));
        }
        match node.op_type.as_str() {
            "MaxPool" => found.into_iter().fold(f32::MIN, f32::max),
            _ => found.iter().sum::<f32>() / found.len() as f32,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of ONNX's documentation of ConvTranspose.
    #[test]
    fn transposed_convolution_agrees_with_the_documentation_of_onnx() {
        let x = Plane { dims: [1, 1, 3, 3], values: (0..9).map(|v| v as f32).collect() };
        let w = Plane { dims: [1, 2, 3, 3], values: vec![1.0; 18] };
        let node = NodeProto::single("ConvTranspose", &[], "", vec![]);
        let y = conv_transpose(&node, &x, &w, None);
        assert_eq!(y.dims, [1, 2, 5, 5]);
        assert_eq!(y.values[..10], [0.0, 1.0, 3.0, 3.0, 2.0, 3.0, 8.0, 15.0, 12.0, 7.0]);
    }
}
