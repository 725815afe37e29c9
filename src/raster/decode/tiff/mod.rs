//! TIFF: strips or tiles, chunky or planar, 1 to 32 bits, grey, RGB, palette, CMYK or YCbCr, with alpha and other extra
//! samples, in all compressions that writers of today use.
//!
//! The layout of a TIFF has more combinations than decoders in Rust know, so directories and layout are read here;
//! what is inside strips and tiles is decompressed by libraries.

mod codec;
mod directory;
mod exif;
mod layout;
mod samples;

use self::codec::{Chunk, decompress};
use self::directory::File;
use self::layout::Layout;
use self::samples::{Target, TiffSample, divide_alpha, undo_predictor, unpack};
use super::damage::{Damage, broken_header};
use super::{ColourEncoding, ColourModel, FailOn, Format, FormatDecoder, Header, Metadata, Pixels};
use crate::error::Error;
use crate::raster::picture::{Samples, sample_count, zeroed};
use crate::raster::tiff_tag as tag;
use crate::workers::{MAX_SPREAD_THREADS, spread};
use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

pub(super) struct Tiff<'a> {
    file: File<'a>,
    page: usize,
    layout: Layout,
    header: Header,
    tables: Option<&'a [u8]>,
    icc: Option<&'a [u8]>,
}

impl<'a> Tiff<'a> {
    pub(super) fn open(bytes: &'a [u8], page: u32) -> Result<Self, Error> {
        let missing = |what: &str| broken_header(Format::Tiff, format!("it has no {what}"));
        let file = File::new(bytes).ok_or_else(|| missing("byte order"))?;
        let directory = file.directories().nth(page as usize).ok_or_else(|| missing("directory"))?;
        let side = |tag, what| directory.number(tag).ok_or_else(|| missing(what));
        let (width, height) = (side(tag::IMAGE_WIDTH, "width")?, side(tag::IMAGE_LENGTH, "height")?);
        let (Ok(width), Ok(height)) = (u32::try_from(width), u32::try_from(height)) else {
            return Err(Error::Limit(format!("The TIFF has {width}x{height} pixels, more than can be read")));
        };
        if width == 0 || height == 0 {
            return Err(broken_header(Format::Tiff, format!("a size of {width}x{height}")));
        }
        let layout = Layout::read(&directory, file.order, (width, height))?;
        let chunk = (layout.stride() as u64).saturating_mul(layout.chunk.1.into());
        let orientation =
            directory.number(tag::ORIENTATION).filter(|number| (1..=8).contains(number)).unwrap_or(1);
        let colours = match layout.model {
            ColourModel::Grey if layout.palette.is_none() => 1,
            _ => 3,
        };
        let header = Header {
            format: Format::Tiff,
            width,
            height,
            channels: colours + u8::from(layout.alpha),
            depth: if layout.bits > 8 { 16 } else { 8 },
            orientation: orientation as u8,
            // One strip or tile for each thread, as it is stored; larger ones are refused before they are read.
            decoder_bytes: chunk
                .min(max_chunk_bytes((width, height), &layout))
                .saturating_mul(u64::from(height.div_ceil(layout.chunk.1)).min(MAX_SPREAD_THREADS as u64)),
        };
        let page = page as usize;
        Ok(Tiff {
            file,
            page,
            layout,
            header,
            tables: directory.bytes(tag::JPEG_TABLES),
            icc: directory.bytes(tag::ICC_PROFILE),
        })
    }
}

/// The most that one strip or tile may take, which must have a relation to the picture's size.
fn max_chunk_bytes((width, height): (u32, u32), layout: &Layout) -> u64 {
    const ALWAYS_ALLOWED: u64 = 64 << 20;
    let pixel = (layout.stored * usize::from(layout.bits).div_ceil(8)) as u64;
    (u64::from(width) * u64::from(height)).saturating_mul(pixel).saturating_mul(4).max(ALWAYS_ALLOWED)
}

/// How many pages a file has.
pub(super) fn pages(bytes: &[u8]) -> usize {
    File::new(bytes).map_or(1, |file| file.directories().count())
}

impl FormatDecoder for Tiff<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn read(self: Box<Self>, fail_on: FailOn) -> Result<Pixels, Error> {
        let mut warnings = Vec::new();
        let model = self.layout.model;
        let (samples, channels) = if self.header.depth == 16 {
            let (samples, channels) = self.pixels::<u16>(fail_on, &mut warnings)?;
            (Samples::U16(samples), channels)
        } else {
            let (mut samples, channels) = self.pixels::<u8>(fail_on, &mut warnings)?;
            if let Some(ycbcr) = &self.layout.ycbcr {
                for pixel in samples.as_chunks_mut::<3>().0 {
                    *pixel = ycbcr.to_rgb(*pixel);
                }
            }
            match &self.layout.palette {
                Some(palette) => (Samples::U8(apply_palette(&samples, palette)?), 3),
                None => (Samples::U8(samples), channels),
            }
        };
        let (samples, alpha) =
            if channels == CMYK_AND_ALPHA { split_alpha(samples)? } else { (samples, None) };
        Ok(Pixels {
            samples,
            channels: channels.min(4),
            model,
            alpha,
            encoding: self.icc.map(|icc| ColourEncoding::Icc(icc.to_vec())),
            metadata: self.metadata(),
            quality: None,
            warnings,
        })
    }
}

impl Tiff<'_> {
    fn metadata(&self) -> Metadata {
        const CENTIMETRES: u64 = 3;
        let Some(directory) = self.file.directories().nth(self.page) else { return Metadata::default() };
        let factor = if directory.number(tag::RESOLUTION_UNIT) == Some(CENTIMETRES) { 2.54 } else { 1.0 };
        let density =
            |tag| directory.fractions(tag)?.first().map(|value| value * factor).filter(|v| v.is_finite());
        Metadata {
            exif: exif::from_tiff(self.file, &directory),
            xmp: directory.bytes(tag::XMP).map(<[u8]>::to_vec),
            iptc: directory.bytes(tag::IPTC).map(<[u8]>::to_vec),
            density: density(tag::X_RESOLUTION).zip(density(tag::Y_RESOLUTION)),
            ..Metadata::default()
        }
    }

    /// All samples that are wanted, interleaved, and how many a pixel has.
    fn pixels<T: TiffSample>(
        &self,
        fail_on: FailOn,
        warnings: &mut Vec<String>,
    ) -> Result<(Vec<T>, u8), Error> {
        let Header { width, height, .. } = self.header;
        let layout = &self.layout;
        let channels = layout.wanted;
        let (columns, rows) = (width.div_ceil(layout.chunk.0), height.div_ceil(layout.chunk.1));
        let planes = if layout.planar { layout.stored } else { 1 };
        let expected = columns as usize * rows as usize * planes;
        if layout.offsets.len() < expected || layout.lengths.len() < expected {
            let detail =
                format!("{} of {expected} strips or tiles", layout.offsets.len().min(layout.lengths.len()));
            Damage::truncated(Format::Tiff, detail).tolerate(fail_on, warnings)?;
        }
        let mut samples = zeroed(sample_count(width, height, channels as u8)?)?;
        let warnings = Mutex::new(warnings);
        let report = |damage: Damage| {
            let mut warnings = warnings.lock().unwrap_or_else(PoisonError::into_inner);
            let tolerated = damage.tolerate(fail_on, &mut warnings);
            warnings.truncate(MAX_WARNINGS);
            tolerated
        };
        let job_rows = self.job_rows();
        let jobs = samples.chunks_mut(job_rows as usize * width as usize * channels).enumerate();
        spread(jobs, |(number, samples)| self.rows(number as u32 * job_rows, samples, &report))?;
        if layout.premultiplied {
            divide_alpha(&mut samples, channels);
        }
        Ok((samples, channels as u8))
    }

    /// How many rows one thread reads at a time: whole strips or tiles, and enough to be worth handing over.
    fn job_rows(&self) -> u32 {
        const LEAST_BYTES: u64 = 256 << 10;
        let Header { width, height, .. } = self.header;
        let row = u64::from(width) * self.layout.wanted as u64 * u64::from(self.header.depth / 8);
        let least = LEAST_BYTES.div_ceil(row).next_multiple_of(self.layout.chunk.1.into());
        u32::try_from(least).unwrap_or(u32::MAX).min(height)
    }

    /// Reads the strips or tiles of the rows from `top` on, as many as `samples` holds.
    fn rows<T: TiffSample>(
        &self,
        top: u32,
        samples: &mut [T],
        report: &impl Fn(Damage) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Header { width, height, .. } = self.header;
        let layout = &self.layout;
        let (across, down) = layout.chunk;
        let (columns, all_rows) = (width.div_ceil(across), height.div_ceil(down));
        let bottom = top + (samples.len() / (width as usize * layout.wanted)) as u32;
        let planes = if layout.planar { layout.wanted } else { 1 };
        let mut scratch = Vec::new();
        for row in top / down..bottom.div_ceil(down) {
            for (plane, column) in
                (0..planes).flat_map(|plane| (0..columns).map(move |column| (plane, column)))
            {
                let index = (plane * all_rows as usize + row as usize) * columns as usize + column as usize;
                let area = ChunkPosition { x: column * across, y: row * down, plane };
                for damage in self.chunk(index, &area, &mut scratch, (top, samples))? {
                    report(damage)?;
                }
            }
        }
        Ok(())
    }

    /// Reads one strip or tile to its place in the rows from `top` on.
    fn chunk<T: TiffSample>(
        &self,
        index: usize,
        area: &ChunkPosition,
        scratch: &mut Vec<u8>,
        (top, samples): (u32, &mut [T]),
    ) -> Result<Vec<Damage>, Error> {
        let layout = &self.layout;
        let Header { width, height, .. } = self.header;
        let shown = (layout.chunk.0.min(width - area.x), layout.chunk.1.min(height - area.y));
        let rows = if layout.tiled { layout.chunk.1 } else { shown.1 };
        let Some(bytes) = self.stored(index) else { return Ok(Vec::new()) };
        let stride = layout.stride();
        let blocks = layout.ycbcr.as_ref().filter(|_| !layout.planar);
        let size = match blocks {
            Some(blocks) => blocks.bytes(layout.chunk.0 as usize, rows as usize),
            None => stride.saturating_mul(rows as usize),
        };
        if layout.is_as_shown() {
            let start = (area.y - top) as usize * stride;
            return self.fill(&bytes, rows, &mut bytemuck::cast_slice_mut(samples)[start..][..size]);
        }
        self.prepare(scratch, size)?;
        let damages = self.fill(&bytes, rows, scratch)?;
        let upsampled: Vec<u8>;
        let decoded: &[u8] = match blocks {
            Some(blocks) => {
                let mut pixels = zeroed(stride * rows as usize)?;
                blocks.upsample(scratch, layout.chunk.0 as usize, &mut pixels);
                upsampled = pixels;
                &upsampled
            }
            None => scratch,
        };
        for (y, row) in decoded.chunks_exact(stride).take(shown.1 as usize).enumerate() {
            let start = ((area.y - top) as usize + y) * width as usize + area.x as usize;
            let channels = layout.wanted;
            let out = &mut samples[start * channels..][..shown.0 as usize * channels];
            let count = if layout.planar { 1 } else { channels };
            unpack(row, layout.per_chunk(), layout, &mut Target { out, channels, first: area.plane, count });
        }
        Ok(damages)
    }

    /// Decompresses a strip or tile of so many rows into `out`, which is zeroed.
    fn fill(&self, bytes: &[u8], rows: u32, out: &mut [u8]) -> Result<Vec<Damage>, Error> {
        let layout = &self.layout;
        let chunk = Chunk {
            width: layout.chunk.0,
            rows,
            nominal_rows: layout.chunk.1,
            samples: layout.per_chunk() as u8,
            ycbcr: layout.jpeg_chroma,
            tables: self.tables,
        };
        let damages = decompress(layout.compression, bytes, &chunk, out)?;
        if layout.predictor {
            undo_predictor(out, layout.stride(), layout.per_chunk(), layout.bits, layout.order);
        }
        Ok(damages)
    }

    /// The bytes of a strip or tile, as far as the file has them; `None` where it has no place.
    fn stored(&self, index: usize) -> Option<Cow<'_, [u8]>> {
        let place = |list: &[u64]| list.get(index).copied();
        let (offset, length) = place(&self.layout.offsets).zip(place(&self.layout.lengths))?;
        let bytes = self.file.bytes.get(usize::try_from(offset).unwrap_or(usize::MAX)..).unwrap_or(&[]);
        let bytes = &bytes[..usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len())];
        Some(match self.layout.turned_bits {
            true => bytes.iter().map(|byte| byte.reverse_bits()).collect(),
            false => bytes.into(),
        })
    }

    /// A zeroed buffer of the chunk's size.
    fn prepare(&self, scratch: &mut Vec<u8>, size: usize) -> Result<(), Error> {
        let Header { width, height, .. } = self.header;
        if size as u64 > max_chunk_bytes((width, height), &self.layout) {
            return Err(Error::Limit(format!(
                "The TIFF has strips or tiles of {}x{} for a picture of {width}x{height}",
                self.layout.chunk.0, self.layout.chunk.1
            )));
        }
        if scratch.len() == size {
            scratch.fill(0);
        } else {
            *scratch = zeroed(size)?;
        }
        Ok(())
    }
}

/// Warnings of one picture that are worth reading.
const MAX_WARNINGS: usize = 4;

const CMYK_AND_ALPHA: u8 = 5;

/// Four inks, and the alpha behind them.
fn split_alpha(samples: Samples) -> Result<(Samples, Option<Samples>), Error> {
    fn split<T: TiffSample>(samples: &[T]) -> Result<(Vec<T>, Vec<T>), Error> {
        let (pixels, _) = samples.as_chunks::<{ CMYK_AND_ALPHA as usize }>();
        let (mut inks, mut alpha) = (zeroed(pixels.len() * 4)?, zeroed(pixels.len())?);
        for ((pixel, inks), alpha) in pixels.iter().zip(inks.as_chunks_mut::<4>().0).zip(&mut alpha) {
            [inks[0], inks[1], inks[2], inks[3], *alpha] = *pixel;
        }
        Ok((inks, alpha))
    }
    Ok(match samples {
        Samples::U8(v) => split(&v).map(|(inks, alpha)| (Samples::U8(inks), Some(Samples::U8(alpha))))?,
        Samples::U16(v) => split(&v).map(|(inks, alpha)| (Samples::U16(inks), Some(Samples::U16(alpha))))?,
        floats => (floats, None),
    })
}

/// Where a strip or tile lies.
struct ChunkPosition {
    x: u32,
    y: u32,
    plane: usize,
}

fn apply_palette(indices: &[u8], palette: &[u8]) -> Result<Vec<u8>, Error> {
    let entries = palette.len() / 3;
    let mut out = zeroed(indices.len() * 3)?;
    for (index, out) in indices.iter().zip(out.as_chunks_mut::<3>().0) {
        *out = [0, 1, 2].map(|channel| palette[channel * entries + usize::from(*index)]);
    }
    Ok(out)
}
