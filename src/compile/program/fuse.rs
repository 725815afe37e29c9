//! Fuses activations, residuals, gates and scales into the epilogues of convolutions, and upsamples into their inputs.
//!
//! A step is fused into the convolution that makes its input if nothing else reads that. The convolution then takes the
//! step's place in the order, because a residual may be made in between.

use std::collections::HashMap;

use super::draft::{Draft, DraftConv, DraftOp};
use crate::kernel::{Activation, Epilogue};

/// Fuses what can be fused; `output` is read outside, and stays.
pub fn fuse(mut drafts: Vec<Draft>, output: &str) -> Vec<Draft> {
    match_products(&mut drafts, output);
    fuse_upsample(&mut drafts, output);
    while let Some((convolution, step)) = next_pair(&drafts, output) {
        let reader = drafts.remove(step);
        let mut fused = drafts.remove(convolution);
        absorb(&mut fused, &reader);
        // One place after `step`, less the two that were removed.
        drafts.insert(step - 1, fused);
    }
    drafts
}

/// Fuses an upsample into the 3x3 convolutions that are its only readers.
fn fuse_upsample(drafts: &mut Vec<Draft>, output: &str) {
    let readers = readers(drafts, output);
    let alone = |draft: &&Draft| {
        draft.op == DraftOp::NearestUpsample { factor: 2 } && readers[draft.output.as_str()] == 1
    };
    let upsampled: HashMap<String, String> =
        drafts.iter().filter(alone).map(|draft| (draft.output.clone(), draft.inputs[0].clone())).collect();
    let mut fused = Vec::new();
    for draft in drafts.iter_mut() {
        let DraftOp::Conv(conv @ DraftConv { kernel: 3, padding: 1, .. }) = &mut draft.op else { continue };
        let [input] = &mut draft.inputs[..] else { continue };
        if let Some(small) = upsampled.get(input) {
            conv.upsample = true;
            fused.push(std::mem::replace(input, small.clone()));
        }
    }
    drafts.retain(|draft| !fused.contains(&draft.output));
}

/// How often every value is read; the subgraph's output counts once more.
pub fn readers<'a>(drafts: &'a [Draft], output: &'a str) -> HashMap<&'a str, usize> {
    let mut readers = HashMap::from([(output, 1)]);
    for name in drafts.iter().flat_map(|draft| &draft.inputs) {
        *readers.entry(name.as_str()).or_insert(0) += 1;
    }
    readers
}

/// Matches products: `x * sigmoid(x)` is Swish; `(x + r) * (sigmoid(x) - 1/2)` is SPAN's gate, which becomes a product of
/// three values for [`absorb`].
fn match_products(drafts: &mut Vec<Draft>, output: &str) {
    let mut index = 0;
    while index < drafts.len() {
        let named = (drafts[index].op == DraftOp::Mul)
            .then(|| swish(drafts, index, output).or_else(|| gate(drafts, index, output)))
            .flatten();
        let Some((draft, removed)) = named else {
            index += 1;
            continue;
        };
        drafts[index] = draft;
        drafts.retain(|draft| !removed.contains(&draft.output));
        index = index + 1 - removed.len();
    }
}

/// The draft that makes `name`, if it is read only once.
fn single_reader<'a>(drafts: &'a [Draft], readers: &HashMap<&str, usize>, name: &str) -> Option<&'a Draft> {
    drafts.iter().find(|draft| draft.output == name).filter(|_| readers.get(name) == Some(&1))
}

fn swish(drafts: &[Draft], index: usize, output: &str) -> Option<(Draft, Vec<String>)> {
    let readers = readers(drafts, output);
    let product = &drafts[index];
    let pair = |x: &str, s: &str| {
        let sigmoid = single_reader(drafts, &readers, s)?;
        (sigmoid.op == DraftOp::Activate(Activation::Sigmoid) && sigmoid.inputs == [x]).then(|| x.to_owned())
    };
    let [a, b] = &product.inputs[..] else { return None };
    let (x, removed) = pair(a, b).map(|x| (x, b)).or_else(|| pair(b, a).map(|x| (x, a)))?;
    let op = DraftOp::Activate(Activation::Swish);
    Some((Draft { op, inputs: vec![x], ..product.clone() }, vec![removed.clone()]))
}

fn gate(drafts: &[Draft], index: usize, output: &str) -> Option<(Draft, Vec<String>)> {
    let readers = readers(drafts, output);
    let product = &drafts[index];
    let [a, b] = &product.inputs[..] else { return None };
    let matched = |sum: &str, half: &str| {
        let sum =
            single_reader(drafts, &readers, sum).filter(|draft| draft.op == DraftOp::Add { factor: 1.0 })?;
        let half = single_reader(drafts, &readers, half)
            .filter(|draft| draft.op == DraftOp::Affine { factor: 1.0, offset: -0.5 })?;
        let sigmoid = single_reader(drafts, &readers, &half.inputs[0])
            .filter(|draft| draft.op == DraftOp::Activate(Activation::Sigmoid))?;
        let x = &sigmoid.inputs[0];
        let residual = sum.inputs.iter().find(|name| *name != x).filter(|_| sum.inputs.contains(x))?;
        let removed = vec![sum.output.clone(), half.output.clone(), sigmoid.output.clone()];
        let is_conv = drafts.iter().any(|draft| draft.output == *x && is_plain(draft));
        // The convolution is read by the sum and the sigmoid, and by nothing else: it can be the gate.
        let only_here = readers.get(x.as_str()) == Some(&2);
        (is_conv && only_here).then(|| (vec![x.clone(), residual.clone(), x.clone()], removed))
    };
    let (inputs, removed) = matched(a, b).or_else(|| matched(b, a))?;
    Some((Draft { inputs, ..product.clone() }, removed))
}

/// A convolution with nothing fused into it yet.
fn is_plain(draft: &Draft) -> bool {
    matches!(&draft.op, DraftOp::Conv(conv) if conv.epilogue == Epilogue::Activate(Activation::Identity))
}

/// The first convolution whose only reader can be fused into it, and that reader.
fn next_pair(drafts: &[Draft], output: &str) -> Option<(usize, usize)> {
    let readers = readers(drafts, output);
    let makers: HashMap<&str, usize> =
        drafts.iter().enumerate().map(|(index, draft)| (draft.output.as_str(), index)).collect();
    drafts.iter().enumerate().find_map(|(step, draft)| {
        let convolution = draft.inputs.iter().find_map(|name| {
            let &maker = makers.get(name.as_str())?;
            let times = draft.inputs.iter().filter(|other| *other == name).count();
            let only_here = readers.get(name.as_str()) == Some(&times);
            (only_here && absorbs(&drafts[maker], draft)).then_some(maker)
        })?;
        Some((convolution, step))
    })
}

/// Whether a convolution's epilogue has room for this step.
fn absorbs(convolution: &Draft, step: &Draft) -> bool {
    let DraftOp::Conv(DraftConv { epilogue, .. }) = &convolution.op else { return false };
    let own = |name: &String| *name == convolution.output;
    match (&step.op, epilogue) {
        (DraftOp::Mul, Epilogue::Activate(Activation::Identity)) => step.inputs.len() == 3,
        (DraftOp::Affine { .. }, Epilogue::Activate(Activation::Identity)) => true,
        (DraftOp::Activate(_), Epilogue::Activate(Activation::Identity)) => true,
        (DraftOp::Activate(_), Epilogue::AddThenActivate(Activation::Identity)) => true,
        (DraftOp::Add { factor }, Epilogue::Activate(activation)) => {
            // The residual comes with factor 1; a factor on the convolution goes into its weights.
            let plain = *activation == Activation::Identity;
            let second = own(&step.inputs[1]);
            step.inputs[0] != step.inputs[1] && (*factor == 1.0 || (second && plain))
        }
        _ => false,
    }
}

/// Fuses `step` into the convolution.
fn absorb(convolution: &mut Draft, step: &Draft) {
    let others = |name: &String| step.inputs.iter().find(|other| *other != name).cloned();
    let DraftOp::Conv(conv) = &mut convolution.op else { return };
    match &step.op {
        DraftOp::Mul => {
            conv.epilogue = Epilogue::Gate;
            convolution.inputs.extend(others(&convolution.output));
        }
        DraftOp::Affine { factor, offset } => {
            conv.weights.iter_mut().for_each(|weight| *weight *= factor);
            conv.bias.iter_mut().for_each(|bias| *bias = *bias * factor + offset);
        }
        DraftOp::Activate(activation) => {
            conv.epilogue = match conv.epilogue {
                Epilogue::Activate(_) => Epilogue::Activate(activation.clone()),
                _ => Epilogue::AddThenActivate(activation.clone()),
            };
        }
        DraftOp::Add { factor } => {
            if step.inputs[1] == convolution.output && *factor != 1.0 {
                conv.weights.iter_mut().chain(&mut conv.bias).for_each(|value| *value *= factor);
            }
            conv.epilogue = match &conv.epilogue {
                Epilogue::Activate(Activation::Identity) => Epilogue::AddThenActivate(Activation::Identity),
                Epilogue::Activate(activation) => Epilogue::ActivateThenAdd(activation.clone()),
                other => other.clone(),
            };
            convolution.inputs.extend(others(&convolution.output));
        }
        DraftOp::Conv(_)
        | DraftOp::DepthToSpace { .. }
        | DraftOp::NearestUpsample { .. }
        | DraftOp::Concat
        | DraftOp::Slice { .. } => {}
    }
    convolution.output = step.output.clone();
}
