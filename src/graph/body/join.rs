//! Joins convolutions, so that what is between them is neither stored nor read again.
//!
//! A 1x1 convolution of a larger one's result, which nobody else reads, is computed with it. Several 1x1 convolutions of
//! one such result become one before, whose result is read in parts.

use std::collections::HashMap;

use super::draft::{Draft, DraftConv, DraftOp};
use super::fuse::readers;
use crate::kernel::{Activation, Epilogue, LANES};

/// Joins what can be joined; `output` is read outside, and stays a value of its own.
pub fn join(mut drafts: Vec<Draft>, output: &str) -> Vec<Draft> {
    let mut made = 0;
    while let Some((first, second)) = next_twins(&drafts, output) {
        made += 1;
        unite(&mut drafts, first, second, format!("{output}/united/{made}"));
    }
    while let Some((larger, pointwise)) = next_pair(&drafts, output) {
        let DraftOp::Conv(follower) = drafts[pointwise].op.clone() else { break };
        let mut joined = drafts[larger].clone();
        let DraftOp::Conv(conv) = &mut joined.op else { break };
        conv.follower = Some(Box::new(follower));
        let last = &drafts[pointwise];
        joined.inputs.extend_from_slice(&last.inputs[1..]);
        (joined.output, joined.channels) = (last.output.clone(), last.channels);
        // Where the second was, because its residual may have been made in between.
        drafts[pointwise] = joined;
        drafts.remove(larger);
    }
    drafts
}

/// The convolution that can have a follower: larger than 1x1, without a residual.
fn larger(draft: &Draft) -> Option<&DraftConv> {
    match &draft.op {
        DraftOp::Conv(conv) => {
            (conv.kernel > 1 && !conv.epilogue.has_residual() && conv.follower.is_none()).then_some(conv)
        }
        _ => None,
    }
}

/// The convolution that can be a follower.
fn pointwise(draft: &Draft) -> Option<&DraftConv> {
    match &draft.op {
        DraftOp::Conv(conv) => (conv.kernel == 1 && !conv.enlarged).then_some(conv),
        _ => None,
    }
}

/// A convolution and the 1x1 convolution that is its only reader.
fn next_pair(drafts: &[Draft], output: &str) -> Option<(usize, usize)> {
    let readers = readers(drafts, output);
    let places = places(drafts);
    drafts.iter().enumerate().find_map(|(index, draft)| {
        let &maker = places.get(pointwise(draft).and(draft.inputs[0].as_str().into())?)?;
        let alone = readers[draft.inputs[0].as_str()] == 1;
        (alone && larger(&drafts[maker]).is_some()).then_some((maker, index))
    })
}

/// Two 1x1 convolutions of a larger one's result that nobody but 1x1 convolutions reads, with the same to follow. What
/// the second adds must be there when the first is made.
fn next_twins(drafts: &[Draft], output: &str) -> Option<(usize, usize)> {
    let places = places(drafts);
    let mut firsts: HashMap<&str, usize> = HashMap::new();
    drafts.iter().enumerate().find_map(|(index, draft)| {
        let conv = pointwise(draft).filter(|_| draft.output != output)?;
        let input = draft.inputs[0].as_str();
        let maker = places.get(input).filter(|&&maker| larger(&drafts[maker]).is_some())?;
        let others = drafts[maker + 1..].iter().filter(|other| other.inputs.iter().any(|name| name == input));
        if input == output || !others.clone().all(|other| pointwise(other).is_some()) {
            return None;
        }
        let &mut first = firsts.entry(input).or_insert(index);
        let same = first != index && pointwise(&drafts[first])?.epilogue == conv.epilogue;
        let known = |name: &String| places.get(name.as_str()).is_none_or(|&maker| maker < first);
        let per_channel = matches!(&conv.epilogue,
            Epilogue::Activate(a) | Epilogue::AddThenActivate(a) | Epilogue::ActivateThenAdd(a)
                if matches!(a, Activation::PRelu(_)));
        let whole = drafts[first].channels.is_multiple_of(LANES);
        (same && whole && !per_channel && draft.inputs.iter().all(known)).then_some((first, index))
    })
}

/// Makes two 1x1 convolutions one, in the first one's place, and each of them a part of it.
fn unite(drafts: &mut Vec<Draft>, first: usize, second: usize, name: String) {
    let other = drafts[second].clone();
    let mut united = drafts[first].clone();
    if let (DraftOp::Conv(conv), DraftOp::Conv(more)) = (&mut united.op, &other.op) {
        conv.outputs += more.outputs;
        conv.weights.extend_from_slice(&more.weights);
        conv.bias.extend_from_slice(&more.bias);
    }
    united.inputs.extend_from_slice(&other.inputs[1..]);
    united.channels += other.channels;
    united.output = name;
    let part = |of: &Draft, from: usize| Draft {
        op: DraftOp::Part { first: from },
        inputs: vec![united.output.clone()],
        ..of.clone()
    };
    drafts[second] = part(&other, drafts[first].channels);
    drafts[first] = part(&drafts[first], 0);
    drafts.insert(first, united);
}

/// Where each value is made.
fn places(drafts: &[Draft]) -> HashMap<&str, usize> {
    drafts.iter().enumerate().map(|(index, draft)| (draft.output.as_str(), index)).collect()
}
