//! CMYK without a profile: an average offset press instead of arithmetic inks.
//!
//! A polynomial in the coverages of the four inks, fitted by least squares to what sharp 0.35's default CMYK profile
//! makes of a grid of 17 steps an ink; where that clips, values beyond are as good. On random inks the mean error is
//! 0.8 of 255 and 95 % are below 2.2. It is tabulated once, and looked up with interpolation.

use super::default_cmyk_coefficients::COEFFICIENTS;
use std::sync::OnceLock;

/// The highest sum of powers of a term.
const DEGREE: usize = 6;
/// Nodes of the table along each ink: with these, interpolation adds less than the fit's own error.
const NODES: usize = 17;

/// The model, tabulated.
pub(super) struct DefaultCmyk {
    table: Vec<[f32; 3]>,
}

impl DefaultCmyk {
    pub(super) fn get() -> &'static DefaultCmyk {
        static PRESS: OnceLock<DefaultCmyk> = OnceLock::new();
        PRESS.get_or_init(DefaultCmyk::new)
    }

    fn new() -> DefaultCmyk {
        let powers: Vec<[f32; DEGREE + 1]> = (0..NODES)
            .map(|node| std::array::from_fn(|power| (node as f32 / (NODES - 1) as f32).powi(power as i32)))
            .collect();
        let places = (0..NODES.pow(4)).map(|place| [3, 2, 1, 0].map(|ink| place / NODES.pow(ink) % NODES));
        DefaultCmyk { table: places.map(|place| polynomial(place.map(|node| &powers[node]))).collect() }
    }

    /// sRGB, 0..=1, of four inks, 255 for full ink.
    pub(super) fn to_rgb(&self, inks: [u8; 4]) -> [f32; 3] {
        let places = inks.map(|ink| f32::from(ink) * ((NODES - 1) as f32 / 255.0));
        let nodes = places.map(|place| (place as usize).min(NODES - 2));
        let mut rgb = [0.0; 3];
        for corner in 0..16 {
            let (mut weight, mut at) = (1.0, 0);
            for ink in 0..4 {
                let upper = corner >> ink & 1;
                let part = places[ink] - nodes[ink] as f32;
                weight *= if upper == 1 { part } else { 1.0 - part };
                at = at * NODES + nodes[ink] + upper;
            }
            if weight > 0.0 {
                rgb.iter_mut().zip(self.table[at]).for_each(|(rgb, node)| *rgb += weight * node);
            }
        }
        rgb
    }
}

fn polynomial([c, m, y, k]: [&[f32; DEGREE + 1]; 4]) -> [f32; 3] {
    let mut rgb = [0.0; 3];
    let mut terms = COEFFICIENTS.iter();
    for i in 0..=DEGREE {
        for j in 0..=DEGREE - i {
            for l in 0..=DEGREE - i - j {
                let product = c[i] * m[j] * y[l];
                for (k, term) in k[..=DEGREE - i - j - l].iter().zip(terms.by_ref()) {
                    rgb.iter_mut().zip(term).for_each(|(rgb, term)| *rgb += product * k * term);
                }
            }
        }
    }
    rgb.map(|rgb| rgb.clamp(0.0, 1.0))
}
