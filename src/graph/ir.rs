//! The graph that passes work on: nodes in topological order, constants decoded, one input, one output.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use prost::Message;

use super::proto::{
    DimensionProto, DimensionValue, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
    data_type,
};
use super::tensor::Tensor;
use crate::error::Error;

/// A network as a list of ONNX nodes.
#[derive(Clone, Debug)]
pub struct Graph {
    pub ir_version: i64,
    pub opsets: Vec<OperatorSetIdProto>,
    pub metadata: BTreeMap<String, String>,
    /// In topological order; every name is produced once.
    pub nodes: Vec<NodeProto>,
    pub constants: BTreeMap<String, Tensor>,
    pub input: Port,
    pub output: Port,
}

/// The name of the graph's input or output with its four axes; `None` where the size is free.
#[derive(Clone, Debug)]
pub struct Port {
    pub name: String,
    pub dims: [Option<usize>; 4],
}

impl Graph {
    /// The version of ONNX's own operators that the nodes are written in.
    pub fn opset(&self) -> i64 {
        self.opsets.iter().find(|o| matches!(o.domain.as_str(), "" | "ai.onnx")).map_or(1, |o| o.version)
    }

    /// How often each value is read; the graph's output counts as one reader.
    pub fn readers(&self) -> HashMap<&str, usize> {
        let mut readers = HashMap::from([(self.output.name.as_str(), 1)]);
        for name in self.nodes.iter().flat_map(|n| &n.input) {
            *readers.entry(name).or_insert(0) += 1;
        }
        readers
    }

    /// The index of the node that makes each value.
    pub fn producers(&self) -> HashMap<&str, usize> {
        let outputs = |(index, node)| outputs_of(node).map(move |name| (name, index));
        self.nodes.iter().enumerate().flat_map(outputs).collect()
    }

    /// All names in use.
    pub fn names(&self) -> Names {
        let of_nodes = self.nodes.iter().flat_map(|n| n.input.iter().chain(&n.output));
        Names(of_nodes.chain(self.constants.keys()).chain([&self.input.name]).cloned().collect())
    }

    /// Puts other nodes in the place of those with the given indices.
    pub fn replace(&mut self, mut replacements: HashMap<usize, Vec<NodeProto>>) {
        let nodes = std::mem::take(&mut self.nodes).into_iter().enumerate();
        let replaced = |(index, node)| replacements.remove(&index).unwrap_or_else(|| vec![node]);
        self.nodes = nodes.flat_map(replaced).collect();
    }

    /// Lets every reader of a key, the graph's output among them, read its value instead.
    pub fn redirect(&mut self, redirects: &HashMap<String, String>) {
        let target = |name: &String| {
            let mut name = name;
            while let Some(next) = redirects.get(name) {
                name = next;
            }
            name.clone()
        };
        for input in self.nodes.iter_mut().flat_map(|n| &mut n.input) {
            *input = target(input);
        }
        self.output.name = target(&self.output.name);
    }

    /// Renames a value everywhere.
    pub fn rename(&mut self, from: &str, to: &str) {
        let port_names = [&mut self.input.name, &mut self.output.name];
        let node_names = self.nodes.iter_mut().flat_map(|n| n.input.iter_mut().chain(&mut n.output));
        for name in node_names.chain(port_names).filter(|name| name.as_str() == from) {
            *name = to.to_owned();
        }
        if let Some(tensor) = self.constants.remove(from) {
            self.constants.insert(to.to_owned(), tensor);
        }
    }

    /// Gives the output another name, if it has not got it already. Nothing else may have it.
    pub fn name_output(&mut self, name: &str) {
        if self.output.name != name {
            self.rename(&self.output.name.clone(), name);
        }
    }

    /// Puts the nodes into topological order (a stable one: nodes that are in order already stay where they are).
    ///
    /// # Errors
    /// [`Error::ModelLoad`] naming a value that nothing produces, that is produced twice, or a node on a cycle.
    pub fn sort(&mut self) -> Result<(), Error> {
        let waiting_for = self.dependencies()?;
        let mut missing: Vec<usize> = waiting_for.iter().map(Vec::len).collect();
        let mut dependants: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for (node, producers) in waiting_for.iter().enumerate() {
            for &producer in producers {
                dependants[producer].push(node);
            }
        }
        let mut ready: VecDeque<usize> = (0..missing.len()).filter(|&n| missing[n] == 0).collect();
        let mut order = Vec::with_capacity(missing.len());
        while let Some(node) = ready.pop_front() {
            order.push(node);
            for &dependant in &dependants[node] {
                missing[dependant] -= 1;
                if missing[dependant] == 0 {
                    ready.push_back(dependant);
                }
            }
        }
        if let Some(stuck) = missing.iter().position(|&n| n > 0) {
            let label = self.nodes[stuck].label();
            return Err(Error::ModelLoad(format!("the graph has a cycle: {label} needs its own output")));
        }
        if order.iter().zip(order.iter().skip(1)).any(|(a, b)| a > b) && !self.is_sorted(&waiting_for) {
            let mut nodes: Vec<Option<NodeProto>> =
                std::mem::take(&mut self.nodes).into_iter().map(Some).collect();
            self.nodes = order.into_iter().filter_map(|n| nodes[n].take()).collect();
        }
        Ok(())
    }

    fn is_sorted(&self, waiting_for: &[Vec<usize>]) -> bool {
        waiting_for.iter().enumerate().all(|(node, producers)| producers.iter().all(|&p| p < node))
    }

    /// For each node, the nodes whose outputs it reads (one entry per read).
    fn dependencies(&self) -> Result<Vec<Vec<usize>>, Error> {
        let mut producers: HashMap<&str, usize> = HashMap::new();
        for (index, node) in self.nodes.iter().enumerate() {
            for name in outputs_of(node) {
                let taken = self.constants.contains_key(name) || name == self.input.name;
                if producers.insert(name, index).is_some() || taken {
                    return Err(Error::ModelLoad(format!("value \"{name}\" is defined twice")));
                }
            }
        }
        let producer_of = |node: &NodeProto, name: &str| match producers.get(name) {
            Some(&producer) => Ok(Some(producer)),
            None if self.constants.contains_key(name) || name == self.input.name => Ok(None),
            None => {
                Err(Error::ModelLoad(format!("{} reads \"{name}\", which nothing defines", node.label())))
            }
        };
        let of_node = |node: &NodeProto| {
            let reads = node.input.iter().filter(|name| !name.is_empty());
            reads.filter_map(|name| producer_of(node, name).transpose()).collect()
        };
        let dependencies = self.nodes.iter().map(of_node).collect::<Result<_, _>>()?;
        match producers.contains_key(self.output.name.as_str()) {
            true => Ok(dependencies),
            false => Err(Error::ModelLoad(format!("nothing computes the output \"{}\"", self.output.name))),
        }
    }

    /// Drops nodes and constants that the output does not depend on.
    pub fn remove_dead(&mut self) {
        let mut live: HashSet<String> = HashSet::from([self.output.name.clone()]);
        let mut kept = Vec::with_capacity(self.nodes.len());
        for node in std::mem::take(&mut self.nodes).into_iter().rev() {
            if node.output.iter().any(|name| live.contains(name)) {
                live.extend(node.input.iter().cloned());
                kept.push(node);
            }
        }
        kept.reverse();
        self.nodes = kept;
        self.constants.retain(|name, _| live.contains(name));
    }

    /// The `.onnx` file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let constants = self.constants.iter().map(|(name, tensor)| tensor.to_proto(name)).collect();
        self.to_model(constants, Vec::new()).encode_to_vec()
    }

    /// The model message, with its constants as they are to be stored and the nodes that decode those.
    pub fn to_model(&self, constants: Vec<TensorProto>, decoders: Vec<NodeProto>) -> ModelProto {
        let graph = GraphProto {
            name: "upscaler".to_owned(),
            node: decoders.into_iter().chain(self.nodes.iter().cloned()).collect(),
            initializer: constants,
            input: vec![self.input.to_proto(["batch", "channels", "height", "width"])],
            output: vec![self.output.to_proto(["batch", "channels", "out_height", "out_width"])],
            ..GraphProto::default()
        };
        let entry = |(key, value): (&String, &String)| StringStringEntryProto {
            key: key.clone(),
            value: value.clone(),
        };
        ModelProto {
            ir_version: self.ir_version,
            producer_name: "upscaler-node".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(graph),
            opset_import: self.opsets.clone(),
            metadata_props: self.metadata.iter().map(entry).collect(),
            ..ModelProto::default()
        }
    }
}

impl Port {
    /// The message of a float tensor; free axes get `names`.
    pub fn to_proto(&self, names: [&str; 4]) -> ValueInfoProto {
        let dimension = |(size, name): (&Option<usize>, &str)| {
            let value =
                size.map_or(DimensionValue::Name(name.to_owned()), |n| DimensionValue::Number(n as i64));
            DimensionProto { value: Some(value) }
        };
        let shape = TensorShapeProto { dim: self.dims.iter().zip(names).map(dimension).collect() };
        let tensor_type = TensorTypeProto { elem_type: data_type::FLOAT, shape: Some(shape) };
        ValueInfoProto { name: self.name.clone(), r#type: Some(TypeProto { tensor_type: Some(tensor_type) }) }
    }
}

/// The names that a graph uses, to find others.
pub struct Names(HashSet<String>);

impl Names {
    /// A name that is not in use (`hint`, or `hint` with a number), which from then on is.
    pub fn fresh(&mut self, hint: &str) -> String {
        let numbered = (1usize..).map(|n| format!("{hint}_{n}"));
        let mut candidates = std::iter::once(hint.to_owned()).chain(numbered);
        let name = candidates.find(|name| !self.0.contains(name)).unwrap_or_default();
        self.0.insert(name.clone());
        name
    }
}

/// The outputs of a node that are not left out.
pub fn outputs_of(node: &NodeProto) -> impl Iterator<Item = &str> {
    node.output.iter().map(String::as_str).filter(|name| !name.is_empty())
}
