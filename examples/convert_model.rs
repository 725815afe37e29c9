//! Converts a model file to ONNX: `cargo run --example convert_model -- [--half | --engine] [--size N] model out.onnx`.
//!
//! The model is an `.onnx`, a TensorFlow.js `model.json` with its shards beside it, or an ncnn `.param` with its `.bin`
//! beside it (`--bin FILE` where that has another name). `--half` stores large weights as float16; `--engine` writes what
//! ONNX Runtime is given on this machine. `--size` chooses the side of the pictures for graph models that are another
//! network for every size.

use std::error::Error;
use std::path::Path;

use upscaler_node::compile::onnxruntime;
use upscaler_node::error::Error as ModelError;
use upscaler_node::format;
use upscaler_node::graph::{ModelProto, Network};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let engine = args.iter().position(|arg| arg == "--engine").map(|n| args.remove(n)).is_some();
    let half = args.iter().position(|arg| arg == "--half").map(|n| args.remove(n)).is_some();
    let mut option = |name: &str| {
        let place = args.iter().position(|arg| arg == name);
        place.and_then(|n| args.drain(n..=n + 1).next_back())
    };
    let (bin, size) = (option("--bin"), option("--size").map(|size| size.parse::<usize>()).transpose()?);
    let [source, target] = &args[..] else {
        return Err("usage: convert_model [--half | --engine] [--bin FILE] [--size N] model out.onnx".into());
    };
    let network = Network::from_model(read(Path::new(source), bin.as_deref().map(Path::new), size)?)?;
    println!(
        "{} channels in, {} out, {:?}, {} parameters, {} multiply-adds per pixel",
        network.channels_in(),
        network.channels_out(),
        network.geometry(),
        network.parameters(),
        network.macs_per_pixel().map_or("?".to_owned(), |n| n.to_string())
    );
    std::fs::write(
        target,
        match (half, engine) {
            (true, _) => network.to_onnx_fp16_storage(),
            (_, true) => onnxruntime::to_bytes(&network)?,
            _ => network.to_onnx(),
        },
    )?;
    Ok(())
}

fn read(path: &Path, bin: Option<&Path>, size: Option<usize>) -> Result<ModelProto, Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    match path.extension().and_then(|e| e.to_str()) {
        Some("onnx") => Ok(format::onnx::read(&bytes)?),
        Some("param") => {
            let weights = std::fs::read(bin.map_or(path.with_extension("bin"), Path::to_owned))?;
            Ok(format::ncnn::read(std::str::from_utf8(&bytes)?, &weights)?)
        }
        Some("json") => {
            let folder = path.parent().unwrap_or(Path::new(""));
            let mut shard = |name: &str| {
                let fail = |e| ModelError::Read { message: format!("cannot read {name}"), source: Some(e) };
                std::fs::read(folder.join(name)).map_err(fail)
            };
            Ok(format::tfjs::read(&bytes, &mut shard)?.network(size.map(|side| (side, side)))?)
        }
        _ => Err("expected a file ending in .onnx, .param or .json".into()),
    }
}
