//! Sums, means and the like along axes.

use super::{NodeCall, layout};
use crate::error::Error;
use crate::format::tfjs::graph::emit::{Emitter, axes};
use crate::format::tfjs::graph::fold::{self, Reduction};
use crate::format::tfjs::graph::value::{ChannelLayout, Value};
use crate::graph::Attribute;

/// The reduction that TensorFlow calls `op`.
pub fn reduction(op: &str) -> Option<Reduction> {
    Some(match op {
        "Sum" => Reduction::Sum,
        "Mean" => Reduction::Mean,
        "Prod" => Reduction::Prod,
        "Max" => Reduction::Max,
        "Min" => Reduction::Min,
        _ => return None,
    })
}

pub fn apply(kind: Reduction, call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let x = call.input(0)?;
    let rank = x.dims().len();
    let mut along = call.ints(1)?.iter().map(|&axis| call.axis(axis, rank)).collect::<Result<Vec<_>, _>>()?;
    along.sort_unstable();
    along.dedup();
    let keep = call.flag("keep_dims");
    let size = |(axis, &dim): (usize, &usize)| match along.contains(&axis) {
        true => keep.then_some(1),
        false => Some(dim),
    };
    let dims: Vec<usize> = x.dims().iter().enumerate().filter_map(size).collect();
    if let Some(known) = x.known() {
        return call.folded(fold::reduce(kind, known, &along).and_then(|known| known.reshaped(&dims)));
    }
    if along.is_empty() {
        return Ok(x.clone());
    }
    // A mean over a picture's pixels, as attention to channels takes it.
    let layout = if keep && along == [1, 2] { layout(x) } else { ChannelLayout::Plain };
    let name = net.named(x, layout);
    let along = if layout == ChannelLayout::ChannelsFirst { vec![2, 3] } else { along };
    let keep = Attribute::int("keepdims", keep.into());
    let op = match kind {
        Reduction::Sum => {
            let along = net.sizes(&along);
            return Ok(net.node("ReduceSum", &[&name, &along], vec![keep], dims, layout));
        }
        Reduction::Mean => "ReduceMean",
        Reduction::Prod => "ReduceProd",
        Reduction::Max => "ReduceMax",
        Reduction::Min => "ReduceMin",
    };
    Ok(net.node(op, &[&name], vec![axes("axes", &along), keep], dims, layout))
}

pub fn softmax(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let x = call.input(0)?;
    let name = net.plain(x);
    Ok(net.node(
        "Softmax",
        &[&name],
        vec![Attribute::int("axis", -1)],
        x.dims().to_vec(),
        ChannelLayout::Plain,
    ))
}
