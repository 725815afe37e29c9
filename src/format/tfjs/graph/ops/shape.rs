//! Sizes, and the same elements in other shapes.

use super::{NodeCall, layout};
use crate::error::Error;
use crate::format::tfjs::graph::emit::{Emitter, axes};
use crate::format::tfjs::graph::fold::{Elements, Known, affordable};
use crate::format::tfjs::graph::value::{ChannelLayout, ComputedTensor, Value};
use crate::graph::Attribute;

pub fn sizes(call: &NodeCall) -> Result<Value, Error> {
    let dims = call.input(0)?.dims();
    Ok(Value::Known(match call.node.op.as_str() {
        "Rank" => Known::int(dims.len() as i64),
        "Size" => Known::int(dims.iter().map(|&dim| dim as i64).product()),
        _ => Known::ints(dims.iter().map(|&dim| dim as i64).collect()),
    }))
}

/// The shape that a Reshape, Squeeze or ExpandDims gives.
fn target(call: &NodeCall) -> Result<Vec<usize>, Error> {
    let dims = call.input(0)?.dims();
    match call.node.op.as_str() {
        "Reshape" => wanted(call, dims),
        "ExpandDims" => {
            let axis = call.axis(call.number(1)?, dims.len() + 1)?;
            Ok([&dims[..axis], &[1], &dims[axis..]].concat())
        }
        _ => {
            let given = [call.list("squeeze_dims"), call.list("axis")].concat();
            let gone =
                given.iter().map(|&axis| call.axis(axis, dims.len())).collect::<Result<Vec<_>, _>>()?;
            let stays = |axis: &usize| dims[*axis] != 1 || !(gone.is_empty() || gone.contains(axis));
            Ok((0..dims.len()).filter(stays).map(|axis| dims[axis]).collect())
        }
    }
}

/// The shape that a Reshape is given, with the one size that it leaves open.
fn wanted(call: &NodeCall, dims: &[usize]) -> Result<Vec<usize>, Error> {
    let shape = call.ints(1)?;
    let misfit = || call.error(format!("shape {dims:?} does not become {shape:?}"));
    let count = dims.iter().product::<usize>();
    let given = shape.iter().filter(|&&n| n != -1);
    let given = given.map(|&n| usize::try_from(n).ok()).collect::<Option<Vec<_>>>().ok_or_else(misfit)?;
    let given = given.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim)).ok_or_else(misfit)?;
    let open = shape.iter().filter(|&&n| n == -1).count();
    let fits = match open {
        0 => given == count,
        1 => given > 0 && count % given == 0,
        _ => false,
    };
    let size = |&n: &i64| if n == -1 { count / given } else { n as usize };
    fits.then(|| shape.iter().map(size).collect()).ok_or_else(misfit)
}

pub fn reshape(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let (x, dims) = (call.input(0)?, target(call)?);
    match x {
        Value::Known(known) => call.folded(known.reshaped(&dims)),
        _ if x.dims() == dims => Ok(x.clone()),
        _ => {
            let name = net.plain(x);
            Ok(reshaped(net, &name, dims))
        }
    }
}

/// A tensor of the network in another shape.
pub fn reshaped(net: &mut Emitter, name: &str, dims: Vec<usize>) -> Value {
    let shape = net.sizes(&dims);
    net.node("Reshape", &[name, &shape], vec![], dims, ChannelLayout::Plain)
}

pub fn broadcast(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let (x, dims) = (call.input(0)?, call.sizes(1)?);
    match x {
        Value::Known(known) => call.folded(known.broadcast(&dims)),
        _ if x.dims() == dims => Ok(x.clone()),
        _ => {
            let (name, shape) = (net.plain(x), net.sizes(&dims));
            Ok(net.node("Expand", &[&name, &shape], vec![], dims, ChannelLayout::Plain))
        }
    }
}

pub fn fill(call: &NodeCall) -> Result<Value, Error> {
    let dims = call.sizes(0)?;
    call.folded(call.known(1)?.broadcast(&dims))
}

pub fn like(call: &NodeCall) -> Result<Value, Error> {
    let dims = call.input(0)?.dims();
    let number = i64::from(call.node.op == "OnesLike");
    let one = match call.type_name("T") {
        "DT_INT32" => Known::int(number),
        _ => Known::float(number as f32),
    };
    call.folded(one.broadcast(dims))
}

pub fn range(call: &NodeCall) -> Result<Value, Error> {
    let [start, limit, delta] = [0, 1, 2].map(|n| match &call.known(n)?.elements {
        Elements::Ints(values) if values.len() == 1 => Ok(values[0] as f64),
        Elements::Floats(values) if values.len() == 1 => Ok(values[0].into()),
        _ => Err(call.error(format!("input {n}: expected one number"))),
    });
    let (start, limit, delta) = (start?, limit?, delta?);
    let count = ((limit - start) / delta).ceil().max(0.0);
    if !count.is_finite() || !affordable(&[count as usize]) {
        return Err(call.error(format!("from {start} to {limit} in steps of {delta} is absurdly long")));
    }
    let values = (0..count as usize).map(|n| start + n as f64 * delta);
    let whole = matches!(call.known(0)?.elements, Elements::Ints(_));
    Ok(Value::Known(match whole {
        true => Known::ints(values.map(|x| x as i64).collect()),
        false => {
            let values: Vec<f32> = values.map(|x| x as f32).collect();
            Known { dims: vec![values.len()], elements: Elements::floats(values) }
        }
    }))
}

/// Tensors one after the other along an axis.
pub fn concat(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let Some((_, parts)) = call.inputs.split_last() else { return Err(call.error("no inputs")) };
    let rank = parts.first().map_or(0, |part| part.dims().len());
    let axis = call.axis(call.number(parts.len())?, rank)?;
    joined(call, net, parts, axis)
}

/// Tensors side by side along a fresh axis.
pub fn pack(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let rank = call.input(0)?.dims().len();
    let axis = call.axis(call.int("axis", 0), rank + 1)?;
    let with_axis = |value: &Value| {
        let mut dims = value.dims().to_vec();
        dims.insert(axis.min(dims.len()), 1);
        match value {
            Value::Known(known) => call.folded(known.reshaped(&dims)),
            computed => {
                let name = net.plain(computed);
                Ok(reshaped(net, &name, dims))
            }
        }
    };
    let parts = call.inputs.iter().map(with_axis).collect::<Result<Vec<_>, _>>()?;
    joined(call, net, &parts, axis)
}

fn joined(call: &NodeCall, net: &mut Emitter, parts: &[Value], axis: usize) -> Result<Value, Error> {
    let Some(first) = parts.first() else { return Err(call.error("no inputs")) };
    let mut dims = first.dims().to_vec();
    let fits = |part: &Value| {
        let other = part.dims();
        other.len() == dims.len() && (0..dims.len()).all(|n| n == axis || other[n] == dims[n])
    };
    if !parts.iter().all(fits) {
        let shapes: Vec<_> = parts.iter().map(Value::dims).collect();
        return Err(call.error(format!("shapes {shapes:?} do not fit each other")));
    }
    if let Some(known) = parts.iter().map(Value::known).collect::<Option<Vec<_>>>() {
        return call.folded(Known::concatenated(&known, axis));
    }
    dims[axis] = parts.iter().map(|part| part.dims()[axis]).sum();
    let first = dims.len() == 4 && parts.iter().all(|part| layout(part) == ChannelLayout::ChannelsFirst);
    let layout = if first { ChannelLayout::ChannelsFirst } else { ChannelLayout::Plain };
    let axis = if first { [0, 2, 3, 1][axis] } else { axis };
    let names: Vec<_> = parts.iter().map(|part| net.named(part, layout)).collect();
    let names: Vec<&str> = names.iter().map(|name| &**name).collect();
    Ok(net.node("Concat", &names, vec![Attribute::int("axis", axis as i64)], dims, layout))
}

pub fn tile(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let (x, times) = (call.input(0)?, call.sizes(1)?);
    if times.len() != x.dims().len() {
        return Err(call.error(format!("{times:?} repeats of a tensor of shape {:?}", x.dims())));
    }
    let dims: Option<Vec<usize>> =
        x.dims().iter().zip(&times).map(|(&n, &times)| n.checked_mul(times)).collect();
    let dims = dims.ok_or_else(|| call.error(format!("{times:?} repeats are absurdly many")))?;
    if let Some(known) = x.known() {
        // Each axis as two: its repeats, and itself.
        let rank = dims.len();
        let pairs = |along: &[usize]| (0..rank).flat_map(|n| [along[n], known.dims[n]]).collect::<Vec<_>>();
        let repeated =
            known.reshaped(&pairs(&vec![1; rank])).and_then(|known| known.broadcast(&pairs(&times)));
        return call.folded(repeated.and_then(|known| known.reshaped(&dims)));
    }
    let (name, times) = (net.plain(x), net.sizes(&times));
    Ok(net.node("Tile", &[&name, &times], vec![], dims, ChannelLayout::Plain))
}

pub fn transpose(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let x = call.input(0)?;
    let rank = x.dims().len();
    let perm = call.ints(1)?.iter().map(|&axis| call.axis(axis, rank)).collect::<Result<Vec<_>, _>>()?;
    let mut sorted = perm.clone();
    sorted.sort_unstable();
    if !sorted.iter().copied().eq(0..rank) {
        return Err(call.error(format!("{perm:?} is no order of {rank} axes")));
    }
    match x {
        Value::Known(known) => call.folded(known.transposed(&perm)),
        _ => {
            let name = net.plain(x);
            Ok(transposed(net, &name, x.dims(), &perm))
        }
    }
}

/// A tensor of the network with its axes in another order; where only axes of one element move, nothing does.
pub fn transposed(net: &mut Emitter, name: &str, dims: &[usize], perm: &[usize]) -> Value {
    let moved: Vec<usize> = perm.iter().map(|&axis| dims[axis]).collect();
    let wide = || perm.iter().copied().filter(|&axis| dims[axis] != 1);
    if perm.is_sorted() {
        Value::ComputedTensor(ComputedTensor { name: name.into(), dims: moved, layout: ChannelLayout::Plain })
    } else if wide().is_sorted() {
        reshaped(net, name, moved)
    } else {
        net.node("Transpose", &[name], vec![axes("perm", perm)], moved, ChannelLayout::Plain)
    }
}
