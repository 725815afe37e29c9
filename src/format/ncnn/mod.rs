//! ncnn models (github.com/Tencent/ncnn): a `.param` text with one line per layer, and a `.bin` with the weights of
//! those layers in the same order.

mod convolution;
mod layers;
mod param;
mod weights;

use std::collections::{HashMap, HashSet};

use crate::error::Error;
use crate::graph::{Attribute, Builder, ModelProto};

use param::Layer;
use weights::Weights;

/// Reads a network with one image in and one image out. Input range 0..1, as ncnn's image networks have it.
///
/// # Errors
/// [`Error::ModelLoad`] naming the layer and parameter that is not understood, or saying by how much the weights are
/// too few or too many.
pub fn read(param: &str, bin: &[u8]) -> Result<ModelProto, Error> {
    let mut net = NcnnConverter {
        builder: Builder::new(),
        weights: Weights::new(bin),
        blobs: HashMap::new(),
        input_channels: None,
        input_seen: false,
    };
    let mut unread: HashSet<String> = HashSet::new();
    for mut layer in param::parse(param)? {
        for bottom in &layer.bottoms {
            unread.remove(bottom);
        }
        unread.extend(layer.tops.iter().cloned());
        layers::convert(&mut layer, &mut net)?;
        layer.params.expect_empty()?;
    }
    net.weights.expect_end()?;
    net.finish(unread)
}

/// The state of a conversion.
struct NcnnConverter<'a> {
    builder: Builder,
    weights: Weights<'a>,
    blobs: HashMap<String, Blob>,
    input_channels: Option<usize>,
    input_seen: bool,
}

/// A value of the network.
#[derive(Clone)]
struct Blob {
    /// Its name in the graph.
    name: String,
    /// How many channels it has; `None`: as many as the input, of which the file need not say how many they are.
    channels: Option<usize>,
}

impl NcnnConverter<'_> {
    /// The layer's only input.
    fn bottom(&self, layer: &Layer) -> Result<Blob, Error> {
        match &layer.bottoms[..] {
            [name] => self.blob(layer, name),
            other => Err(layer.error(format!("expected one input, found {}", other.len()))),
        }
    }

    /// All of the layer's inputs, at least one.
    fn bottoms(&self, layer: &Layer) -> Result<Vec<Blob>, Error> {
        if layer.bottoms.is_empty() {
            return Err(layer.error("expected inputs, found none".to_owned()));
        }
        layer.bottoms.iter().map(|name| self.blob(layer, name)).collect()
    }

    fn blob(&self, layer: &Layer, name: &str) -> Result<Blob, Error> {
        let blob = self.blobs.get(name).cloned();
        blob.ok_or_else(|| layer.error(format!("input \"{name}\" is made by no earlier layer")))
    }

    /// Records the layer's only output.
    fn set_top(&mut self, layer: &Layer, name: String, channels: Option<usize>) -> Result<(), Error> {
        match &layer.tops[..] {
            [top] => self.set(layer, top, Blob { name, channels }),
            other => Err(layer.error(format!("expected one output, found {}", other.len()))),
        }
    }

    fn set(&mut self, layer: &Layer, top: &str, blob: Blob) -> Result<(), Error> {
        match self.blobs.insert(top.to_owned(), blob) {
            None => Ok(()),
            Some(_) => Err(layer.error(format!("output \"{top}\" is made twice"))),
        }
    }

    /// Adds a node for `layer` and records its output.
    fn emit(
        &mut self,
        layer: &Layer,
        op: &str,
        inputs: &[&str],
        attributes: Vec<Attribute>,
        channels: Option<usize>,
    ) -> Result<(), Error> {
        let name = self.builder.named_node(&layer.name, op, inputs, attributes);
        self.set_top(layer, name, channels)
    }

    /// A layer reads `channels` channels of `blob`: learns how many the input has, or checks.
    fn reads_channels(&mut self, layer: &Layer, blob: &Blob, channels: usize) -> Result<(), Error> {
        if let Some(known) = blob.channels.or(self.input_channels).filter(|&known| known != channels) {
            return Err(
                layer.error(format!("its weights are for {channels} channels, its input has {known}"))
            );
        }
        if blob.channels.is_none() {
            self.input_channels = Some(channels);
        }
        Ok(())
    }

    fn finish(mut self, unread: HashSet<String>) -> Result<ModelProto, Error> {
        let mut outputs: Vec<_> = unread.into_iter().collect();
        outputs.sort_unstable();
        let [output] = &outputs[..] else {
            return Err(Error::ModelLoad(format!(
                "expected one output, found {} ({})",
                outputs.len(),
                outputs.join(", ")
            )));
        };
        let channels = self.input_channels.ok_or_else(|| {
            Error::ModelLoad(
                "the number of input channels is not given, and no convolution tells it".to_owned(),
            )
        })?;
        let output = self.blobs.get(output).map(|blob| blob.name.clone()).unwrap_or_default();
        self.builder.metadata("upscaler.input_range", "0,1");
        self.builder.metadata("upscaler.output_range", "0,1");
        Ok(self.builder.finish(channels, None, &output))
    }
}

#[cfg(test)]
mod tests;
