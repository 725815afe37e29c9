//! Which part of its inputs a part of an operator's output needs.

use crate::error::Error;
use crate::graph::shape::{self, Kind, Site, Window};

/// A stretch of one axis, both ends included. Empty if `hi < lo`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    pub lo: i64,
    pub hi: i64,
}

/// One [`Span`] per axis of a tensor.
pub type Region = Vec<Span>;

impl Span {
    /// From `lo` to `hi`.
    pub fn new(lo: i64, hi: i64) -> Span {
        Span { lo, hi }
    }

    /// All of an axis.
    fn all(size: usize) -> Span {
        Span { lo: 0, hi: size as i64 - 1 }
    }

    /// Moved by `by`.
    pub fn shifted(self, by: i64) -> Span {
        Span { lo: self.lo + by, hi: self.hi + by }
    }

    /// What each element becomes a block of `by` elements of.
    pub fn enlarged(self, by: i64) -> Span {
        Span { lo: self.lo * by, hi: self.hi * by + by - 1 }
    }

    /// The blocks of `by` elements that are touched.
    fn reduced(self, by: i64) -> Span {
        Span { lo: self.lo.div_euclid(by), hi: self.hi.div_euclid(by) }
    }

    fn within(self, size: usize) -> Span {
        Span { lo: self.lo.max(0), hi: self.hi.min(size as i64 - 1) }
    }

    fn is_empty(self) -> bool {
        self.hi < self.lo
    }

    fn union(self, other: Span) -> Span {
        match (self.is_empty(), other.is_empty()) {
            (true, _) => other,
            (_, true) => self,
            _ => Span { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) },
        }
    }
}

/// Extends `region` to hold `other` too.
pub fn unite(region: &mut Region, other: &Region) {
    for (span, other) in region.iter_mut().zip(other) {
        *span = span.union(*other);
    }
}

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
    if region.iter().any(|span| span.is_empty()) {
        return Ok(parts);
    }
    for input in 0..site.node.input.len().min(data_inputs(kind)) {
        if site.input(input).is_some_and(|info| info.of_picture) {
            let dims = site.dims(input)?;
            let part = input_needed(site, kind, input, output, region)?;
            parts.push((input, part.iter().zip(dims).map(|(span, &size)| span.within(size)).collect()));
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
    let whole = || dims.iter().map(|&d| Span::all(d)).collect::<Region>();
    // Only elementwise and joining operators are local in inputs other than the first.
    if input > 0 && !matches!(kind, Kind::Pointwise | Kind::Concat | Kind::MatMul | Kind::Einsum) {
        return Ok(whole());
    }
    match kind {
        Kind::Pointwise | Kind::Expand => Ok(aligned(dims, region)),
        Kind::Normalised => {
            let axis = site.axis(site.node.int("axis", if site.opset < 13 { 1 } else { -1 }), dims.len())?;
            let one_axis = site.node.op_type == "LpNormalization"
                || (site.node.op_type.ends_with("max") && site.opset >= 13);
            let joined = |n: usize| n == axis || (n > axis && !one_axis);
            Ok((0..dims.len()).map(|n| if joined(n) { Span::all(dims[n]) } else { region[n] }).collect())
        }
        Kind::Conv | Kind::Pool => windowed(site, kind, region),
        Kind::ConvTranspose => transposed(site, region),
        Kind::DepthToSpace => blocks(site, region, Span::reduced),
        Kind::SpaceToDepth => blocks(site, region, Span::enlarged),
        Kind::Resize => resized(site, region),
        Kind::Pad if site.node.text("mode", "constant") != "wrap" => Ok(region
            .iter()
            .zip(shape::pads(site)?)
            .map(|(span, (before, _))| span.shifted(-before))
            .collect()),
        Kind::Slice => {
            let part = |(span, range): (&Span, shape::Range)| {
                let (a, b) = (range.start + span.lo * range.step, range.start + span.hi * range.step);
                Span::new(a.min(b), a.max(b))
            };
            Ok(region.iter().zip(shape::slice_ranges(site)?).map(part).collect())
        }
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
        Kind::Transpose => {
            let mut part = whole();
            for (axis, from) in shape::permutation(site)?.into_iter().enumerate() {
                part[from] = region[axis];
            }
            Ok(part)
        }
        Kind::Reshape => Ok(reshaped(site, region)?.unwrap_or_else(whole)),
        Kind::MatMul => Ok(multiplied(dims, region, input)),
        Kind::Einsum => {
            let (inputs, labels) = shape::einsum_labels(site)?;
            let span = |(axis, label)| match labels.iter().position(|l| l == label) {
                Some(place) => region[place],
                None => Span::all(dims[axis]),
            };
            Ok(inputs[input].iter().enumerate().map(span).collect())
        }
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

/// The part of a broadcast input: axes are matched from the last, an axis of size 1 is read at its only place.
fn aligned(dims: &[usize], region: &Region) -> Region {
    let offset = region.len() - dims.len().min(region.len());
    let span =
        |(axis, &size): (usize, &usize)| if size == 1 { Span::new(0, 0) } else { region[axis + offset] };
    dims.iter().enumerate().map(span).collect()
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
    let needs = |span: Span, window: Window| {
        let stride = window.stride as i64;
        Span::new(span.lo * stride - window.before, span.hi * stride - window.before + window.extent() - 1)
    };
    Ok(vec![Span::all(n), Span::all(c), needs(region[2], rows), needs(region[3], columns)])
}

fn transposed(site: &Site, region: &Region) -> Result<Region, Error> {
    let ([n, c, _, _], [_, _, kh, kw]) = (site.image(0)?, site.image(1)?);
    let [(rows, _), (columns, _)] = shape::transposed(site, [kh, kw])?;
    // Output o takes from input i where o = i * stride - before + tap.
    let needs = |span: Span, window: Window| {
        let stride = window.stride as i64;
        let first = span.lo + window.before - (window.extent() - 1);
        Span::new(
            first.div_euclid(stride) + i64::from(first.rem_euclid(stride) > 0),
            (span.hi + window.before).div_euclid(stride),
        )
    };
    Ok(vec![Span::all(n), Span::all(c), needs(region[2], rows), needs(region[3], columns)])
}

fn blocks(site: &Site, region: &Region, change: fn(Span, i64) -> Span) -> Result<Region, Error> {
    let ([n, c, _, _], block) = (site.image(0)?, shape::block_size(site)? as i64);
    Ok(vec![Span::all(n), Span::all(c), change(region[2], block), change(region[3], block)])
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
    let span = |(axis, &span): (usize, &Span)| {
        if sizes[axis] == dims[axis] {
            return Ok(span);
        }
        let scale = scales[axis];
        let place = |n: i64| match coordinates {
            "asymmetric" => n as f64 / scale,
            _ => (n as f64 + 0.5) / scale - 0.5,
        };
        // How many pixels on each side of a place between pixels are read.
        let taps = match site.node.text("mode", "nearest") {
            "nearest" => return Ok(nearest(site, old, place(span.lo), place(span.hi))),
            "linear" | "bilinear" => 1.0,
            "cubic" => 2.0,
            other => return Err(site.error(format!("mode \"{other}\" is not supported"))),
        };
        let taps = if antialias { taps * (1.0 / scale).max(1.0) } else { taps };
        let (lo, hi) = (place(span.lo), place(span.hi));
        Ok(Span::new((lo - taps).floor() as i64 + 1, (hi + taps).ceil() as i64 - 1))
    };
    region.iter().enumerate().map(span).collect()
}

fn nearest(site: &Site, old: bool, lo: f64, hi: f64) -> Span {
    let round = match site.node.text("nearest_mode", if old { "floor" } else { "round_prefer_floor" }) {
        "floor" => f64::floor,
        "ceil" => f64::ceil,
        "round_prefer_ceil" => |x: f64| (x + 0.5).floor(),
        _ => |x: f64| (x - 0.5).ceil(),
    };
    Span::new(round(lo) as i64, round(hi) as i64)
}

fn multiplied(dims: &[usize], region: &Region, input: usize) -> Region {
    let mut part = aligned(dims, region);
    let rank = dims.len();
    let summed = if input == 0 { rank - 1 } else { rank.saturating_sub(2) };
    part[summed] = Span::all(dims[summed]);
    part
}

fn reduced(site: &Site, region: &Region) -> Result<Region, Error> {
    let (dims, axes) = (site.dims(0)?, shape::reduced_axes(site)?);
    let keeps = site.node.int("keepdims", 1) != 0;
    let mut kept = region.iter();
    let span = |axis: usize| match (axes.contains(&axis), keeps) {
        (true, true) => {
            kept.next();
            Span::all(dims[axis])
        }
        (true, false) => Span::all(dims[axis]),
        (false, _) => kept.next().copied().unwrap_or(Span::all(dims[axis])),
    };
    Ok((0..dims.len()).map(span).collect())
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

/// The stretch of elements, counted in row-major order, that holds a region.
fn flatten(region: &[Span], dims: &[usize]) -> Span {
    let join = |flat: Span, (span, &size): (&Span, &usize)| {
        Span::new(flat.lo * size as i64 + span.lo, flat.hi * size as i64 + span.hi)
    };
    region.iter().zip(dims).fold(Span::new(0, 0), join)
}

/// The region that holds a stretch of elements.
fn unflatten(flat: Span, dims: &[usize]) -> Region {
    let mut rest = flat;
    let mut inner: i64 = dims.iter().product::<usize>() as i64;
    let split = |&size: &usize| {
        inner /= size as i64;
        let span = rest.reduced(inner);
        rest = match span.lo == span.hi {
            true => rest.shifted(-span.lo * inner),
            // Several rows: all of every inner axis.
            false => Span::new(0, inner - 1),
        };
        span
    };
    dims.iter().map(split).collect()
}
