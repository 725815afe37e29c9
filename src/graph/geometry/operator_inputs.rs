//! Which region of its inputs a region of an operator's output depends on.

use super::interval::{Interval, Region};
use crate::error::Error;
use crate::graph::shape::{self, Kind, Site, Window};

/// How many of an operator's inputs carry data; the rest are sizes, axes and the like.
pub fn data_inputs(kind: Kind) -> usize {
    match kind {
        Kind::Pointwise | Kind::Normalised | Kind::Concat | Kind::MatMul | Kind::Gemm | Kind::Einsum => {
            usize::MAX
        }
        Kind::Conv | Kind::ConvTranspose | Kind::Global | Kind::Gather => 3,
        Kind::Sizes => 0,
        _ => 1,
    }
}

/// For each input that depends on the picture, the part of it that `region` of output `output` needs.
pub fn inputs_needed(site: &Site, output: usize, region: &Region) -> Result<Vec<(usize, Region)>, Error> {
    let kind = shape::kind(site.node)?;
    let mut parts = Vec::new();
    if region.iter().any(|interval| interval.is_empty()) {
        return Ok(parts);
    }
    for input in 0..site.node.input.len().min(data_inputs(kind)) {
        if site.input(input).is_some_and(|info| info.of_picture) {
            let dims = site.dims(input)?;
            let part = input_needed(site, kind, input, output, region)?;
            parts.push((
                input,
                part.iter().zip(dims).map(|(interval, &size)| interval.within(size)).collect(),
            ));
        }
    }
    Ok(parts)
}

fn input_needed(
    site: &Site,
    kind: Kind,
    input: usize,
    output: usize,
    region: &Region,
) -> Result<Region, Error> {
    let dims = site.dims(input)?;
    let whole = || dims.iter().map(|&d| Interval::all(d)).collect::<Region>();
    // Only elementwise and joining operators are local in inputs other than the first.
    if input > 0 && !matches!(kind, Kind::Pointwise | Kind::Concat | Kind::MatMul | Kind::Einsum) {
        return Ok(whole());
    }
    match kind {
        Kind::Pointwise | Kind::Expand => Ok(aligned(dims, region)),
        Kind::Normalised => normalised(site, region),
        Kind::Conv | Kind::Pool => windowed(site, kind, region),
        Kind::ConvTranspose => transposed(site, region),
        Kind::DepthToSpace => blocks(site, region, Interval::reduced),
        Kind::SpaceToDepth => blocks(site, region, Interval::expanded),
        Kind::Resize => resized(site, region),
        Kind::Pad if site.node.text("mode", "constant") != "wrap" => padded(site, region),
        Kind::Slice => sliced(site, region),
        Kind::Concat => {
            let axis = site.axis(site.node.int("axis", 1), dims.len())?;
            let before = (0..input).map(|n| Ok(site.dims(n)?[axis] as i64)).sum::<Result<i64, Error>>()?;
            Ok(moved(region, axis, -before))
        }
        Kind::Split => {
            let (axis, sizes) = shape::splits(site)?;
            let before: usize = sizes.iter().take(output).sum();
            Ok(moved(region, axis, before as i64))
        }
        Kind::Transpose => permuted(site, region),
        Kind::Reshape => Ok(reshaped(site, region)?.unwrap_or_else(whole)),
        Kind::MatMul => Ok(multiplied(dims, region, input)),
        Kind::Einsum => einsum_operand(site, input, region),
        Kind::Reduce => reduced(site, region),
        Kind::Global
        | Kind::GlobalPool
        | Kind::Pad
        | Kind::Tile
        | Kind::Gather
        | Kind::Gemm
        | Kind::Sizes => Ok(whole()),
    }
}

fn normalised(site: &Site, region: &Region) -> Result<Region, Error> {
    let dims = site.dims(0)?;
    let axis = site.axis(site.node.int("axis", if site.opset < 13 { 1 } else { -1 }), dims.len())?;
    let op = site.node.op_type.as_str();
    let one_axis = op == "LpNormalization" || (op.ends_with("max") && site.opset >= 13);
    let joined = |n: usize| n == axis || (n > axis && !one_axis);
    Ok((0..dims.len()).map(|n| if joined(n) { Interval::all(dims[n]) } else { region[n] }).collect())
}

fn padded(site: &Site, region: &Region) -> Result<Region, Error> {
    let pads = shape::pads(site)?;
    Ok(region.iter().zip(pads).map(|(interval, (before, _))| interval.shifted(-before)).collect())
}

fn sliced(site: &Site, region: &Region) -> Result<Region, Error> {
    let part = |(interval, range): (&Interval, shape::SliceRange)| {
        let (a, b) = (range.start + interval.lo * range.step, range.start + interval.hi * range.step);
        Interval::new(a.min(b), a.max(b))
    };
    Ok(region.iter().zip(shape::slice_ranges(site)?).map(part).collect())
}

fn permuted(site: &Site, region: &Region) -> Result<Region, Error> {
    let mut part: Region = site.dims(0)?.iter().map(|&size| Interval::all(size)).collect();
    for (axis, from) in shape::permutation(site)?.into_iter().enumerate() {
        part[from] = region[axis];
    }
    Ok(part)
}

fn einsum_operand(site: &Site, input: usize, region: &Region) -> Result<Region, Error> {
    let dims = site.dims(input)?;
    let (inputs, labels) = shape::einsum_labels(site)?;
    let interval = |(axis, label)| match labels.iter().position(|l| l == label) {
        Some(place) => region[place],
        None => Interval::all(dims[axis]),
    };
    Ok(inputs[input].iter().enumerate().map(interval).collect())
}

/// The part of a broadcast input: axes are matched from the last, an axis of size 1 is read at its only place.
fn aligned(dims: &[usize], region: &Region) -> Region {
    let offset = region.len() - dims.len().min(region.len());
    let interval =
        |(axis, &size): (usize, &usize)| if size == 1 { Interval::new(0, 0) } else { region[axis + offset] };
    dims.iter().enumerate().map(interval).collect()
}

fn moved(region: &Region, axis: usize, by: i64) -> Region {
    let mut region = region.clone();
    region[axis] = region[axis].shifted(by);
    region
}

fn windowed(site: &Site, kind: Kind, region: &Region) -> Result<Region, Error> {
    let [n, c, _, _] = site.image(0)?;
    let kernel = match kind {
        Kind::Conv => site.image(1).map(|[_, _, h, w]| [h, w])?,
        _ => shape::pair(site, "kernel_shape", [1, 1])?,
    };
    let [rows, columns] = shape::windows(site, kernel)?;
    let needs = |interval: Interval, window: Window| {
        let stride = window.stride as i64;
        Interval::new(
            interval.lo * stride - window.before,
            interval.hi * stride - window.before + window.extent() - 1,
        )
    };
    Ok(vec![Interval::all(n), Interval::all(c), needs(region[2], rows), needs(region[3], columns)])
}

fn transposed(site: &Site, region: &Region) -> Result<Region, Error> {
    let ([n, c, _, _], [_, _, kh, kw]) = (site.image(0)?, site.image(1)?);
    let [(rows, _), (columns, _)] = shape::transposed(site, [kh, kw])?;
    // Output o takes from input i where o = i * stride - before + tap.
    let needs = |interval: Interval, window: Window| {
        let stride = window.stride as i64;
        let first = interval.lo + window.before - (window.extent() - 1);
        Interval::new(
            first.div_euclid(stride) + i64::from(first.rem_euclid(stride) > 0),
            (interval.hi + window.before).div_euclid(stride),
        )
    };
    Ok(vec![Interval::all(n), Interval::all(c), needs(region[2], rows), needs(region[3], columns)])
}

fn blocks(site: &Site, region: &Region, change: fn(Interval, i64) -> Interval) -> Result<Region, Error> {
    let ([n, c, _, _], block) = (site.image(0)?, shape::block_size(site)? as i64);
    Ok(vec![Interval::all(n), Interval::all(c), change(region[2], block), change(region[3], block)])
}

/// Whether a Resize aligns the corners of pictures of different sizes, so that what it does depends on the size.
pub fn stretches_to_corners(site: &Site) -> Result<bool, Error> {
    let mode = site.node.text("coordinate_transformation_mode", "half_pixel");
    let (_, sizes) = shape::resize_scales(site)?;
    Ok(matches!(mode, "align_corners" | "tf_crop_and_resize") && sizes != site.dims(0)?)
}

fn resized(site: &Site, region: &Region) -> Result<Region, Error> {
    let (scales, sizes) = shape::resize_scales(site)?;
    let dims = site.dims(0)?;
    let old = site.node.op_type == "Upsample" || site.opset < 11;
    let coordinates =
        site.node.text("coordinate_transformation_mode", if old { "asymmetric" } else { "half_pixel" });
    let antialias = site.node.int("antialias", 0) != 0;
    let interval = |(axis, &interval): (usize, &Interval)| {
        if sizes[axis] == dims[axis] {
            return Ok(interval);
        }
        let scale = scales[axis];
        let place = |n: i64| match coordinates {
            "asymmetric" => n as f64 / scale,
            _ => (n as f64 + 0.5) / scale - 0.5,
        };
        // How many pixels are read on each side of a position between pixels.
        let taps = match site.node.text("mode", "nearest") {
            "nearest" => return Ok(nearest(site, old, place(interval.lo), place(interval.hi))),
            "linear" | "bilinear" => 1.0,
            "cubic" => 2.0,
            other => return Err(site.error(format!("mode \"{other}\" is not supported"))),
        };
        let taps = if antialias { taps * (1.0 / scale).max(1.0) } else { taps };
        let (lo, hi) = (place(interval.lo), place(interval.hi));
        Ok(Interval::new((lo - taps).floor() as i64 + 1, (hi + taps).ceil() as i64 - 1))
    };
    region.iter().enumerate().map(interval).collect()
}

fn nearest(site: &Site, old: bool, lo: f64, hi: f64) -> Interval {
    let round = match site.node.text("nearest_mode", if old { "floor" } else { "round_prefer_floor" }) {
        "floor" => f64::floor,
        "ceil" => f64::ceil,
        "round_prefer_ceil" => |x: f64| (x + 0.5).floor(),
        _ => |x: f64| (x - 0.5).ceil(),
    };
    Interval::new(round(lo) as i64, round(hi) as i64)
}

fn multiplied(dims: &[usize], region: &Region, input: usize) -> Region {
    let mut part = aligned(dims, region);
    let rank = dims.len();
    let summed = if input == 0 { rank - 1 } else { rank.saturating_sub(2) };
    part[summed] = Interval::all(dims[summed]);
    part
}

fn reduced(site: &Site, region: &Region) -> Result<Region, Error> {
    let (dims, axes) = (site.dims(0)?, shape::reduced_axes(site)?);
    let keeps = site.node.int("keepdims", 1) != 0;
    let mut kept = region.iter();
    let interval = |axis: usize| match (axes.contains(&axis), keeps) {
        (true, true) => {
            kept.next();
            Interval::all(dims[axis])
        }
        (true, false) => Interval::all(dims[axis]),
        (false, _) => kept.next().copied().unwrap_or(Interval::all(dims[axis])),
    };
    Ok((0..dims.len()).map(interval).collect())
}

/// Follows a region through a Reshape, in the smallest groups of axes that hold the same elements on both sides.
/// `None` if there are none (a size of 0).
fn reshaped(site: &Site, region: &Region) -> Result<Option<Region>, Error> {
    let (from, to) = (site.dims(0)?, site.output_dims());
    if from.iter().chain(to).any(|&d| d == 0) {
        return Ok(None);
    }
    let mut part = Vec::with_capacity(from.len());
    let (mut i, mut o) = (0, 0);
    while i < from.len() || o < to.len() {
        let (first_in, first_out) = (i, o);
        let (mut size_in, mut size_out) = (1usize, 1usize);
        loop {
            if size_in <= size_out && i < from.len() && (i == first_in || size_in < size_out) {
                size_in = size_in.saturating_mul(from[i]);
                i += 1;
            } else if size_out < size_in && o < to.len() {
                size_out = size_out.saturating_mul(to[o]);
                o += 1;
            } else {
                break;
            }
        }
        // Axes of size 1 at the end belong to the last group.
        if i == from.len() {
            o = if o < to.len() && to[o..].iter().all(|&d| d == 1) { to.len() } else { o };
        }
        let absurd = size_in > i64::MAX as usize / 2;
        if size_in != size_out || absurd || (i == first_in && o == first_out) {
            return Ok(None);
        }
        let flat = flatten(&region[first_out..o], &to[first_out..o]);
        part.extend(unflatten(flat, &from[first_in..i]));
    }
    Ok(Some(part))
}

/// The interval of elements, counted in row-major order, that holds a region.
fn flatten(region: &[Interval], dims: &[usize]) -> Interval {
    let join = |flat: Interval, (interval, &size): (&Interval, &usize)| {
        Interval::new(flat.lo * size as i64 + interval.lo, flat.hi * size as i64 + interval.hi)
    };
    region.iter().zip(dims).fold(Interval::new(0, 0), join)
}

/// The region that holds an interval of elements.
fn unflatten(flat: Interval, dims: &[usize]) -> Region {
    let mut rest = flat;
    let mut inner: i64 = dims.iter().product::<usize>() as i64;
    let split = |&size: &usize| {
        inner /= size as i64;
        let interval = rest.reduced(inner);
        rest = match interval.lo == interval.hi {
            true => rest.shifted(-interval.lo * inner),
            // Several rows: all of every inner axis.
            false => Interval::new(0, inner - 1),
        };
        interval
    };
    dims.iter().map(split).collect()
}
