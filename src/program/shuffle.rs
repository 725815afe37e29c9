//! Depth-to-space on the way out, for any number of channels.

/// In which order a pixel shuffle reads channels: the modes of ONNX's DepthToSpace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelOrder {
    /// The channels of one output channel lie side by side: `[C', side, side]`.
    Crd,
    /// The channels of one place in the square lie side by side: `[side, side, C']`.
    Dcr,
}

/// ONNX's DepthToSpace after the last step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PixelShuffle {
    /// Every `side²` channels of the last value become one channel of the output.
    pub side: usize,
    pub order: ChannelOrder,
}

impl PixelShuffle {
    /// No shuffle.
    pub(super) const NONE: PixelShuffle = PixelShuffle { side: 1, order: ChannelOrder::Crd };

    /// The channel of the last value that becomes column `dx` of row `dy` of every square of output channel `c`, where
    /// there are `channels` in all.
    pub(super) fn source(self, c: usize, dy: usize, dx: usize, channels: usize) -> usize {
        let place = dy * self.side + dx;
        match self.order {
            ChannelOrder::Crd => c * self.side * self.side + place,
            ChannelOrder::Dcr => place * channels + c,
        }
    }
}
