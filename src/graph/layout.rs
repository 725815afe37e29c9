//! Finds out where a network has its channels, and gives one that has them last (TensorFlow's NHWC) an NCHW input and
//! output.

use std::collections::HashMap;

use super::ir::{Graph, Port};
use super::proto::{AttributeProto, NodeProto};
use super::shape;
use crate::error::Error;

/// Numbers of channels that a picture can have.
const PICTURE_CHANNELS: [usize; 3] = [3, 1, 4];

/// What the ports are called in the end.
const INPUT: &str = "input";
const OUTPUT: &str = "output";

const TO_LAST: [i64; 4] = [0, 2, 3, 1];
const TO_FIRST: [i64; 4] = [0, 3, 1, 2];

#[derive(Clone, Copy, Debug, PartialEq)]
enum PortLayout {
    ChannelsFirst,
    ChannelsLast,
}

/// Makes the graph NCHW on both sides, with ports "input" and "output", and returns the number of input channels.
///
/// Where the declared shape leaves the layout or the channels open, the first choice that the graph's own shapes agree
/// with is taken.
///
/// # Errors
/// [`Error::ModelLoad`] if the picture has another number of channels than 1, 3 or 4, or the graph is inconsistent.
pub fn settle(graph: &mut Graph) -> Result<usize, Error> {
    let declared = graph.input.dims;
    let mut first_error = None;
    for (layout, channels) in candidates(declared) {
        let size = |axis: usize| declared[axis].unwrap_or(shape::PROBE);
        let dims = match layout {
            PortLayout::ChannelsFirst => [1, channels, size(2), size(3)],
            PortLayout::ChannelsLast => [1, size(1), size(2), channels],
        };
        match output_layout(graph, dims, layout) {
            Ok(output) => {
                apply(graph, layout, output, channels)?;
                return Ok(channels);
            }
            Err(error) => _ = first_error.get_or_insert(error),
        }
    }
    Err(first_error.unwrap_or_else(|| {
        Error::ModelLoad(format!(
            "input of shape {declared:?}; expected 1, 3 or 4 channels as the second or last axis"
        ))
    }))
}

/// The layouts and channels that the declared shape allows, the likeliest first.
fn candidates(declared: [Option<usize>; 4]) -> Vec<(PortLayout, usize)> {
    let is_picture = |n: Option<usize>| n.filter(|n| PICTURE_CHANNELS.contains(n));
    let (first, last) = (PortLayout::ChannelsFirst, PortLayout::ChannelsLast);
    match (is_picture(declared[1]), is_picture(declared[3])) {
        (Some(c), None) => vec![(first, c)],
        (None, Some(c)) => vec![(last, c)],
        (Some(c), Some(d)) => vec![(first, c), (last, d)],
        // The only axis that is fixed is that of the channels, and there are too many of them.
        (None, None) if declared[1].is_some() && declared[2].is_none() => Vec::new(),
        (None, None) => {
            let open = |layout, axis: usize| {
                let free = declared[axis].is_none();
                PICTURE_CHANNELS.into_iter().filter(move |_| free).map(move |c| (layout, c))
            };
            open(first, 1).chain(open(last, 3)).collect()
        }
    }
}

/// Where the output has its channels, if the graph takes an input of `dims` at all.
fn output_layout(graph: &Graph, dims: [usize; 4], input: PortLayout) -> Result<PortLayout, Error> {
    let shapes = shape::infer(graph, dims)?;
    let output = shapes.get(&graph.output.name).map_or(&[][..], |info| &info.dims);
    let &[_, a, _, b] = output else {
        return Err(Error::ModelLoad(format!(
            "expected an image as output, found a tensor of shape {output:?}"
        )));
    };
    let is_picture = |n: usize| PICTURE_CHANNELS.contains(&n);
    match (is_picture(a), is_picture(b)) {
        (true, true) => Ok(input),
        (true, false) => Ok(PortLayout::ChannelsFirst),
        (false, true) => Ok(PortLayout::ChannelsLast),
        (false, false) => {
            Err(Error::ModelLoad(format!("output of shape {output:?}; expected 1, 3 or 4 channels")))
        }
    }
}

fn apply(graph: &mut Graph, input: PortLayout, output: PortLayout, channels: usize) -> Result<(), Error> {
    let [_, a, b, c] = graph.input.dims;
    let (height, width) = if input == PortLayout::ChannelsLast { (a, b) } else { (b, c) };
    if height.is_some() != width.is_some() {
        return Err(Error::ModelLoad(format!(
            "input of height {height:?} and width {width:?}; expected both fixed or both free"
        )));
    }
    let mut names = graph.names();
    for (port, taken) in
        [(INPUT, &graph.input.name), (OUTPUT, &graph.output.name)].map(|(p, t)| (p, t.clone()))
    {
        if taken != port {
            graph.rename(port, &names.fresh(&format!("inner_{port}")));
        }
    }
    let transpose = |from: &str, to: &str, perm: [i64; 4]| {
        NodeProto::single("Transpose", &[from], to, vec![AttributeProto::ints("perm", &perm)])
    };
    match input {
        PortLayout::ChannelsFirst => graph.rename(&graph.input.name.clone(), INPUT),
        PortLayout::ChannelsLast => {
            let inner = names.fresh("input_channels_last");
            graph.rename(&graph.input.name.clone(), &inner);
            graph.nodes.insert(0, transpose(INPUT, &inner, TO_LAST));
        }
    }
    match output {
        PortLayout::ChannelsFirst => graph.name_output(OUTPUT),
        PortLayout::ChannelsLast => {
            let inner = names.fresh("output_channels_last");
            graph.rename(&graph.output.name.clone(), &inner);
            graph.nodes.push(transpose(&inner, OUTPUT, TO_FIRST));
        }
    }
    graph.input = Port { name: INPUT.to_owned(), dims: [Some(1), Some(channels), height, width] };
    graph.output = Port { name: OUTPUT.to_owned(), dims: [Some(1), None, None, None] };
    Ok(())
}

/// Takes out pairs of Transposes that undo each other.
pub fn cancel_transposes(graph: &mut Graph) {
    let mut transposed: HashMap<String, (String, Vec<i64>)> = HashMap::new();
    let mut redirects = HashMap::new();
    for node in graph.nodes.iter().filter(|n| n.is("Transpose")) {
        let (Some(input), Some(perm)) = (node.arg(0), node.ints("perm")) else { continue };
        if let Some((origin, first)) = transposed.get(input) {
            let undone = perm.iter().enumerate().all(|(n, &p)| first.get(p as usize) == Some(&(n as i64)));
            if undone {
                redirects.insert(node.out().to_owned(), origin.clone());
            }
        }
        transposed.insert(node.out().to_owned(), (input.to_owned(), perm.to_vec()));
    }
    graph.redirect(&redirects);
    graph.remove_dead();
    graph.name_output(OUTPUT);
}
