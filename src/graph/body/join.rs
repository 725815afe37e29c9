//! Joins convolutions, so that what is between them is neither stored nor read again.
//!
//! A 1x1 convolution of a larger one's result, which nobody else reads, is computed with it. Several 1x1 convolutions of
//! one such result become one before, whose result is read in parts.

use std::collections::{HashMap, HashSet};

use super::draft::{Draft, DraftConv, DraftOp};
use super::fuse::readers;
use crate::kernel::{Activation, Epilogue, LANES};

/// Joins what can be joined; `output` is read outside, and stays a value of its own.
pub fn join(drafts: Vec<Draft>, output: &str) -> Vec<Draft> {
    follow(unite(drafts, output), output)
}

/// Moves 1x1 convolutions into the larger ones that they alone read.
fn follow(drafts: Vec<Draft>, output: &str) -> Vec<Draft> {
    let pairs: Vec<(usize, usize)> = {
        let readers = readers(&drafts, output);
        let alone = |(_, draft): &(usize, &Draft)| {
            larger(draft).is_some() && readers.get(draft.output.as_str()) == Some(&1)
        };
        let larger = drafts.iter().enumerate().filter(alone);
        let places: HashMap<&str, usize> =
            larger.map(|(index, draft)| (draft.output.as_str(), index)).collect();
        let pointwise = drafts.iter().enumerate().filter(|(_, draft)| pointwise(draft).is_some());
        pointwise.filter_map(|(index, draft)| Some((*places.get(draft.inputs[0].as_str())?, index))).collect()
    };
    let mut drafts: Vec<Option<Draft>> = drafts.into_iter().map(Some).collect();
    for (first, last) in pairs {
        // In the place of the second, because its residual may have been made in between.
        if let (Some(larger), Some(pointwise)) = (drafts[first].take(), drafts[last].take()) {
            drafts[last] = Some(followed(larger, pointwise));
        }
    }
    drafts.into_iter().flatten().collect()
}

/// The larger convolution with the 1x1 convolution behind it.
fn followed(larger: Draft, pointwise: Draft) -> Draft {
    let mut joined = Draft { output: pointwise.output, channels: pointwise.channels, ..larger };
    if let (DraftOp::Conv(conv), DraftOp::Conv(follower)) = (&mut joined.op, pointwise.op) {
        conv.follower = Some(Box::new(follower));
    }
    joined.inputs.extend_from_slice(&pointwise.inputs[1..]);
    joined
}

/// Makes 1x1 convolutions of one value one, in the first one's place, and each of them a part of it.
fn unite(drafts: Vec<Draft>, output: &str) -> Vec<Draft> {
    let groups = groups(&drafts, output);
    if groups.is_empty() {
        return drafts;
    }
    let mut joined = Vec::with_capacity(drafts.len() + groups.len());
    let mut parts: HashMap<usize, Draft> = HashMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        if let Some(group) = groups.get(&index) {
            let mut united = Draft { output: format!("{}/united", draft.output), ..draft.clone() };
            parts.insert(index, part(&united, draft, 0));
            for &member in &group[1..] {
                parts.insert(member, part(&united, &drafts[member], united.channels));
                extend(&mut united, &drafts[member]);
            }
            joined.push(united);
        }
        joined.push(parts.remove(&index).unwrap_or_else(|| draft.clone()));
    }
    joined
}

/// `member` as the channels of `united` from `first` on.
fn part(united: &Draft, member: &Draft, first: usize) -> Draft {
    Draft {
        op: DraftOp::Part { first },
        inputs: vec![united.output.clone()],
        output: member.output.clone(),
        channels: member.channels,
    }
}

/// Gives a united convolution the outputs of one more.
fn extend(united: &mut Draft, member: &Draft) {
    if let (DraftOp::Conv(conv), DraftOp::Conv(more)) = (&mut united.op, &member.op) {
        conv.outputs += more.outputs;
        conv.weights.extend_from_slice(&more.weights);
        conv.bias.extend_from_slice(&more.bias);
    }
    united.inputs.extend_from_slice(&member.inputs[1..]);
    united.channels += member.channels;
}

/// The 1x1 convolutions that can become one, by the first of them.
///
/// They read a larger one's result that nobody but 1x1 convolutions reads, and do the same with theirs. What they add must
/// be there when the first of them is made.
fn groups(drafts: &[Draft], output: &str) -> HashMap<usize, Vec<usize>> {
    let places: HashMap<&str, usize> =
        drafts.iter().enumerate().map(|(index, draft)| (draft.output.as_str(), index)).collect();
    let mut shared: HashSet<&str> =
        drafts.iter().filter(|draft| larger(draft).is_some()).map(|draft| draft.output.as_str()).collect();
    shared.remove(output);
    for draft in drafts {
        let read = if pointwise(draft).is_some() { &draft.inputs[1..] } else { &draft.inputs[..] };
        read.iter().for_each(|name| _ = shared.remove(name.as_str()));
    }
    let mut firsts: HashMap<&str, usize> = HashMap::new();
    let mut groups: HashMap<usize, Vec<usize>> = HashMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        let input = draft.inputs[0].as_str();
        if pointwise(draft).is_none() || !shared.contains(input) || draft.output == output {
            continue;
        }
        let first = *firsts.entry(input).or_insert(index);
        let known = |name: &String| places.get(name.as_str()).is_none_or(|&maker| maker < first);
        if index == first || (are_twins(&drafts[first], draft) && draft.inputs.iter().all(known)) {
            groups.entry(first).or_default().push(index);
        }
    }
    groups.retain(|_, group| group.len() > 1);
    groups
}

/// Whether both do the same with their results, and whole planes of them, of which the next can begin one.
fn are_twins(first: &Draft, second: &Draft) -> bool {
    let (Some(a), Some(b)) = (pointwise(first), pointwise(second)) else { return false };
    let per_channel = match &a.epilogue {
        Epilogue::Activate(activation)
        | Epilogue::AddThenActivate(activation)
        | Epilogue::ActivateThenAdd(activation) => matches!(activation, Activation::PRelu(_)),
        Epilogue::Gate => false,
    };
    let whole = |draft: &Draft| draft.channels.is_multiple_of(LANES);
    a.epilogue == b.epilogue && !per_channel && whole(first) && whole(second)
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
