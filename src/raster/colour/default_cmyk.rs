//! CMYK without a profile: the press that sharp assumes instead of arithmetic inks.
//!
//! A table of what sharp 0.35's default CMYK profile makes of 17 steps of each ink (`scripts/formats/cmyk-table.mjs`
//! writes it), looked up with interpolation: on random inks the mean error is 0.2 of 255, the largest 5.

use std::io::Read;
use std::sync::OnceLock;

/// Nodes of the table along each ink.
const NODES: usize = 17;

/// The table.
pub(super) struct DefaultCmyk {
    /// sRGB of each node, that of K fastest; black where the table in this crate could not be read.
    nodes: Vec<[u8; 3]>,
}

impl DefaultCmyk {
    pub(super) fn get() -> &'static DefaultCmyk {
        static TABLE: OnceLock<DefaultCmyk> = OnceLock::new();
        TABLE.get_or_init(DefaultCmyk::new)
    }

    fn new() -> DefaultCmyk {
        const DEFLATED: &[u8] = include_bytes!("default_cmyk.table");
        const STEP: usize = NODES.pow(3);
        // A plane for each channel, as differences from the step of C before.
        let mut planes = vec![0u8; 3 * NODES.pow(4)];
        // What is compiled in is whole: a test reads it.
        let _ = flate2::read::DeflateDecoder::new(DEFLATED).read_exact(&mut planes);
        for plane in planes.chunks_exact_mut(NODES.pow(4)) {
            for i in STEP..plane.len() {
                plane[i] = plane[i].wrapping_add(plane[i - STEP]);
            }
        }
        let node = |i: usize| [0, 1, 2].map(|channel| planes[channel * NODES.pow(4) + i]);
        DefaultCmyk { nodes: (0..NODES.pow(4)).map(node).collect() }
    }

    /// sRGB, 0..=1, of four inks, 255 for full ink.
    pub(super) fn to_rgb(&self, inks: [u8; 4]) -> [f32; 3] {
        let places = inks.map(|ink| f32::from(ink) * ((NODES - 1) as f32 / 255.0));
        let nodes = places.map(|place| (place as usize).min(NODES - 2));
        let mut rgb = [0.0; 3];
        for corner in 0..16 {
            let (mut weight, mut at) = (1.0 / 255.0, 0);
            for ink in 0..4 {
                let upper = corner >> ink & 1;
                let part = places[ink] - nodes[ink] as f32;
                weight *= if upper == 1 { part } else { 1.0 - part };
                at = at * NODES + nodes[ink] + upper;
            }
            if weight > 0.0 {
                rgb.iter_mut().zip(self.nodes[at]).for_each(|(rgb, node)| *rgb += weight * f32::from(node));
            }
        }
        rgb
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paper_is_white_and_all_inks_are_black() {
        let table = DefaultCmyk::get();
        assert_eq!(table.to_rgb([0; 4]).map(|value| (value * 255.0).round()), [255.0; 3]);
        assert!(table.to_rgb([255; 4]).iter().all(|&value| value < 0.02));
    }
}
