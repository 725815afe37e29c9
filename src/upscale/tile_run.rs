//! One run over a tile, of the network of the pass and of those that take its place in parts: planes in, planes out.

use std::sync::Arc;

use super::channel_runs::Form;
use super::drawn;
use super::guard::{self, Blown};
use super::mask::Mask;
use super::networks::LazyNetwork;
use super::pixels::Kept;
use super::replaced::ReplacedPixels;
use super::view::{Area, View};
use crate::engine::{Engine, Engines, RunContext, Signature};
use crate::error::Error;

/// The network of a pass, and those that take its place in parts of the picture.
pub struct PassNetwork {
    /// Its name in messages.
    pub name: String,
    pub engines: Engines,
    /// What takes its place where it has blown up; without it the input is resampled.
    pub fallback: Option<Arc<LazyNetwork>>,
    pub replaced: ReplacedPixels,
    /// What takes its place where the picture is drawn.
    pub drawn: Option<Arc<LazyNetwork>>,
    pub drawn_pixels: ReplacedPixels,
}

impl PassNetwork {
    /// The network for a channel run.
    pub fn engine(&self, form: Form) -> &dyn Engine {
        match (form, &self.engines.grey) {
            (Form::Grey, Some(grey)) => &**grey,
            _ => &*self.engines.primary,
        }
    }
}

/// What a network gives for a part of the tile.
struct PartResult {
    /// Of the core.
    part: Area,
    /// The tile's part with what is around it, whose core is `part`.
    view: View,
    /// The result of `part`, `[planes, rows, columns]` in output pixels.
    planes: Vec<f32>,
}

impl PartResult {
    /// Copies the output pixels of the input pixel (row, column) of the tile's core, which is in the part, into `block`.
    fn block(&self, plane: usize, (y, x): (usize, usize), block: &mut [f32]) {
        self.view.kept_block(&self.planes, plane, (y - self.part.y, x - self.part.x), block);
    }

    /// The planes of the whole kept part of the tile, zero beside the part.
    fn placed(self, tile: &View) -> Vec<f32> {
        let ((rows, columns), (height, width)) = (self.view.kept_size(), tile.kept_size());
        if (rows, columns) == (height, width) {
            return self.planes;
        }
        let parts = self.planes.chunks_exact(rows * columns);
        let mut planes = vec![0.0; parts.len() * height * width];
        let (first, left) = (self.part.y * tile.scale, self.part.x * tile.scale);
        for (plane, part) in planes.chunks_exact_mut(height * width).zip(parts) {
            for (line, values) in plane.chunks_exact_mut(width).skip(first).zip(part.chunks_exact(columns)) {
                line[left..left + columns].copy_from_slice(values);
            }
        }
        planes
    }
}

/// The tile's planes, and what is to be done with them.
pub struct TileRun<'a> {
    pub network: &'a PassNetwork,
    pub form: Form,
    /// How much of the tile's pixels the run is for, 0..=1: others may be for its other channels.
    pub share: f64,
    /// Where the core begins in the picture: row and column.
    pub origin: (u32, u32),
    pub view: View,
    /// `[planes, view.height, view.width]`.
    pub input: &'a [f32],
    pub context: &'a RunContext,
}

impl TileRun<'_> {
    /// Hands over the kept part of the result: the network's, and what others give for parts of it.
    ///
    /// # Errors
    /// Those of running a network or loading one that takes its place, and [`Error::Inference`] for a result that is no number.
    pub fn run(&self, take: &mut dyn FnMut(&Kept)) -> Result<(), Error> {
        let view = &self.view;
        let planes = match self.drawn()? {
            None => self.network_result(None, take)?,
            Some((mask, PartResult { planes, .. })) if mask.is_full() => Some(planes),
            Some((mask, stand_in)) => {
                let mut planes = self.rest(&mask)?.placed(view);
                mask.blend(view, &mut planes, |plane, at, block| stand_in.block(plane, at, block));
                Some(planes)
            }
        };
        if let Some(planes) = planes {
            let (height, width) = view.kept_size();
            take(&Kept { planes: &planes, height, width, x: 0, y: 0, columns: width, rows: height });
        }
        Ok(())
    }

    /// The network's result: handed over as it is, or returned as the planes of the kept part where it had to be repaired. What
    /// `replaced` replaces altogether need not be.
    fn network_result(
        &self,
        replaced: Option<&Mask>,
        take: &mut dyn FnMut(&Kept),
    ) -> Result<Option<Vec<f32>>, Error> {
        let (engine, view) = (self.network.engine(self.form), &self.view);
        let mut blown = None;
        run(engine, self.input, view, self.context, |output| {
            if engine.signature().guarded {
                blown = guard::inspect(view, self.input, output);
            } else {
                self.check_numbers(&view.kept_of(output))?;
            }
            if blown.is_none() {
                take(&view.kept_of(output));
            }
            Ok(())
        })?;
        let Some(blown) = blown else { return Ok(None) };
        let blown = match replaced {
            Some(replaced) => blown.beside(replaced),
            None => blown,
        };
        self.repair(blown).map(Some)
    }

    /// The network's result for what `mask` does not replace altogether.
    fn rest(&self, mask: &Mask) -> Result<PartResult, Error> {
        let part = mask.rest();
        let signature = self.network.engine(self.form).signature();
        let (area, view) =
            self.view.part(part, guard::halo(signature) as usize, signature.alignment as usize);
        let origin = (self.origin.0 + part.y as u32, self.origin.1 + part.x as u32);
        let run = TileRun { origin, view, input: &self.input_of(area), ..*self };
        let mut planes = Vec::new();
        let repaired = run.network_result(Some(&mask.part(part)), &mut |kept| planes = kept.copied())?;
        Ok(PartResult { part, view, planes: repaired.unwrap_or(planes) })
    }

    /// What of the tile is drawn, and what the network for that gives; `None` if nothing is, or there is no such network.
    fn drawn(&self) -> Result<Option<(Mask, PartResult)>, Error> {
        let Some(network) = &self.network.drawn else { return Ok(None) };
        let Some(mask) = drawn::mask(&self.view, self.input) else { return Ok(None) };
        // Where all is drawn it is the only network that runs, and its progress the tile's.
        let unseen = self.unseen();
        let context = if mask.is_full() { self.context } else { &unseen };
        let Some(stand_in) = self.stand_in(network, mask.bounds(), context)? else { return Ok(None) };
        self.network.drawn_pixels.add(mask.pixels() * self.share);
        Ok(Some((mask, stand_in)))
    }

    /// The kept part of a result, with another network's or the resampled input where it has blown up.
    fn repair(&self, blown: Blown) -> Result<Vec<f32>, Error> {
        self.network.replaced.add(blown.pixels() * self.share);
        let stand_in = match &self.network.fallback {
            Some(network) if blown.pixels() > 0.0 => {
                self.stand_in(network, blown.bounds(), &self.unseen())?
            }
            _ => None,
        };
        Ok(match stand_in {
            Some(stand_in) => blown.repaired(&self.view, |plane, at, block| stand_in.block(plane, at, block)),
            None => blown.resampled(&self.view, self.input),
        })
    }

    /// What another network gives for a part of the core, if it fits.
    fn stand_in(
        &self,
        network: &LazyNetwork,
        part: Area,
        context: &RunContext,
    ) -> Result<Option<PartResult>, Error> {
        let engines = network.network()?.engines;
        let replaced = self.network.engine(self.form).signature();
        let forms = [Some(&engines.primary), engines.grey.as_ref()];
        let Some(engine) = forms.into_iter().flatten().find(|engine| fits(engine.signature(), replaced))
        else {
            return Ok(None);
        };
        let signature = engine.signature();
        let (area, view) = self.view.part(part, context_of(signature) as usize, signature.alignment as usize);
        let view = View { dilation: guard::dilation(signature.multiplies), ..view };
        let input = self.input_of(area);
        let mut planes = Vec::new();
        run(&**engine, &input, &view, context, |output| {
            planes = guard::sound(&view, &input, output);
            Ok(())
        })?;
        Ok(Some(PartResult { part, view, planes }))
    }

    /// The context of a run that is not the tile's only one.
    fn unseen(&self) -> RunContext {
        RunContext { cancel: self.context.cancel.clone(), on_progress: Arc::new(|_| ()) }
    }

    /// A part of the input, `[planes, area.rows, area.columns]`.
    fn input_of(&self, area: Area) -> Vec<f32> {
        let View { height, width, .. } = self.view;
        let Area { y, x, rows, columns } = area;
        Kept { planes: self.input, height, width, x, y, columns, rows }.copied()
    }

    /// Refuses results that are no numbers: clamping would make black pixels of them.
    fn check_numbers(&self, kept: &Kept) -> Result<(), Error> {
        match kept.first_non_finite() {
            None => Ok(()),
            Some((y, x)) => {
                let first = |core: u32| core as usize * self.view.scale;
                let (y, x) = (first(self.origin.0) + y, first(self.origin.1) + x);
                Err(Error::Inference(format!(
                    "Expected {} to give numbers but its result has NaN or infinity at column {x}, row {y}",
                    self.network.name
                )))
            }
        }
    }
}

/// Whether a network can take the place of another on the same tile.
fn fits(network: &Signature, other: &Signature) -> bool {
    let shape = |signature: &Signature| {
        let geometry = &signature.geometry;
        (geometry.scale, geometry.valid_crop, signature.channels_in, signature.channels_out)
    };
    let ranges = |signature: &Signature| (signature.input_range, signature.output_range);
    shape(network) == shape(other)
        && ranges(network) == ranges(other)
        && [network, other].iter().all(|signature| any_size(signature))
        && context_of(network) <= guard::halo(other)
}

/// Whether the network takes a part of a tile, whatever its size.
fn any_size(signature: &Signature) -> bool {
    signature.geometry.size_multiple == 1 && signature.fixed_size.is_none()
}

/// How far a result depends on what is around, once it is made [sound](guard::sound).
fn context_of(signature: &Signature) -> u32 {
    signature.halo + guard::REACH
}

/// Runs a network on a tile, and checks that its result has the size that is to be stitched.
fn run(
    engine: &dyn Engine,
    input: &[f32],
    view: &View,
    context: &RunContext,
    mut take: impl FnMut(&[f32]) -> Result<(), Error>,
) -> Result<(), Error> {
    engine.run(input, view.height, view.width, context, &mut |output, height, width| {
        let expected = (view.output_height(), view.output_width());
        if (height, width) != expected {
            return Err(Error::ModelShape(format!(
                "Expected the network to give {}x{} for {}x{} at scale {} but it gave {width}x{height}",
                expected.1, expected.0, view.width, view.height, view.scale
            )));
        }
        take(output)
    })
}
