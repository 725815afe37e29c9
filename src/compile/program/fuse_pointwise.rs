//! Fuses 1x1 convolutions with the larger ones before them, whose result is then neither stored nor read.
//!
//! A 1x1 convolution is fused if nothing else reads the larger one's result. Several 1x1 convolutions of one such result
//! are merged into one first, whose result is read in slices.

use std::collections::{HashMap, HashSet};

use super::draft::{Draft, DraftConv, DraftOp};
use super::fuse::readers;
use crate::kernel::{Activation, Epilogue, LANES};

/// All fusions of 1x1 convolutions; `output` is read outside, and stays a value of its own.
pub fn fuse(drafts: Vec<Draft>, output: &str) -> Vec<Draft> {
    fuse_pairs(merge(drafts, output), output)
}

/// Fuses 1x1 convolutions with larger ones of which they are the only readers.
fn fuse_pairs(drafts: Vec<Draft>, output: &str) -> Vec<Draft> {
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
            drafts[last] = Some(fuse_pair(larger, pointwise));
        }
    }
    drafts.into_iter().flatten().collect()
}

/// The larger convolution with the 1x1 convolution fused.
fn fuse_pair(larger: Draft, pointwise: Draft) -> Draft {
    let mut both = Draft { output: pointwise.output, channels: pointwise.channels, ..larger };
    if let (DraftOp::Conv(conv), DraftOp::Conv(second)) = (&mut both.op, pointwise.op) {
        conv.fused = Some(Box::new(second));
    }
    both.inputs.extend_from_slice(&pointwise.inputs[1..]);
    both
}

/// Merges 1x1 convolutions of one value into one, in the place of the first, and makes each of them a slice of it.
fn merge(drafts: Vec<Draft>, output: &str) -> Vec<Draft> {
    let groups = groups(&drafts, output);
    if groups.is_empty() {
        return drafts;
    }
    let mut result = Vec::with_capacity(drafts.len() + groups.len());
    let mut parts: HashMap<usize, Draft> = HashMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        if let Some(group) = groups.get(&index) {
            let mut merged = Draft { output: format!("{}/merged", draft.output), ..draft.clone() };
            parts.insert(index, slice(&merged, draft, 0));
            for &member in &group[1..] {
                parts.insert(member, slice(&merged, &drafts[member], merged.channels));
                extend(&mut merged, &drafts[member]);
            }
            result.push(merged);
        }
        result.push(parts.remove(&index).unwrap_or_else(|| draft.clone()));
    }
    result
}

/// `member` as the channels of `merged` from `first` on.
fn slice(merged: &Draft, member: &Draft, first: usize) -> Draft {
    Draft {
        op: DraftOp::Slice { first },
        inputs: vec![merged.output.clone()],
        output: member.output.clone(),
        channels: member.channels,
    }
}

/// Adds the outputs of one more to a merged convolution.
fn extend(merged: &mut Draft, member: &Draft) {
    if let (DraftOp::Conv(conv), DraftOp::Conv(more)) = (&mut merged.op, &member.op) {
        conv.outputs += more.outputs;
        conv.weights.extend_from_slice(&more.weights);
        conv.bias.extend_from_slice(&more.bias);
    }
    merged.inputs.extend_from_slice(&member.inputs[1..]);
    merged.channels += member.channels;
}

/// The 1x1 convolutions that can be merged, by the first of them.
///
/// They read a larger one's result that only 1x1 convolutions read, and have the same epilogue. Their residuals must be
/// made before the first of them.
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
        if index == first || (can_merge(&drafts[first], draft) && draft.inputs.iter().all(known)) {
            groups.entry(first).or_default().push(index);
        }
    }
    groups.retain(|_, group| group.len() > 1);
    groups
}

/// Whether both have the same epilogue, the same for all channels, and make whole planes.
fn can_merge(first: &Draft, second: &Draft) -> bool {
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

/// The convolution that a 1x1 can be fused with: larger than 1x1, without a residual.
fn larger(draft: &Draft) -> Option<&DraftConv> {
    match &draft.op {
        DraftOp::Conv(conv) => {
            (conv.kernel > 1 && !conv.epilogue.has_residual() && conv.fused.is_none()).then_some(conv)
        }
        _ => None,
    }
}

/// The 1x1 convolution that can be fused.
fn pointwise(draft: &Draft) -> Option<&DraftConv> {
    match &draft.op {
        DraftOp::Conv(conv) => (conv.kernel == 1 && !conv.upsample).then_some(conv),
        _ => None,
    }
}
