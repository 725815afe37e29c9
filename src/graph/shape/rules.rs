//! One shape rule per operator.

use super::kind::{Kind, kind};
use super::{Site, spatial};
use crate::error::Error;
use crate::graph::proto::NodeProto;

/// The shapes of a node's outputs.
pub fn output_dims(site: &Site) -> Result<Vec<Vec<usize>>, Error> {
    let one = |dims: Vec<usize>| Ok(vec![dims]);
    match kind(site.node)? {
        Kind::Pointwise if matches!(site.node.op_type.as_str(), "BatchNormalization" | "Dropout") => {
            Ok(vec![site.dims(0)?.to_vec(); site.node.output.len()])
        }
        Kind::Pointwise if !joins_inputs(site.node) => one(site.dims(0)?.to_vec()),
        Kind::Pointwise => one(broadcast_all(site)?),
        Kind::Normalised | Kind::Global => Ok(vec![site.dims(0)?.to_vec(); site.node.output.len()]),
        Kind::Conv => one(conv(site)?),
        Kind::ConvTranspose => one(conv_transpose(site)?),
        Kind::Pool => Ok(vec![pool(site)?; site.node.output.len()]),
        Kind::GlobalPool => one(site.image(0).map(|[n, c, _, _]| vec![n, c, 1, 1])?),
        Kind::DepthToSpace => one(depth_to_space(site)?),
        Kind::SpaceToDepth => one(space_to_depth(site)?),
        Kind::Resize => one(spatial::resize_scales(site)?.1),
        Kind::Pad => one(pad(site)?),
        Kind::Slice => one(spatial::slice_ranges(site)?.iter().map(|r| r.len).collect()),
        Kind::Concat => one(concat(site)?),
        Kind::Split => {
            let (axis, sizes) = splits(site)?;
            let part = |&size: &usize| with_axis(site.dims(0)?, axis, size, site);
            sizes.iter().map(part).collect()
        }
        Kind::Transpose => {
            let dims = site.dims(0)?;
            one(permutation(site)?.into_iter().map(|axis| dims[axis]).collect())
        }
        Kind::Reshape => one(reshape(site)?),
        Kind::Expand => {
            let shape = sizes_of(site, 1)?;
            one(broadcast(site.dims(0)?, &shape)
                .ok_or_else(|| site.error("shapes do not broadcast".to_owned()))?)
        }
        Kind::Tile => {
            let repeats = sizes_of(site, 1)?;
            one(site.dims(0)?.iter().zip(repeats).map(|(&d, r)| d.saturating_mul(r)).collect())
        }
        Kind::Gather => one(gather(site)?),
        Kind::MatMul => one(matmul(site)?),
        Kind::Gemm => one(gemm(site)?),
        Kind::Einsum => one(einsum(site)?),
        Kind::Reduce => one(reduce(site)?),
        Kind::Sizes => one(sizes(site)?),
    }
}

/// Whether the result's shape comes from all inputs; for the others it is that of the first.
fn joins_inputs(node: &NodeProto) -> bool {
    let first_only = ["Cast", "CastLike", "Clip", "DequantizeLinear", "PRelu", "QuantizeLinear"];
    node.input.len() > 1 && !first_only.contains(&node.op_type.as_str())
}

fn broadcast_all(site: &Site) -> Result<Vec<usize>, Error> {
    let mut dims = site.dims(0)?.to_vec();
    for other in (1..site.node.input.len()).map(|n| site.dims(n)) {
        let other = other?;
        dims = broadcast(&dims, other)
            .ok_or_else(|| site.error(format!("shapes {dims:?} and {other:?} do not fit each other")))?;
    }
    Ok(dims)
}

/// NumPy's broadcasting.
pub fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let at = |dims: &[usize], n: usize| (n + dims.len()).checked_sub(rank).map_or(1, |n| dims[n]);
    let join = |n| match (at(a, n), at(b, n)) {
        (x, y) if x == y || y == 1 => Some(x),
        (1, y) => Some(y),
        _ => None,
    };
    (0..rank).map(join).collect()
}

fn conv(site: &Site) -> Result<Vec<usize>, Error> {
    let ([n, c, h, w], [out, per_group, kh, kw]) = (site.image(0)?, site.image(1)?);
    let group = site.node.int("group", 1).max(1) as usize;
    if per_group.checked_mul(group) != Some(c) || out % group != 0 || [out, kh, kw].contains(&0) {
        return Err(site.error(format!(
            "weights of shape {:?} in {group} groups do not fit {c} channels",
            [out, per_group, kh, kw]
        )));
    }
    let windows = spatial::windows(site, [kh, kw])?;
    let size = |size, window| spatial::windowed_size(site, size, window, false);
    Ok(vec![n, out, size(h, windows[0])?, size(w, windows[1])?])
}

fn conv_transpose(site: &Site) -> Result<Vec<usize>, Error> {
    let ([n, c, _, _], [weights_in, per_group, kh, kw]) = (site.image(0)?, site.image(1)?);
    let group = site.node.int("group", 1).max(1) as usize;
    if weights_in != c || c % group != 0 || [per_group, kh, kw].contains(&0) {
        return Err(site.error(format!("weights for {weights_in} channels do not fit {c} channels")));
    }
    let [(_, h), (_, w)] = spatial::transposed(site, [kh, kw])?;
    Ok(vec![n, per_group.saturating_mul(group), h, w])
}

fn pool(site: &Site) -> Result<Vec<usize>, Error> {
    let [n, c, h, w] = site.image(0)?;
    let windows = spatial::windows(site, spatial::pair(site, "kernel_shape", [1, 1])?)?;
    let size = |size, window| spatial::windowed_size(site, size, window, site.node.int("ceil_mode", 0) != 0);
    Ok(vec![n, c, size(h, windows[0])?, size(w, windows[1])?])
}

/// The block size of DepthToSpace or SpaceToDepth.
pub fn block_size(site: &Site) -> Result<usize, Error> {
    let block = site.node.int("blocksize", 0);
    (1..=1024)
        .contains(&block)
        .then_some(block as usize)
        .ok_or_else(|| site.error(format!("block size {block}")))
}

fn depth_to_space(site: &Site) -> Result<Vec<usize>, Error> {
    let ([n, c, h, w], b) = (site.image(0)?, block_size(site)?);
    match c % (b * b) {
        0 => Ok(vec![n, c / (b * b), h * b, w * b]),
        _ => Err(site.error(format!("{c} channels cannot be spread over blocks of {b}x{b}"))),
    }
}

fn space_to_depth(site: &Site) -> Result<Vec<usize>, Error> {
    let ([n, c, h, w], b) = (site.image(0)?, block_size(site)?);
    match (h % b, w % b) {
        (0, 0) => Ok(vec![n, c.saturating_mul(b * b), h / b, w / b]),
        _ => Err(site.error(format!("{h}x{w} pixels cannot be cut into blocks of {b}x{b}"))),
    }
}

fn pad(site: &Site) -> Result<Vec<usize>, Error> {
    let padded = |(&size, (before, after)): (&usize, (i64, i64))| {
        let padded = before.checked_add(after)?.checked_add(size as i64)?;
        usize::try_from(padded).ok()
    };
    let sizes: Option<_> = site.dims(0)?.iter().zip(spatial::pads(site)?).map(padded).collect();
    sizes.ok_or_else(|| site.error("pads that cut more than there is".to_owned()))
}

fn with_axis(dims: &[usize], axis: usize, size: usize, site: &Site) -> Result<Vec<usize>, Error> {
    let mut dims = dims.to_vec();
    *dims.get_mut(axis).ok_or_else(|| site.error(format!("no axis {axis}")))? = size;
    Ok(dims)
}

fn concat(site: &Site) -> Result<Vec<usize>, Error> {
    let first = site.dims(0)?;
    let axis = site.axis(site.node.int("axis", 1), first.len())?;
    let mut total = 0;
    for n in 0..site.node.input.len() {
        let dims = site.dims(n)?;
        let fits = dims.len() == first.len() && (0..dims.len()).all(|a| a == axis || dims[a] == first[a]);
        if !fits {
            return Err(
                site.error(format!("shapes {first:?} and {dims:?} cannot be joined along axis {axis}"))
            );
        }
        total += dims[axis];
    }
    with_axis(first, axis, total, site)
}

/// The axis of a Split and the sizes of its parts.
pub fn splits(site: &Site) -> Result<(usize, Vec<usize>), Error> {
    let dims = site.dims(0)?;
    let axis = site.axis(site.node.int("axis", 0), dims.len())?;
    let parts = site.node.output.len();
    let sizes: Vec<usize> = match site.list(1, "split")? {
        Some(sizes) => sizes.iter().map(|&s| s.max(0) as usize).collect(),
        None => {
            let part = dims[axis].div_ceil(parts);
            (0..parts).map(|n| part.min(dims[axis].saturating_sub(n * part))).collect()
        }
    };
    match sizes.len() == parts && sizes.iter().fold(0usize, |n, &s| n.saturating_add(s)) == dims[axis] {
        true => Ok((axis, sizes)),
        false => Err(site.error(format!("{} values cannot be split into {sizes:?}", dims[axis]))),
    }
}

/// The input axis that each output axis of a Transpose is.
pub fn permutation(site: &Site) -> Result<Vec<usize>, Error> {
    let rank = site.dims(0)?.len();
    let Some(perm) = site.node.ints("perm") else {
        return Ok((0..rank).rev().collect());
    };
    let axes = perm.iter().map(|&a| site.axis(a, rank)).collect::<Result<Vec<_>, _>>()?;
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    match sorted.iter().copied().eq(0..rank) {
        true => Ok(axes),
        false => Err(site.error(format!("{perm:?} is no permutation of {rank} axes"))),
    }
}

fn reshape(site: &Site) -> Result<Vec<usize>, Error> {
    let dims = site.dims(0)?;
    match site.node.op_type.as_str() {
        "Flatten" => {
            let axis = match site.node.int("axis", 1) {
                axis if axis == dims.len() as i64 => dims.len(),
                axis => site.axis(axis, dims.len())?,
            };
            let product = |dims: &[usize]| dims.iter().fold(1usize, |n, &d| n.saturating_mul(d));
            Ok(vec![product(&dims[..axis]), product(&dims[axis..])])
        }
        "Squeeze" => {
            let axes = match site.list(1, "axes")? {
                Some(axes) => {
                    axes.iter().map(|&a| site.axis(a, dims.len())).collect::<Result<Vec<_>, _>>()?
                }
                None => (0..dims.len()).filter(|&a| dims[a] == 1).collect(),
            };
            Ok((0..dims.len()).filter(|a| !axes.contains(a)).map(|a| dims[a]).collect())
        }
        "Unsqueeze" => {
            let axes = site.list(1, "axes")?.unwrap_or_default();
            let rank = dims.len() + axes.len();
            let axes = axes.iter().map(|&a| site.axis(a, rank)).collect::<Result<Vec<_>, _>>()?;
            let mut old = dims.iter().copied();
            Ok((0..rank).map(|a| if axes.contains(&a) { 1 } else { old.next().unwrap_or(1) }).collect())
        }
        _ => reshaped(site, dims),
    }
}

fn reshaped(site: &Site, dims: &[usize]) -> Result<Vec<usize>, Error> {
    let wanted = site.list(1, "shape")?.ok_or_else(|| site.error("no shape given".to_owned()))?;
    let fail = || site.error(format!("shape {dims:?} cannot become {wanted:?}"));
    let product = |mut sizes: std::slice::Iter<usize>| sizes.try_fold(1usize, |n, &d| n.checked_mul(d));
    let total = product(dims.iter()).ok_or_else(fail)?;
    let keep_zero = site.node.int("allowzero", 0) != 0;
    let size = |(n, &d): (usize, &i64)| match d {
        0 if !keep_zero => dims.get(n).copied(),
        -1 => Some(1),
        d => usize::try_from(d).ok(),
    };
    let mut shape = wanted.iter().enumerate().map(size).collect::<Option<Vec<_>>>().ok_or_else(fail)?;
    if let Some(free) = wanted.iter().position(|&d| d == -1) {
        let rest = product(shape.iter()).filter(|&n| n > 0).ok_or_else(fail)?;
        shape[free] = total / rest;
    }
    if product(shape.iter()) == Some(total) { Ok(shape) } else { Err(fail()) }
}

fn sizes_of(site: &Site, index: usize) -> Result<Vec<usize>, Error> {
    let value = site.optional_value(index)?.ok_or_else(|| site.error(format!("input {index} is missing")))?;
    Ok(value.to_ints().into_iter().map(|n| n.max(0) as usize).collect())
}

fn gather(site: &Site) -> Result<Vec<usize>, Error> {
    let (dims, indices) = (site.dims(0)?, site.dims(1)?);
    let axis = site.axis(site.node.int("axis", 0), dims.len())?;
    Ok([&dims[..axis], indices, &dims[axis + 1..]].concat())
}

fn matmul(site: &Site) -> Result<Vec<usize>, Error> {
    let (a, b) = (site.dims(0)?, site.dims(1)?);
    let fail = || site.error(format!("shapes {a:?} and {b:?} do not fit each other"));
    let ([a_batch @ .., m, k], [b_batch @ .., k2, n]) = (a, b) else { return Err(fail()) };
    let mut dims = broadcast(a_batch, b_batch).filter(|_| k == k2).ok_or_else(fail)?;
    dims.extend([*m, *n]);
    Ok(dims)
}

fn gemm(site: &Site) -> Result<Vec<usize>, Error> {
    let (&[a0, a1], &[b0, b1]) = (site.dims(0)?, site.dims(1)?) else {
        return Err(site.error("expected matrices".to_owned()));
    };
    let m = if site.node.int("transA", 0) != 0 { a1 } else { a0 };
    let n = if site.node.int("transB", 0) != 0 { b0 } else { b1 };
    Ok(vec![m, n])
}

/// The letters of an Einsum: one list per input, and that of the output.
pub fn einsum_labels(site: &Site) -> Result<(Vec<Vec<char>>, Vec<char>), Error> {
    let equation: String = site.node.text("equation", "").chars().filter(|c| !c.is_whitespace()).collect();
    let unsupported = || site.error(format!("equation \"{equation}\" is not supported"));
    let (left, right) = equation.split_once("->").ok_or_else(unsupported)?;
    let inputs: Vec<Vec<char>> = left.split(',').map(|term| term.chars().collect()).collect();
    if equation.contains('.') || inputs.len() != site.node.input.len() {
        return Err(unsupported());
    }
    for (n, labels) in inputs.iter().enumerate() {
        if labels.len() != site.dims(n)?.len() {
            return Err(unsupported());
        }
    }
    Ok((inputs, right.chars().collect()))
}

fn einsum(site: &Site) -> Result<Vec<usize>, Error> {
    let (inputs, output) = einsum_labels(site)?;
    let size = |label: &char| {
        let place = inputs
            .iter()
            .enumerate()
            .find_map(|(n, labels)| Some((n, labels.iter().position(|l| l == label)?)));
        let (input, axis) = place.ok_or_else(|| site.error(format!("letter {label} comes from nowhere")))?;
        Ok(site.dims(input)?[axis])
    };
    output.iter().map(size).collect()
}

/// The axes that a Reduce operator sums over.
pub fn reduced_axes(site: &Site) -> Result<Vec<usize>, Error> {
    let rank = site.dims(0)?.len();
    match site.list(1, "axes")? {
        Some(axes) if !axes.is_empty() => axes.iter().map(|&a| site.axis(a, rank)).collect(),
        _ if site.node.int("noop_with_empty_axes", 0) != 0 => Ok(Vec::new()),
        _ => Ok((0..rank).collect()),
    }
}

fn reduce(site: &Site) -> Result<Vec<usize>, Error> {
    let (dims, axes) = (site.dims(0)?, reduced_axes(site)?);
    let keep = site.node.int("keepdims", 1) != 0;
    let kept = (0..dims.len()).filter(|axis| keep || !axes.contains(axis));
    Ok(kept.map(|axis| if axes.contains(&axis) { 1 } else { dims[axis] }).collect())
}

/// The part of the shape that a Shape operator gives (its start and end may be cut since operator set 15).
pub fn shape_range(node: &NodeProto, rank: usize) -> (usize, usize) {
    let place =
        |n: i64| (if n < 0 { n.saturating_add(rank as i64) } else { n }).clamp(0, rank as i64) as usize;
    let (start, end) = (place(node.int("start", 0)), place(node.int("end", i64::MAX)));
    (start, end.max(start))
}

fn sizes(site: &Site) -> Result<Vec<usize>, Error> {
    match site.node.op_type.as_str() {
        "Shape" => {
            let (start, end) = shape_range(site.node, site.dims(0)?.len());
            Ok(vec![end - start])
        }
        "ConstantOfShape" => sizes_of(site, 0),
        "Range" => {
            let number = |n| Some(*site.optional_value(n).ok()??.numbers.first()?);
            let (Some(start), Some(limit), Some(delta)) = (number(0), number(1), number(2)) else {
                return Err(site.error("start, limit and delta have to be known".to_owned()));
            };
            Ok(vec![((limit - start) / delta).ceil().max(0.0) as usize])
        }
        _ => Ok(vec![]),
    }
}
