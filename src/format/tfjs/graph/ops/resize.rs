//! Pictures made larger: interpolated, out of channels, or with a frame.

use super::{NodeCall, layout};
use crate::error::Error;
use crate::format::tfjs::graph::emit::Emitter;
use crate::format::tfjs::graph::fold::{Elements, Known};
use crate::format::tfjs::graph::value::{ChannelLayout, Value};
use crate::graph::Attribute;

pub fn resize(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let [batch, height, width, channels] = call.picture(0)?;
    let size = call.sizes(1)?;
    let &[h, w] = &size[..] else {
        return Err(call.error(format!("a size of {size:?}; expected height and width")));
    };
    if h == 0 || w == 0 || height == 0 || width == 0 {
        return Err(call.error(format!("a picture of {width}x{height} cannot become one of {w}x{h}")));
    }
    let nearest = call.node.op == "ResizeNearestNeighbor";
    let corners = call.flag("align_corners");
    let centers = call.flag("half_pixel_centers");
    let coordinates = match (corners, centers) {
        (true, _) => "align_corners",
        (false, true) => "half_pixel",
        (false, false) => "asymmetric",
    };
    let mut attributes = vec![
        Attribute::text("mode", if nearest { "nearest" } else { "linear" }),
        Attribute::text("coordinate_transformation_mode", coordinates),
    ];
    if nearest {
        let rounding = if corners || centers { "round_prefer_ceil" } else { "floor" };
        attributes.push(Attribute::text("nearest_mode", rounding));
    }
    let x = net.named(call.input(0)?, ChannelLayout::ChannelsFirst);
    let dims = vec![batch, h, w, channels];
    // Whole factors are written as such: then the network is the same for pictures of all sizes.
    if h % height == 0 && w % width == 0 {
        let factors = vec![1.0, 1.0, (h / height) as f32, (w / width) as f32];
        let factors = net.constant(&Known { dims: vec![4], elements: Elements::floats(factors) });
        return Ok(net.node("Resize", &[&x, "", &factors], attributes, dims, ChannelLayout::ChannelsFirst));
    }
    let sizes = net.sizes(&[batch, channels, h, w]);
    Ok(net.node("Resize", &[&x, "", "", &sizes], attributes, dims, ChannelLayout::ChannelsFirst))
}

pub fn blocks(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let [batch, height, width, channels] = call.picture(0)?;
    let block = usize::try_from(call.int("block_size", 0)).ok().filter(|block| (1..=64).contains(block));
    let block = block.ok_or_else(|| call.error("expected a block_size from 1 to 64"))?;
    let apart = call.node.op == "DepthToSpace";
    let dims = match apart {
        true if channels % (block * block) == 0 => {
            vec![batch, height * block, width * block, channels / (block * block)]
        }
        false if height % block == 0 && width % block == 0 => {
            vec![batch, height / block, width / block, channels * block * block]
        }
        _ => {
            let shape = [height, width, channels];
            return Err(call.error(format!("blocks of {block} do not fit a picture of shape {shape:?}")));
        }
    };
    let x = net.named(call.input(0)?, ChannelLayout::ChannelsFirst);
    let attributes = vec![Attribute::int("blocksize", block as i64)];
    Ok(net.node(&call.node.op, &[&x], attributes, dims, ChannelLayout::ChannelsFirst))
}

pub fn pad(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let x = call.input(0)?;
    let rank = x.dims().len();
    let pads = call.sizes(1)?;
    if pads.len() != 2 * rank || pads.iter().any(|&pad| pad > 0xffff) {
        return Err(call.error(format!("pads of {pads:?} for a tensor of shape {:?}", x.dims())));
    }
    let mirror = call.node.op == "MirrorPad";
    if mirror && call.text("mode", "") != "REFLECT" {
        return Err(call.error("only the mode REFLECT is supported"));
    }
    let dims: Vec<usize> = (0..rank).map(|n| x.dims()[n] + pads[2 * n] + pads[2 * n + 1]).collect();
    let layout = layout(x);
    let order: Vec<usize> = match layout {
        ChannelLayout::ChannelsFirst => crate::format::tfjs::graph::emit::TO_FIRST.to_vec(),
        ChannelLayout::Plain => (0..rank).collect(),
    };
    let sides = |side: usize| order.iter().map(move |&axis| 2 * axis + side);
    let listed: Vec<usize> = sides(0).chain(sides(1)).map(|n| pads[n]).collect();
    let (name, listed) = (net.named(x, layout), net.sizes(&listed));
    if mirror {
        let mode = vec![Attribute::text("mode", "reflect")];
        return Ok(net.node("Pad", &[&name, &listed], mode, dims, layout));
    }
    let fill = match call.inputs.get(2) {
        Some(value) => net.plain(value),
        None => net.float(0.0),
    };
    Ok(net.node("Pad", &[&name, &listed, &fill], vec![], dims, layout))
}
