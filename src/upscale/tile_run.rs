//! One run over a tile, of the network of the pass and of those that take its place in parts: planes in, planes out.

use std::sync::Arc;

use super::channel_runs::Form;
use super::drawn;
use super::guard::{self, Blown, Tolerance};
use super::mask::Mask;
use super::networks::LazyNetwork;
use super::pixels::Kept;
use super::replaced::ReplacedPixels;
use super::settled::{self, TileAlpha};
use super::view::{Area, View};
use crate::engine::{Engine, Engines, RunContext, Signature};
use crate::error::Error;
use crate::memory;

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

/// A rectangle of the tile's core that a network runs on.
struct Part {
    /// In pixels of the core.
    core: Area,
    /// With what is around it, in pixels of the tile.
    area: Area,
    view: View,
    context: RunContext,
}

/// What of the tile's core is drawn, and the network for that.
struct Drawn {
    mask: Mask,
    engine: Arc<dyn Engine>,
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
    /// Of the same size, if the picture has one.
    pub alpha: Option<TileAlpha<'a>>,
    pub context: &'a RunContext,
}

impl TileRun<'_> {
    /// Hands over the kept part of the result: the network's, and what others give for parts of it.
    ///
    /// # Errors
    /// Those of running a network or loading one that takes its place, and [`Error::Inference`] for a result that is no number.
    pub fn run(&self, take: &mut dyn FnMut(&Kept)) -> Result<(), Error> {
        let settled = self.alpha.filter(|_| self.may_settle()).and_then(|alpha| alpha.settled(&self.view));
        let drawn = self.drawn(settled.as_ref())?;
        let masks = [drawn.as_ref().map(|drawn| &drawn.mask), settled.as_ref()];
        let planes = match masks.into_iter().flatten().cloned().reduce(|mask, other| mask.joined(&other)) {
            None => self.network_result(None, take)?,
            Some(replaced) => Some(self.composed(&replaced, drawn, settled)?),
        };
        if let Some(planes) = planes {
            let (height, width) = self.view.kept_size();
            take(&Kept { planes: &planes, height, width, x: 0, y: 0, columns: width, rows: height });
        }
        Ok(())
    }

    /// The network's result but for what is `replaced`, which is what is drawn and what is settled.
    fn composed(
        &self,
        replaced: &Mask,
        drawn: Option<Drawn>,
        settled: Option<Mask>,
    ) -> Result<Vec<f32>, Error> {
        let view = &self.view;
        let mut planes = match drawn {
            // Where all is drawn it is the only network that runs, and its progress the tile's.
            Some(Drawn { mask, engine }) if replaced.is_full() => {
                self.stand_in(&*engine, &mask, self.context)?
            }
            Some(Drawn { mask, engine }) => {
                let stand_in = self.stand_in(&*engine, &mask, &self.unseen())?;
                let mut planes = self.rest(replaced)?;
                mask.blend(view, &mut planes, |plane, at, block| {
                    view.kept_block(&stand_in, plane, at, block)
                });
                planes
            }
            None => self.rest(replaced)?,
        };
        if let Some(settled) = settled {
            settled.blend(view, &mut planes, |plane, at, block| block.fill(self.nearest(plane, at)));
        }
        Ok(planes)
    }

    /// Whether pixels may go without the network: it is one that would add nothing to them, and takes tiles of any size that
    /// hold what decides.
    fn may_settle(&self) -> bool {
        let signature = self.network.engine(self.form).signature();
        signature.guarded && any_size(signature) && guard::halo(signature) >= settled::REACH as u32
    }

    /// The value of an input pixel (row, column) of the core, as an output value.
    fn nearest(&self, plane: usize, (y, x): (usize, usize)) -> f32 {
        let View { height, width, core, .. } = self.view;
        self.view.as_output(self.input[(plane * height + core.y + y) * width + core.x + x])
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
                blown = guard::inspect(view, self.input, output)?;
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

    /// The network's result for what is not `replaced` altogether, zero elsewhere.
    fn rest(&self, replaced: &Mask) -> Result<Vec<f32>, Error> {
        let signature = self.network.engine(self.form).signature();
        let halo = guard::halo(signature);
        self.in_parts(replaced.rest(halo as usize), (halo, signature), self.context, |part| {
            let Part { core, area, view, context } = part;
            let origin = (self.origin.0 + core.y as u32, self.origin.1 + core.x as u32);
            let input = &self.input_of(area)?;
            let run = TileRun { origin, view, input, alpha: None, context: &context, ..*self };
            let mut planes = Ok(Vec::new());
            let repaired =
                run.network_result(Some(&replaced.part(core)), &mut |kept| planes = kept.copied())?;
            repaired.map_or(planes, Ok)
        })
    }

    /// The planes of the whole kept part of the tile, of which `run` gives rectangles and the rest is zero. They are of a
    /// network that needs so wide a halo around.
    fn in_parts(
        &self,
        cores: Vec<Area>,
        (halo, signature): (u32, &Signature),
        context: &RunContext,
        mut run: impl FnMut(Part) -> Result<Vec<f32>, Error>,
    ) -> Result<Vec<f32>, Error> {
        let (height, width) = self.view.kept_size();
        let mut planes = memory::zeroed(signature.channels_out * height * width)?;
        let count = cores.len() as f64;
        for (index, core) in cores.into_iter().enumerate() {
            let (area, view) = self.view.part(core, halo as usize, signature.alignment as usize);
            let whole = context.on_progress.clone();
            let on_progress = Arc::new(move |done| whole((index as f64 + done) / count));
            let context = RunContext { cancel: context.cancel.clone(), on_progress };
            let result = run(Part { core, area, view, context })?;
            if result.len() == planes.len() {
                return Ok(result);
            }
            let (rows, columns) = view.kept_size();
            let (top, left) = (core.y * view.scale, core.x * view.scale);
            let results = result.chunks_exact(rows * columns);
            for (plane, result) in planes.chunks_exact_mut(height * width).zip(results) {
                for (line, values) in
                    plane.chunks_exact_mut(width).skip(top).zip(result.chunks_exact(columns))
                {
                    line[left..left + columns].copy_from_slice(values);
                }
            }
        }
        Ok(planes)
    }

    /// What of the tile is drawn beside what is settled, and the network for that; `None` if nothing is, or no such network fits.
    fn drawn(&self, settled: Option<&Mask>) -> Result<Option<Drawn>, Error> {
        let Some(network) = &self.network.drawn else { return Ok(None) };
        let telling = self.alpha.and_then(|alpha| alpha.telling(&self.view));
        let Some(mask) = drawn::mask(&self.view, self.input, telling.as_deref()) else { return Ok(None) };
        let mask = match settled {
            Some(settled) => mask.without(settled),
            None => mask,
        };
        if mask.pixels() == 0.0 {
            return Ok(None);
        }
        let Some(engine) = self.fitting(network)? else { return Ok(None) };
        self.network.drawn_pixels.add(mask.pixels() * self.share);
        Ok(Some(Drawn { mask, engine }))
    }

    /// The kept part of a result, with another network's or the resampled input where it has blown up.
    fn repair(&self, blown: Blown) -> Result<Vec<f32>, Error> {
        self.network.replaced.add(blown.pixels() * self.share);
        let engine = match &self.network.fallback {
            Some(network) if blown.pixels() > 0.0 => self.fitting(network)?,
            _ => None,
        };
        let stand_in =
            engine.map(|engine| self.stand_in(&*engine, blown.mask(), &self.unseen())).transpose()?;
        Ok(match stand_in {
            Some(stand_in) => blown
                .repaired(&self.view, |plane, at, block| self.view.kept_block(&stand_in, plane, at, block)),
            None => blown.resampled(&self.view, self.input),
        })
    }

    /// The form of another network that can take the place of the pass's, if one can.
    fn fitting(&self, network: &LazyNetwork) -> Result<Option<Arc<dyn Engine>>, Error> {
        let Engines { primary, grey } = network.network()?.engines;
        let replaced = self.network.engine(self.form).signature();
        Ok([Some(primary), grey].into_iter().flatten().find(|engine| fits(engine.signature(), replaced)))
    }

    /// What another network gives for what `mask` replaces, zero elsewhere.
    fn stand_in(&self, engine: &dyn Engine, mask: &Mask, context: &RunContext) -> Result<Vec<f32>, Error> {
        let signature = engine.signature();
        let halo = sound_halo(signature);
        self.in_parts(mask.parts(halo as usize), (halo, signature), context, |part| {
            let view = View { tolerance: Tolerance::of(signature.multiplies, part.view.scale), ..part.view };
            let input = self.input_of(part.area)?;
            let mut planes = Vec::new();
            run(engine, &input, &view, &part.context, |output| {
                planes = guard::sound(&view, &input, output)?;
                Ok(())
            })?;
            Ok(planes)
        })
    }

    /// The context of a run that is not the tile's only one.
    fn unseen(&self) -> RunContext {
        RunContext { cancel: self.context.cancel.clone(), on_progress: Arc::new(|_| ()) }
    }

    /// A part of the input, `[planes, area.rows, area.columns]`.
    fn input_of(&self, area: Area) -> Result<Vec<f32>, Error> {
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
        && sound_halo(network) <= guard::halo(other)
}

/// Whether the network takes a part of a tile, whatever its size.
fn any_size(signature: &Signature) -> bool {
    signature.geometry.size_multiple == 1 && signature.fixed_size.is_none()
}

/// How far a result depends on what is around, once it is made [sound](guard::sound).
fn sound_halo(signature: &Signature) -> u32 {
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
