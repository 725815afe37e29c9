//! The networks for the channels of the pictures: as it is, for grey, for colour with alpha.

use super::signature::agree;
use crate::error::Error;
use crate::graph::{ModelProto, Network};
use crate::raster::LUMA;

/// The networks that one model file becomes for the channels that are wanted.
pub(super) struct ChannelForms {
    pub network: Network,
    /// The one-channel form beside the network, for pictures with alpha.
    pub grey: Option<Network>,
    /// Channels of the pictures that they are for.
    pub channels: usize,
}

impl ChannelForms {
    /// A colour network can be had for grey pictures, and for those with alpha; every network as it is.
    pub fn new(proto: ModelProto, wanted: Option<usize>) -> Result<ChannelForms, Error> {
        let again = matches!(wanted, Some(1 | 4)).then(|| proto.clone());
        let network = Network::from_model(proto)?;
        let found = network.channels_in();
        match (wanted, again) {
            (Some(channels), Some(proto)) if (found, network.channels_out()) == (3, 3) => {
                let grey = Network::grey_from_model(proto, LUMA)?;
                let (network, grey) = if channels == 1 { (grey, None) } else { (network, Some(grey)) };
                Ok(ChannelForms { network, grey, channels })
            }
            _ => {
                agree("channels", wanted, found)?;
                Ok(ChannelForms { network, grey: None, channels: found })
            }
        }
    }
}
