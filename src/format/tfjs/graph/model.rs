//! The nodes that the result depends on, in an order in which each comes after those that it reads.

use std::collections::HashMap;

use super::document::{Attribute, Attributes, Document, NodeDef};
use super::fold::Known;
use crate::error::Error;

/// A node of the graph.
#[derive(Debug)]
pub struct Node {
    pub op: String,
    pub name: String,
    pub inputs: Vec<Edge>,
    pub attributes: Attributes,
}

/// Output number `output` of node number `node`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Edge {
    pub node: usize,
    pub output: usize,
}

impl Node {
    /// An error that names this node.
    pub fn error(&self, what: impl std::fmt::Display) -> Error {
        Error::ModelLoad(format!("operator {} \"{}\": {what}", self.op, self.name))
    }
}

/// The part of a graph that its result depends on.
#[derive(Debug)]
pub struct FrozenGraph {
    /// Each after those that it reads.
    pub nodes: Vec<Node>,
    pub output: Edge,
    /// The node that is the picture.
    pub input: usize,
    /// The picture's axes, as far as the file says: batch, height, width, channels.
    pub shape: [Option<usize>; 4],
}

impl FrozenGraph {
    /// Finds the nodes of a document.
    ///
    /// # Errors
    /// [`Error::ModelLoad`] for names that are there twice or not at all, cycles, and graphs without one picture in and
    /// one out.
    pub fn new(document: &mut Document) -> Result<FrozenGraph, Error> {
        let defs = std::mem::take(&mut document.model_topology.node);
        let by_name = index(&defs)?;
        let output = edge(&by_name, &output_name(document, &defs)?)
            .ok_or_else(|| broken("the output that its signature names is not there"))?;
        let order = sorted(&defs, &by_name, output.node)?;
        let mut place = vec![usize::MAX; defs.len()];
        order.iter().enumerate().for_each(|(new, &old)| place[old] = new);
        let moved = |edge: Edge| Edge { node: place[edge.node], ..edge };
        let inputs: Vec<Vec<Edge>> = order
            .iter()
            .map(|&n| reads(&defs[n], &by_name).map(|all| all.into_iter().map(moved).collect()))
            .collect::<Result<_, _>>()?;
        let output = moved(output);
        let mut defs: Vec<Option<NodeDef>> = defs.into_iter().map(Some).collect();
        let ordered = order.iter().filter_map(|&n| defs[n].take()).zip(inputs);
        let nodes: Vec<Node> = ordered
            .map(|(NodeDef { name, op, attr, .. }, inputs)| Node { op, name, inputs, attributes: attr })
            .collect();
        let (input, shape) = picture(&nodes)?;
        Ok(FrozenGraph { nodes, output, input, shape })
    }

    /// How often each node is read.
    pub fn readers(&self) -> Vec<usize> {
        let mut readers = vec![0; self.nodes.len()];
        for edge in self.nodes.iter().flat_map(|node| &node.inputs).chain([&self.output]) {
            readers[edge.node] += 1;
        }
        readers
    }

    /// The constants that the graph reads, out of those of the file.
    pub fn constants(&self, weights: HashMap<String, Known>) -> Result<Vec<Option<Known>>, Error> {
        let of = |node: &Node| match node.op.as_str() {
            "Const" => weights
                .get(&node.name)
                .cloned()
                .map(Some)
                .ok_or_else(|| node.error("its value is not in the weightsManifest")),
            _ => Ok(None),
        };
        self.nodes.iter().map(of).collect()
    }
}

fn broken(what: impl std::fmt::Display) -> Error {
    Error::ModelLoad(format!("model.json: {what}"))
}

fn index(defs: &[NodeDef]) -> Result<HashMap<&str, usize>, Error> {
    let by_name: HashMap<&str, usize> =
        defs.iter().enumerate().map(|(n, def)| (def.name.as_str(), n)).collect();
    match by_name.len() == defs.len() {
        true => Ok(by_name),
        false => Err(broken("two nodes have the same name")),
    }
}

/// What the signature calls the output; without one, the only node that nothing reads.
fn output_name(document: &Document, defs: &[NodeDef]) -> Result<String, Error> {
    if let Some(signature) = document.signature.as_ref().filter(|s| !s.outputs.is_empty()) {
        return match signature.outputs.iter().collect::<Vec<_>>()[..] {
            [(key, output)] => Ok(output.name.clone().unwrap_or_else(|| key.clone())),
            ref all => Err(broken(format!("expected one output, found {}", all.len()))),
        };
    }
    let read: std::collections::HashSet<&str> =
        defs.iter().flat_map(|def| &def.input).map(|name| split(name).0).collect();
    let unread: Vec<&NodeDef> =
        defs.iter().filter(|def| !read.contains(def.name.as_str()) && def.op != "NoOp").collect();
    match unread[..] {
        [one] => Ok(one.name.clone()),
        _ => Err(broken(format!("expected one output, found {}", unread.len()))),
    }
}

/// `name`, `name:output` or, for an order without data, `^name`.
fn split(reference: &str) -> (&str, usize) {
    let reference = reference.trim_start_matches('^');
    match reference.rsplit_once(':').and_then(|(name, output)| Some((name, output.parse().ok()?))) {
        Some((name, output)) => (name, output),
        None => (reference, 0),
    }
}

fn edge(by_name: &HashMap<&str, usize>, reference: &str) -> Option<Edge> {
    let (name, output) = split(reference);
    Some(Edge { node: *by_name.get(name)?, output })
}

/// What a node reads, without what it only waits for.
fn reads(def: &NodeDef, by_name: &HashMap<&str, usize>) -> Result<Vec<Edge>, Error> {
    let data = def.input.iter().filter(|name| !name.starts_with('^'));
    data.map(|name| {
        edge(by_name, name).ok_or_else(|| {
            broken(format!("operator {} \"{}\" reads \"{name}\", which is not there", def.op, def.name))
        })
    })
    .collect()
}

/// The nodes that `output` depends on, depth first, so that what is made for one reader only is made just before it.
fn sorted(defs: &[NodeDef], by_name: &HashMap<&str, usize>, output: usize) -> Result<Vec<usize>, Error> {
    #[derive(Clone, Copy, PartialEq)]
    enum VisitState {
        Unseen,
        Open,
        Done,
    }
    let mut states = vec![VisitState::Unseen; defs.len()];
    let mut order = Vec::new();
    let mut path = vec![(output, reads(&defs[output], by_name)?, 0)];
    states[output] = VisitState::Open;
    while let Some((node, inputs, next)) = path.last_mut() {
        let Some(input) = inputs.get(*next).map(|edge| edge.node) else {
            states[*node] = VisitState::Done;
            order.push(*node);
            path.pop();
            continue;
        };
        *next += 1;
        match states[input] {
            VisitState::Done => {}
            VisitState::Unseen => {
                states[input] = VisitState::Open;
                path.push((input, reads(&defs[input], by_name)?, 0));
            }
            VisitState::Open => {
                let NodeDef { op, name, .. } = &defs[input];
                return Err(broken(format!(
                    "the graph has a cycle: operator {op} \"{name}\" needs its own output"
                )));
            }
        }
    }
    Ok(order)
}

/// The picture's node, with its axes.
fn picture(nodes: &[Node]) -> Result<(usize, [Option<usize>; 4]), Error> {
    let found: Vec<usize> = (0..nodes.len()).filter(|&n| nodes[n].op == "Placeholder").collect();
    let [input] = found[..] else {
        let names: Vec<_> = found.iter().map(|&n| nodes[n].name.as_str()).collect();
        return Err(broken(format!("expected one input, found {} ({})", names.len(), names.join(", "))));
    };
    let node = &nodes[input];
    let shape = match node.attributes.get("shape") {
        Some(Attribute::Shape(Some(shape))) => <[Option<usize>; 4]>::try_from(&shape[..])
            .map_err(|_| node.error(format!("expected a picture of 4 axes, found shape {shape:?}")))?,
        _ => [None; 4],
    };
    match shape {
        [None | Some(1), _, _, None | Some(1 | 3 | 4)] => Ok((input, shape)),
        _ => Err(node.error(format!(
            "expected a batch of one picture with 1, 3 or 4 channels as the last axis, found shape {shape:?}"
        ))),
    }
}
