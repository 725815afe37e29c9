//! The operators that move along height and width: their windows, scales and offsets at a concrete size.

use super::{MAX_DIM, Site};
use crate::error::Error;

/// How a convolution or pooling moves along one axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    pub kernel: usize,
    pub stride: usize,
    pub dilation: usize,
    pub before: i64,
    pub after: i64,
}

impl Window {
    /// The distance from the first to the last tap, plus one.
    pub fn extent(&self) -> i64 {
        (self.kernel as i64 - 1) * self.dilation as i64 + 1
    }
}

/// The windows of a Conv or pooling node along height and width.
pub fn windows(site: &Site, kernel: [usize; 2]) -> Result<[Window; 2], Error> {
    let image = site.image(0)?;
    let mut windows = declared_windows(site, kernel)?;
    let auto_pad = site.node.text("auto_pad", "NOTSET");
    for (window, size) in windows.iter_mut().zip([image[2], image[3]]) {
        let total = match auto_pad {
            "SAME_UPPER" | "SAME_LOWER" => {
                let out = size.div_ceil(window.stride) as i64;
                ((out - 1) * window.stride as i64 + window.extent() - size as i64).max(0)
            }
            "VALID" => 0,
            _ => continue,
        };
        (window.before, window.after) = halves(total, auto_pad);
    }
    Ok(windows)
}

/// Kernel, strides, dilations and explicit pads, as the attributes say.
fn declared_windows(site: &Site, kernel: [usize; 2]) -> Result<[Window; 2], Error> {
    let node = site.node;
    let strides = pair(site, "strides", [1, 1])?;
    let dilations = pair(site, "dilations", [1, 1])?;
    let pads = match node.ints("pads") {
        None | Some([]) => [0; 4],
        Some(pads) => pads.try_into().map_err(|_| site.error(format!("expected 4 pads, found {pads:?}")))?,
    };
    let window = |n: usize| Window {
        kernel: kernel[n],
        stride: strides[n],
        dilation: dilations[n],
        before: pads[n],
        after: pads[n + 2],
    };
    let windows = [window(0), window(1)];
    let absurd = |w: &Window| w.kernel == 0 || [w.kernel, w.stride, w.dilation].iter().any(|&n| n > 1 << 20);
    match windows.iter().any(absurd) || pads.iter().any(|p| p.unsigned_abs() > 1 << 20) {
        true => Err(site.error(format!("absurd kernel, stride, dilation or pads: {windows:?}"))),
        false => Ok(windows),
    }
}

fn halves(total: i64, auto_pad: &str) -> (i64, i64) {
    match auto_pad {
        "SAME_LOWER" => (total - total / 2, total / 2),
        _ => (total / 2, total - total / 2),
    }
}

/// Two positive numbers for height and width.
pub fn pair(site: &Site, name: &str, default: [usize; 2]) -> Result<[usize; 2], Error> {
    match site.node.ints(name) {
        None | Some([]) => Ok(default),
        Some(&[h, w]) if h > 0 && w > 0 => Ok([h as usize, w as usize]),
        Some(other) => Err(site.error(format!("expected two positive {name}, found {other:?}"))),
    }
}

/// The result's size along one axis, of a convolution or pooling.
pub fn windowed_size(site: &Site, size: usize, window: Window, ceil: bool) -> Result<usize, Error> {
    let room = size as i64 + window.before + window.after - window.extent();
    if room < 0 {
        return Err(site.error(format!("an axis of {size} pixels is too short for {window:?}")));
    }
    let stride = window.stride as i64;
    let mut steps = if ceil { (room + stride - 1) / stride } else { room / stride };
    // A window that would start in the padding at the end is left out, as in every framework.
    if ceil && steps * stride >= size as i64 + window.before {
        steps -= 1;
    }
    Ok(steps as usize + 1)
}

/// The windows of a ConvTranspose node and the size of its result, along height and width.
pub fn transposed(site: &Site, kernel: [usize; 2]) -> Result<[(Window, usize); 2], Error> {
    let image = site.image(0)?;
    let windows = declared_windows(site, kernel)?;
    let extra = site.node.ints("output_padding").unwrap_or_default();
    let forced = site.node.ints("output_shape").filter(|shape| shape.len() >= 2);
    if extra.iter().chain(forced.unwrap_or_default()).any(|&n| !(0..=MAX_DIM as i64).contains(&n)) {
        return Err(site.error(format!("absurd output_padding {extra:?} or output_shape {forced:?}")));
    }
    let auto_pad = site.node.text("auto_pad", "NOTSET");
    let along = |n: usize| {
        let (mut window, size) = (windows[n], image[n + 2] as i64);
        let stride = window.stride as i64;
        let full = (size - 1) * stride + window.extent() + extra.get(n).copied().unwrap_or(0);
        let wanted = match (forced, auto_pad) {
            (Some(shape), _) => Some(shape[shape.len() - 2 + n]),
            (None, "SAME_UPPER" | "SAME_LOWER") => Some(size * stride),
            (None, "VALID") => Some(full),
            _ => None,
        };
        if let Some(wanted) = wanted {
            (window.before, window.after) = halves((full - wanted).max(0), auto_pad);
        }
        let out = wanted.unwrap_or(full - window.before - window.after);
        match usize::try_from(out) {
            Ok(out) if out > 0 => Ok((window, out)),
            _ => Err(site.error(format!("an axis of {size} pixels would become {out}"))),
        }
    };
    Ok([along(0)?, along(1)?])
}

/// One axis of a Slice: element `n` of the result is element `start + n * step` of the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SliceRange {
    pub start: i64,
    pub step: i64,
    pub len: usize,
}

/// What a Slice keeps of each axis of its input.
pub fn slice_ranges(site: &Site) -> Result<Vec<SliceRange>, Error> {
    let dims = site.dims(0)?;
    let list = |index, name| site.list(index, name);
    let (Some(starts), Some(ends)) = (list(1, "starts")?, list(2, "ends")?) else {
        return Err(site.error("starts or ends are missing".to_owned()));
    };
    let axes = list(3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = list(4, "steps")?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()].iter().any(|&n| n != starts.len()) {
        return Err(site.error(format!("{} starts, {} ends, {} axes", starts.len(), ends.len(), axes.len())));
    }
    let mut ranges: Vec<_> = dims.iter().map(|&len| SliceRange { start: 0, step: 1, len }).collect();
    for (n, &axis) in axes.iter().enumerate() {
        let axis = site.axis(axis, dims.len())?;
        ranges[axis] = slice_range(dims[axis] as i64, starts[n], ends[n], steps[n])
            .ok_or_else(|| site.error("a step of 0".to_owned()))?;
    }
    Ok(ranges)
}

fn slice_range(size: i64, start: i64, end: i64, step: i64) -> Option<SliceRange> {
    let from_end = |n: i64| if n < 0 { n.saturating_add(size) } else { n };
    let (start, end) = (from_end(start), from_end(end));
    let (start, span) = if step > 0 {
        let start = start.clamp(0, size);
        (start, end.clamp(0, size) - start)
    } else {
        let start = start.clamp(0, (size - 1).max(0));
        (start, start - end.clamp(-1, size - 1))
    };
    let step_len = step.checked_abs().filter(|&s| s > 0)?;
    let len = if span > 0 { (span - 1) / step_len + 1 } else { 0 };
    Some(SliceRange { start, step, len: len as usize })
}

/// What a Pad adds before and after each axis; negative where it cuts.
pub fn pads(site: &Site) -> Result<Vec<(i64, i64)>, Error> {
    let rank = site.dims(0)?.len();
    let pads = match site.node.ints("pads") {
        Some(pads) => pads.to_vec(),
        None => site.list(1, "paddings")?.ok_or_else(|| site.error("pads are missing".to_owned()))?,
    };
    let axes = match site.optional_value(3)? {
        Some(axes) => axes.to_ints(),
        None => (0..rank as i64).collect(),
    };
    if let Some(absurd) = pads.iter().find(|p| p.unsigned_abs() > MAX_DIM as u64) {
        return Err(site.error(format!("a pad of {absurd} is absurd")));
    }
    if pads.len() != 2 * axes.len() {
        return Err(site.error(format!("expected {} pads, found {}", 2 * axes.len(), pads.len())));
    }
    let mut result = vec![(0, 0); rank];
    for (n, &axis) in axes.iter().enumerate() {
        result[site.axis(axis, rank)?] = (pads[n], pads[axes.len() + n]);
    }
    Ok(result)
}

/// The factor by which a Resize or Upsample scales each axis, and the sizes that result.
pub fn resize_scales(site: &Site) -> Result<(Vec<f64>, Vec<usize>), Error> {
    let dims = site.dims(0)?;
    let (scales, sizes) = match site.node.op_type.as_str() {
        "Upsample" if site.node.has("scales") => {
            let scales = site.node.floats("scales").unwrap_or_default();
            (Some(scales.iter().map(|&s| s.into()).collect()), None)
        }
        "Upsample" => (site.optional_value(1)?.map(|v| v.numbers.clone()), None),
        _ if site.opset < 11 => (site.optional_value(1)?.map(|v| v.numbers.clone()), None),
        _ => {
            (site.optional_value(2)?.map(|v| v.numbers.clone()), site.optional_value(3)?.map(|v| v.to_ints()))
        }
    };
    if site.node.text("keep_aspect_ratio_policy", "stretch") != "stretch" {
        return Err(site.error("only keep_aspect_ratio_policy \"stretch\" is supported".to_owned()));
    }
    let axes = match site.node.ints("axes") {
        Some(axes) => axes.iter().map(|&a| site.axis(a, dims.len())).collect::<Result<Vec<_>, _>>()?,
        None => (0..dims.len()).collect(),
    };
    let (mut all_scales, mut all_sizes) = (vec![1.0; dims.len()], dims.to_vec());
    let given = |len: usize| match len == axes.len() {
        true => Ok(()),
        false => Err(site.error(format!("expected {} scales or sizes, found {len}", axes.len()))),
    };
    if let Some(scales) = scales.filter(|s: &Vec<f64>| !s.is_empty()) {
        given(scales.len())?;
        for (&axis, &scale) in axes.iter().zip(&scales) {
            all_scales[axis] = scale;
            all_sizes[axis] = (dims[axis] as f64 * scale) as usize;
        }
    } else if let Some(sizes) = sizes {
        given(sizes.len())?;
        for (&axis, &size) in axes.iter().zip(&sizes) {
            all_sizes[axis] = size.max(0) as usize;
            all_scales[axis] = size as f64 / dims[axis].max(1) as f64;
        }
    } else {
        return Err(site.error("neither scales nor sizes are given".to_owned()));
    }
    match all_sizes.contains(&0) || all_scales.iter().any(|s| !s.is_finite() || *s <= 0.0) {
        true => Err(site.error(format!("cannot scale {dims:?} by {all_scales:?}"))),
        false => Ok((all_scales, all_sizes)),
    }
}
