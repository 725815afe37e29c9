//! Parts of tensors.

use super::NodeCall;
use super::shape::reshaped;
use crate::error::Error;
use crate::format::tfjs::graph::emit::Emitter;
use crate::format::tfjs::graph::fold::strides;
use crate::format::tfjs::graph::value::{ChannelLayout, Value};
use crate::graph::Attribute;

/// What is taken along one axis: `len` elements from `begin`, each `step` after the one before.
#[derive(Clone, Copy)]
struct AxisSlice {
    begin: i64,
    step: i64,
    len: usize,
}

/// Takes a part along each axis and gives the result another shape of as many elements.
fn take(
    call: &NodeCall,
    net: &mut Emitter,
    x: &Value,
    parts: &[AxisSlice],
    dims: &[usize],
) -> Result<Value, Error> {
    let taken: Vec<usize> = parts.iter().map(|part| part.len).collect();
    if let Some(known) = x.known() {
        let own = strides(&known.dims);
        let steps: Vec<isize> = own.iter().zip(parts).map(|(own, part)| own * part.step as isize).collect();
        let offset = own.iter().zip(parts).map(|(own, part)| own * part.begin as isize).sum();
        return call.folded(known.walked(&taken, &steps, offset).and_then(|known| known.reshaped(dims)));
    }
    let name = net.plain(x);
    let cut: Vec<usize> =
        (0..parts.len()).filter(|&axis| parts[axis].step != 1 || parts[axis].len != x.dims()[axis]).collect();
    let sliced = if cut.is_empty() {
        name
    } else {
        // An end before the first element is written as one far before it.
        let end = |part: &AxisSlice| match part.begin + part.len as i64 * part.step {
            end if end < 0 => i64::MIN + 1,
            end => end,
        };
        let begins = net.ints(&cut.iter().map(|&axis| parts[axis].begin).collect::<Vec<_>>());
        let ends = net.ints(&cut.iter().map(|&axis| end(&parts[axis])).collect::<Vec<_>>());
        let along = net.sizes(&cut);
        let steps = net.ints(&cut.iter().map(|&axis| parts[axis].step).collect::<Vec<_>>());
        net.raw("Slice", &[&name, &begins, &ends, &along, &steps], vec![])
    };
    if taken == dims {
        let computed = crate::format::tfjs::graph::value::ComputedTensor {
            name: sliced,
            dims: taken,
            layout: ChannelLayout::Plain,
        };
        return Ok(Value::ComputedTensor(computed));
    }
    Ok(reshaped(net, &sliced, dims.to_vec()))
}

fn whole(dims: &[usize]) -> Vec<AxisSlice> {
    dims.iter().map(|&len| AxisSlice { begin: 0, step: 1, len }).collect()
}

pub fn slice(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let x = call.input(0)?;
    let (begins, sizes) = (call.ints(1)?, call.ints(2)?);
    let misfit = || call.error(format!("no {sizes:?} from {begins:?} of a tensor of shape {:?}", x.dims()));
    if begins.len() != x.dims().len() || sizes.len() != x.dims().len() {
        return Err(misfit());
    }
    let part = |((&dim, &begin), &size): ((&usize, &i64), &i64)| {
        let left = (dim as i64).checked_sub(begin).filter(|left| *left >= 0 && begin >= 0)?;
        let len = if size == -1 { left } else { size };
        (0..=left).contains(&len).then_some(AxisSlice { begin, step: 1, len: len as usize })
    };
    let parts: Option<Vec<AxisSlice>> = x.dims().iter().zip(begins).zip(sizes).map(part).collect();
    let parts = parts.ok_or_else(misfit)?;
    let dims: Vec<usize> = parts.iter().map(|part| part.len).collect();
    take(call, net, x, &parts, &dims)
}

/// Python's slices: `begin:end:step` for each axis, of which masks say what else is meant.
pub fn strided(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let x = call.input(0)?;
    let (begins, ends, steps) = (call.ints(1)?, call.ints(2)?, call.ints(3)?);
    let count = begins.len();
    if ends.len() != count || steps.len() != count {
        return Err(call.error("as many begins as ends and steps are needed"));
    }
    let mask = |name: &str, n: usize| call.int(name, 0) >> n.min(63) & 1 == 1;
    let fresh = (0..count).filter(|&n| mask("new_axis_mask", n)).count();
    let dots = (0..count).filter(|&n| mask("ellipsis_mask", n)).count();
    let named = count - fresh - dots.min(count - fresh);
    let Some(skipped) = x.dims().len().checked_sub(named).filter(|_| dots <= 1) else {
        return Err(call.error(format!("{count} slices of a tensor of shape {:?}", x.dims())));
    };
    let mut parts = Vec::with_capacity(x.dims().len());
    let mut dims = Vec::new();
    for n in 0..count {
        if mask("ellipsis_mask", n) {
            let rest = x.dims().iter().skip(parts.len()).take(skipped);
            let rest: Vec<usize> = rest.copied().collect();
            parts.extend(whole(&rest));
            dims.extend(rest);
        } else if mask("new_axis_mask", n) {
            dims.push(1);
        } else {
            let dim = x.dims()[parts.len()] as i64;
            let begin = (!mask("begin_mask", n)).then_some(begins[n]);
            if mask("shrink_axis_mask", n) {
                let at = begin.map(|begin| if begin < 0 { begin + dim } else { begin }).unwrap_or(0);
                if !(0..dim).contains(&at) {
                    return Err(call.error(format!("element {at} of an axis of {dim}")));
                }
                parts.push(AxisSlice { begin: at, step: 1, len: 1 });
            } else {
                let end = (!mask("end_mask", n)).then_some(ends[n]);
                let part =
                    python_slice(dim, begin, end, steps[n]).ok_or_else(|| call.error("a step of 0"))?;
                dims.push(part.len);
                parts.push(part);
            }
        }
    }
    let rest: Vec<usize> = x.dims()[parts.len()..].to_vec();
    parts.extend(whole(&rest));
    dims.extend(rest);
    take(call, net, x, &parts, &dims)
}

/// `begin:end:step` of an axis of `dim` elements.
fn python_slice(dim: i64, begin: Option<i64>, end: Option<i64>, step: i64) -> Option<AxisSlice> {
    let (low, high) = if step > 0 { (0, dim) } else { (-1, dim - 1) };
    let place = |n: i64| (if n < 0 { n.saturating_add(dim) } else { n }).clamp(low, high);
    let begin = begin.map_or(if step > 0 { low } else { high }, place);
    let end = end.map_or(if step > 0 { high } else { low }, place);
    let span = if step > 0 { end - begin } else { begin - end };
    let len = (span.max(0) as u64).div_ceil(step.unsigned_abs().max(1)) as usize;
    (step != 0).then_some(AxisSlice { begin: if len == 0 { 0 } else { begin }, step, len })
}

/// Split, SplitV and Unpack: all of a tensor in parts along an axis.
pub fn parts(call: &NodeCall, net: &mut Emitter) -> Result<Vec<Value>, Error> {
    let data = usize::from(call.node.op == "Split");
    let x = call.input(data)?;
    let rank = x.dims().len();
    let (axis, lengths) = match call.node.op.as_str() {
        "Split" => {
            let axis = call.axis(call.number(0)?, rank)?;
            (axis, equal(call, x.dims()[axis], call.int("num_split", 1))?)
        }
        "SplitV" => {
            let axis = call.axis(call.number(2)?, rank)?;
            (axis, lengths(call, x.dims()[axis])?)
        }
        _ => {
            let axis = call.axis(call.int("axis", 0), rank)?;
            (axis, equal(call, x.dims()[axis], x.dims()[axis] as i64)?)
        }
    };
    let unpack = call.node.op == "Unpack";
    let mut begin = 0;
    let mut all = Vec::with_capacity(lengths.len());
    for len in lengths {
        let mut parts = whole(x.dims());
        parts[axis] = AxisSlice { begin, step: 1, len };
        begin += len as i64;
        let mut dims: Vec<usize> = parts.iter().map(|part| part.len).collect();
        if unpack {
            dims.remove(axis);
        }
        all.push(take(call, net, x, &parts, &dims)?);
    }
    Ok(all)
}

/// More parts than this are absurd.
const MAX_PARTS: usize = 1 << 16;

fn equal(call: &NodeCall, dim: usize, count: i64) -> Result<Vec<usize>, Error> {
    match usize::try_from(count) {
        Ok(count @ 1..=MAX_PARTS) if dim.is_multiple_of(count) => Ok(vec![dim / count; count]),
        _ => Err(call.error(format!("{count} equal parts of {dim}"))),
    }
}

/// The parts that SplitV is given, of which one may be -1: what is left.
fn lengths(call: &NodeCall, dim: usize) -> Result<Vec<usize>, Error> {
    let given = call.ints(1)?;
    let misfit = || call.error(format!("parts of {given:?} of {dim}"));
    let sum: i64 = given.iter().filter(|&&n| n >= 0).fold(0, |sum, &n| sum.saturating_add(n));
    let left = (dim as i64).checked_sub(sum).filter(|left| *left >= 0).ok_or_else(misfit)?;
    let open = given.iter().filter(|&&n| n < 0).count();
    if open > 1 || (open == 0 && left != 0) {
        return Err(misfit());
    }
    Ok(given.iter().map(|&n| if n < 0 { left as usize } else { n as usize }).collect())
}

pub fn gather(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let x = call.input(0)?;
    let axis = call.axis(call.number(2)?, x.dims().len())?;
    if call.int("batch_dims", 0) != 0 {
        return Err(call.error("batch_dims is not supported"));
    }
    let (at, size) = (call.input(1)?, x.dims()[axis] as i64);
    let places = call.ints(1)?;
    if let Some(outside) = places.iter().find(|&&n| !(0..size).contains(&n)) {
        return Err(call.error(format!("element {outside} of an axis of {size}")));
    }
    let dims = [&x.dims()[..axis], at.dims(), &x.dims()[axis + 1..]].concat();
    if let Some(known) = x.known() {
        let block: usize = known.dims[axis + 1..].iter().product();
        let outer: usize = known.dims[..axis].iter().product();
        if !crate::format::tfjs::graph::fold::affordable(&dims) {
            return Err(call.error(format!("a result of shape {dims:?} is absurdly large")));
        }
        let place = |n: usize, at: i64| (n * known.dims[axis] + at as usize) * block;
        let positions: Vec<usize> = (0..outer)
            .flat_map(|n| places.iter().flat_map(move |&at| place(n, at)..place(n, at) + block))
            .collect();
        return call.folded(known.picked(&dims, &positions));
    }
    let (name, at) = (net.plain(x), net.plain(at));
    Ok(net.node(
        "Gather",
        &[&name, &at],
        vec![Attribute::int("axis", axis as i64)],
        dims,
        ChannelLayout::Plain,
    ))
}
