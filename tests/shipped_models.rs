//! The networks in `models/` are what their README says.

#![allow(clippy::unwrap_used, reason = "a test that cannot begin should panic")]

use upscaler_node::format;
use upscaler_node::graph::Network;

fn load(bytes: &[u8]) -> Network {
    Network::from_model(format::onnx::read(bytes).unwrap()).unwrap()
}

#[test]
fn span_has_the_published_shape() {
    let models = [
        (2, &include_bytes!("../models/span/2x.onnx")[..], 12),
        (4, &include_bytes!("../models/span/4x.onnx")[..], 48),
    ];
    for (scale, bytes, last_filters) in models {
        let network = load(bytes);
        let geometry = network.geometry();
        // One 3x3 convolution before six blocks of three, one after them, and one in the upsampler.
        assert_eq!(geometry.radius, Some(1 + 6 * 3 + 1 + 1));
        assert_eq!((geometry.scale, geometry.valid_crop, geometry.size_multiple), (scale, 0, 1));
        assert_eq!((network.channels_in(), network.channels_out(), network.fixed_size()), (3, 3, None));
        // Weights: 3x3 convolutions of 48 channels, the first on 3, the last to `last_filters`, and 1x1 from 4 x 48 to 48.
        let weights = 3 * 48 * 9 + 19 * 48 * 48 * 9 + 4 * 48 * 48 + 48 * last_filters * 9;
        assert_eq!(network.macs_per_pixel(), Some(weights));
        assert_eq!(network.parameters(), weights + 21 * 48 + last_filters + 3, "weights, biases, mean");
        assert_eq!(network.metadata()["upscaler.input_range"], "0,1");
        assert_eq!(network.metadata()["upscaler.output_range"], "0,1");
    }
}
