//! The passes of one job: which network runs in each, and what lies between them.

use std::sync::Arc;

use super::canvas::Canvas;
use super::channel_runs::channel_runs;
use super::encoding::Encoding;
use super::hooks::Hook;
use super::networks::LoadedNetwork;
use super::options::Options;
use super::pass::{Pass, Rows};
use super::plan::TilePlan;
use super::progress::{Listener, Meter};
use super::replaced::{ReplacedPixels, ReplacedShare};
use super::route::Route;
use super::size::Sizing;
use super::tile::Buffers;
use super::tile_run::PassNetwork;
use super::tiling::tiling;
use crate::error::Error;
use crate::raster::{self, Depth, Raster};
use crate::workers::{Cancel, Lane};

/// The passes over one picture.
pub struct Passes<'a> {
    pub route: Route,
    pub lane: &'a Lane,
    pub options: Arc<Options>,
    pub sizing: Sizing,
    pub workers: usize,
    pub cancel: Cancel,
    pub postprocess: Option<Hook>,
    pub listener: Option<Listener>,
    /// Channels that the networks compute.
    pub channels: u8,
    /// What the guard replaced in the passes so far.
    pub replaced: ReplacedShare,
    /// What the network for drawn parts gave in the passes so far.
    pub drawn: ReplacedShare,
}

/// One run of a network over the whole picture.
#[derive(Clone, Copy)]
enum Stage {
    /// Removes compression artefacts, before the passes.
    Cleaning,
    /// A pass by its index, from 0.
    Pass(u32),
}

impl Passes<'_> {
    /// Removes compression artefacts if the route says so, then runs all passes but the last. Pictures between two passes
    /// have 16 bits a sample, so that nothing visible is rounded away.
    pub async fn before_last(&self, picture: Arc<Raster>) -> Result<Arc<Raster>, Error> {
        let mut picture = self.cleaned(picture).await?;
        for index in 1..self.sizing.passes {
            picture = Arc::new(self.run_into_picture(picture, Stage::Pass(index - 1), Depth::Sixteen).await?);
        }
        Ok(picture)
    }

    /// The result of the last pass; where there is none, the picture itself, without alpha that bypasses networks.
    pub async fn last(&self, picture: Arc<Raster>, depth: Depth) -> Result<Raster, Error> {
        match self.sizing.passes.checked_sub(1) {
            Some(last) => self.run_into_picture(picture, Stage::Pass(last), depth).await,
            None => Ok(Arc::unwrap_or_clone(picture).first_channels(self.channels).into_depth(depth)),
        }
    }

    /// The last pass, of which there is at least one, band by band into a file.
    pub async fn last_encoded(
        &self,
        picture: Arc<Raster>,
        depth: Depth,
        encoding: &mut Encoding<'_>,
    ) -> Result<(), Error> {
        let pass = self.pass(picture, Stage::Pass(self.sizing.passes - 1), depth)?;
        pass.run(Rows::Encoded(encoding)).await?;
        self.note_replaced(&pass);
        Ok(())
    }

    async fn cleaned(&self, picture: Arc<Raster>) -> Result<Arc<Raster>, Error> {
        if self.route.cleaner.is_none() {
            return Ok(picture);
        }
        let (width, height) = (picture.width, picture.height);
        let larger = self.run_into_picture(picture, Stage::Cleaning, Depth::Sixteen).await?;
        self.lane.run(move || raster::resample(&larger, width, height).map(Arc::new)).await
    }

    async fn run_into_picture(
        &self,
        picture: Arc<Raster>,
        stage: Stage,
        depth: Depth,
    ) -> Result<Raster, Error> {
        let scale = self.network(stage).engines.primary.signature().geometry.scale;
        let (width, height) = (picture.width * scale, picture.height * scale);
        let canvas = Canvas::new(Raster::blank(width, height, self.channels, depth)?, 0);
        let pass = self.pass(picture, stage, depth)?;
        pass.run(Rows::Whole(canvas.clone())).await?;
        self.note_replaced(&pass);
        drop(pass);
        Ok(canvas.into_picture())
    }

    fn note_replaced(&self, pass: &Pass) {
        let pixels = f64::from(pass.picture.width) * f64::from(pass.picture.height);
        self.replaced.note(&pass.network.replaced, pixels);
        self.drawn.note(&pass.network.drawn_pixels, pixels);
    }

    fn network(&self, stage: Stage) -> &LoadedNetwork {
        match (stage, &self.route.cleaner) {
            (Stage::Cleaning, Some(cleaner)) => cleaner,
            _ => &self.route.upscaler,
        }
    }

    fn pass(&self, picture: Arc<Raster>, stage: Stage, depth: Depth) -> Result<Pass<'_>, Error> {
        let LoadedNetwork { name, engines } = self.network(stage).clone();
        let signature = engines.primary.signature();
        let tiling = tiling(picture.width, picture.height, signature, &self.options, self.workers);
        let planes = (signature.channels_in, signature.channels_out);
        let colours = usize::from(raster::colours_of(self.channels));
        let alpha = raster::has_alpha(self.channels);
        let plan = TilePlan::new(picture.width, picture.height, signature, tiling)?;
        let meter = |listener| Arc::new(Meter::new(listener, self.share(stage), plan.len()));
        let meter = self.listener.clone().map(meter);
        Ok(Pass {
            plan,
            channel_runs: Arc::new(channel_runs(colours, alpha, planes, engines.grey.is_some())?),
            buffers: Arc::new(Buffers::default()),
            network: Arc::new(PassNetwork {
                name,
                engines,
                fallback: self.route.fallback.clone(),
                replaced: ReplacedPixels::default(),
                drawn: self.route.drawn.clone(),
                drawn_pixels: ReplacedPixels::default(),
            }),
            lane: self.lane,
            workers: self.workers,
            cancel: self.cancel.clone(),
            picture,
            channels: self.channels,
            depth,
            postprocess: self.postprocess.clone(),
            meter,
        })
    }

    /// The share of the job's work before a stage, and in it. A pass takes `factor²` times the work of the one before;
    /// cleaning takes as much as the first, since the networks for it are as small as the others.
    fn share(&self, stage: Stage) -> (f64, f64) {
        let growth = f64::from(self.sizing.factor).powi(2);
        let work = |passes: u32| (0..passes).map(|pass| growth.powi(pass as i32)).sum::<f64>();
        let cleaning = if self.route.cleaner.is_some() { 1.0 } else { 0.0 };
        let all = cleaning + work(self.sizing.passes);
        match stage {
            Stage::Cleaning => (0.0, cleaning / all),
            Stage::Pass(index) => ((cleaning + work(index)) / all, growth.powi(index as i32) / all),
        }
    }
}
