//! AVIF: the container is read here, `rav1d` decodes AV1.
//!
//! Parsers in Rust under permissive licences leave out grids, colour, rotation and mirroring, which phones and encoders
//! write. Of a sequence, the still picture that stands for it is read; its frames are counted.

mod boxes;
mod samples;
mod sequence;
mod transform;
mod yuv;

use self::boxes::{Container, Grid};
use self::samples::{AvifSample, divide_alpha, write};
pub(super) use self::sequence::frames;
use self::transform::{Transform, transforms};
use self::yuv::{Planes, Range, Row, YuvMatrix};

use super::damage::broken_header;
use super::{ColourEncoding, ColourModel, FailOn, Format, FormatDecoder, Header, Metadata, Pixels};
use crate::error::Error;
use crate::raster::picture::{Raster, Samples, sample_count, zeroed};
use re_rav1d::dav1d;

pub(super) struct Avif<'a> {
    container: Container<'a>,
    alpha: Option<u32>,
    /// Size as coded, before anything is cut or turned.
    coded: (u32, u32),
    transforms: Vec<Transform>,
    header: Header,
}

impl<'a> Avif<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        let broken = |e: &str| broken_header(Format::Avif, e);
        if sequence::stands_alone(bytes) {
            return Err(Error::UnsupportedFormat(
                "Expected a still picture in the AVIF but received a sequence alone, which is not supported"
                    .into(),
            ));
        }
        let container = Container::read(bytes).map_err(broken)?;
        let primary = container.primary();
        let first = match &container.kind(primary) {
            b"av01" => primary,
            b"grid" => *container
                .references_from(b"dimg", primary)
                .first()
                .ok_or_else(|| broken("a grid without tiles"))?,
            other => {
                return Err(Error::UnsupportedFormat(format!(
                    "Expected AV1 in the AVIF but received {:?}, which is not supported",
                    other.escape_ascii().to_string()
                )));
            }
        };
        let coded = container.size(primary).ok_or_else(|| broken("no size"))?;
        let configuration = container.property(first, b"av1C").and_then(|data| data.get(2).copied());
        let flags = configuration.ok_or_else(|| broken("no AV1 configuration"))?;
        let (deep, grey) = (flags & 0x40 != 0, flags & 0x10 != 0);
        let alpha = container.references_to(b"auxl", primary).find(|&item| is_alpha(&container, item));
        let transforms = transforms(&container, primary, coded);
        let (width, height) = transforms.iter().fold(coded, |size, transform| transform.size(size));
        if width == 0 || height == 0 {
            return Err(broken("a picture of no size"));
        }
        let channels = if grey { 1 } else { 3 } + u8::from(alpha.is_some());
        let depth = if deep { 16 } else { 8 };
        let tiles = container.references_from(b"dimg", primary).len().max(1) as u64;
        let pixels = u64::from(coded.0) * u64::from(coded.1) / tiles;
        // Of one tile at a time: planes of 16 bits here, and two frames of the decoder.
        let decoder_bytes = pixels.saturating_mul(if grey { 1 } else { 3 } * (2 + 2 * u64::from(depth / 8)));
        let header =
            Header { format: Format::Avif, width, height, channels, depth, orientation: 1, decoder_bytes };
        Ok(Avif { container, alpha, coded, transforms, header })
    }

    /// Code points: primaries, transfer, matrix, and whether the range is full.
    fn code_points(&self) -> Option<(u8, u8, u8, bool)> {
        let properties = self.container.properties(self.container.primary());
        properties.filter(|found| &found.kind == b"colr").find_map(|found| match found.data {
            [b'n', b'c', b'l', b'x', _, primaries, _, transfer, _, matrix, flags, ..] => {
                Some((*primaries, *transfer, *matrix, flags & 0x80 != 0))
            }
            _ => None,
        })
    }

    fn colour_encoding(&self) -> Option<ColourEncoding> {
        let properties = self.container.properties(self.container.primary());
        let profile = properties.filter(|found| &found.kind == b"colr").find_map(|found| {
            let (kind, profile) = found.data.split_first_chunk::<4>()?;
            matches!(kind, b"prof" | b"rICC").then(|| ColourEncoding::Icc(profile.to_vec()))
        });
        profile.or_else(|| {
            // Primaries and curves of video are shown as sRGB, as browsers do.
            const AS_SRGB: [u8; 6] = [1, 2, 6, 13, 14, 15];
            const SRGB: u8 = 13;
            let (primaries, transfer, ..) = self.code_points()?;
            let transfer = if AS_SRGB.contains(&transfer) { SRGB } else { transfer };
            let known = !matches!((primaries, transfer), (1 | 2 | 5 | 6, SRGB));
            known.then_some(ColourEncoding::Cicp { primaries, transfer })
        })
    }

    fn metadata(&self) -> Metadata {
        let described = |kind: &[u8; 4]| {
            let item = self.container.references_to(b"cdsc", self.container.primary());
            item.filter(|&item| &self.container.kind(item) == kind).find_map(|item| self.container.data(item))
        };
        let exif = described(b"Exif").and_then(|data| {
            // The block stands behind the length of what is before it.
            let (skip, rest) = data.split_first_chunk::<4>()?;
            rest.get(u32::from_be_bytes(*skip) as usize..).map(<[u8]>::to_vec)
        });
        let xmp = described(b"mime").filter(|data| data.starts_with(b"<")).map(|data| data.into_owned());
        Metadata { exif, xmp, ..Metadata::default() }
    }

    /// Decodes an item, or the tiles of a grid, one at a time, and hands each out with its place. Together they cover the
    /// picture.
    fn for_each_tile(
        &self,
        item: u32,
        mut paint: impl FnMut((u32, u32), &Planes) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let broken = |e: &str| Error::Decode(format!("The AVIF is broken: {e}"));
        let covers = |planes: &Planes, (columns, rows): (u32, u32)| {
            let covered =
                |side: usize, count: u32, needed: u32| side as u64 * u64::from(count) >= needed.into();
            covered(planes.width, columns, self.coded.0) && covered(planes.height, rows, self.coded.1)
        };
        if &self.container.kind(item) != b"grid" {
            let planes = self.frame(item)?;
            return match covers(&planes, (1, 1)) {
                true => paint((0, 0), &planes),
                false => Err(broken("a picture smaller than it says")),
            };
        }
        let data = self.container.data(item).unwrap_or_default();
        let grid = Grid::read(&data).ok_or_else(|| broken("a grid that makes no sense"))?;
        let tiles = self.container.references_from(b"dimg", item);
        if tiles.len() != (grid.rows * grid.columns) as usize || (grid.width, grid.height) != self.coded {
            return Err(broken("a grid that its tiles do not fill"));
        }
        let mut size = None;
        for (index, &tile) in (0..).zip(tiles) {
            let planes = self.frame(tile)?;
            let (width, height) = *size.get_or_insert((planes.width, planes.height));
            if (planes.width, planes.height) != (width, height) || !covers(&planes, (grid.columns, grid.rows))
            {
                return Err(broken("a grid that its tiles do not fill"));
            }
            let (column, row) = (index % grid.columns, index / grid.columns);
            let place = (width as u32).checked_mul(column).zip((height as u32).checked_mul(row));
            let place = place
                .filter(|&(x, y)| x < grid.width && y < grid.height)
                .ok_or_else(|| broken("tiles that lie outside of the grid"))?;
            paint(place, &planes)?;
        }
        Ok(())
    }

    fn frame(&self, item: u32) -> Result<Planes, Error> {
        let broken = |e: String| Error::Decode(format!("The AVIF is broken: {e}"));
        // The decoder takes no data for a mistake of its caller.
        let data = self.container.data(item).filter(|data| !data.is_empty());
        let data = data.ok_or_else(|| broken("an item has no data".into()))?;
        let mut settings = dav1d::Settings::new();
        settings.set_n_threads(1);
        settings.set_max_frame_delay(1);
        // A tile may reach beyond the picture, but not by more than its own size.
        let pixels = self.coded.0.saturating_mul(self.coded.1).saturating_mul(4).max(1 << 20);
        settings.set_frame_size_limit(pixels);
        let failed = |e: dav1d::Error| match e {
            dav1d::Error::NotEnoughMemory => Error::Limit("Out of memory for the AVIF".into()),
            e => broken(e.to_string()),
        };
        let mut decoder = dav1d::Decoder::with_settings(&settings).map_err(failed)?;
        match decoder.send_data(data.into_owned(), None, None, None) {
            Ok(()) | Err(dav1d::Error::Again) => {}
            Err(e) => return Err(failed(e)),
        }
        // A still picture needs few turns; a broken one may never give anything, and the decoder loses 48 bytes in each.
        for _ in 0..8 {
            match decoder.get_picture() {
                Ok(picture) => return Ok(Planes::of(&picture)),
                Err(dav1d::Error::Again) => match decoder.send_pending_data() {
                    Ok(()) | Err(dav1d::Error::Again) => {}
                    Err(e) => return Err(failed(e)),
                },
                Err(e) => return Err(failed(e)),
            }
        }
        Err(broken("its data hold no picture".into()))
    }

    fn pixels<T: AvifSample>(&self) -> Result<Vec<T>, Error> {
        let (width, height) = self.coded;
        let channels = usize::from(self.header.channels);
        let mut samples = zeroed(sample_count(width, height, self.header.channels)?)?;
        let primary = self.container.primary();
        let (matrix, range) = match self.code_points() {
            Some((.., matrix, full)) => (matrix, if full { Range::Full } else { Range::Limited }),
            None => (2, Range::Full),
        };
        let matrix = YuvMatrix::new(matrix).ok_or_else(|| {
            Error::UnsupportedFormat(format!(
                "Expected ordinary matrix coefficients in the AVIF but received {matrix}, which is not supported"
            ))
        })?;
        let colours = channels - usize::from(self.alpha.is_some());
        self.for_each_tile(primary, |place, planes| {
            if planes.is_grey() != (colours == 1) {
                return Err(Error::Decode(
                    "The AVIF is broken: its planes are not those that it says".into(),
                ));
            }
            for_each_row(planes, place, self.coded, channels, &mut samples, |row, y, pixels| match colours {
                1 => {
                    planes.read_luma(y, range, row);
                    write(&row.colours[..1], pixels, channels, 0);
                }
                _ => {
                    planes.read_rgb(y, matrix, range, row);
                    write(&row.colours, pixels, channels, 0);
                }
            });
            Ok(())
        })?;
        if let Some(alpha) = self.alpha {
            self.for_each_tile(alpha, |place, planes| {
                for_each_row(planes, place, self.coded, channels, &mut samples, |row, y, pixels| {
                    planes.read_luma(y, Range::Full, row);
                    write(&row.colours[..1], pixels, channels, colours);
                });
                Ok(())
            })?;
            if self.container.references_from(b"prem", primary).contains(&alpha) {
                divide_alpha(&mut samples, channels);
            }
        }
        Ok(samples)
    }
}

/// Calls `paint` with each row of a tile, and the pixels of the picture that it covers.
fn for_each_row<T>(
    planes: &Planes,
    (left, top): (u32, u32),
    (width, height): (u32, u32),
    channels: usize,
    samples: &mut [T],
    mut paint: impl FnMut(&mut Row, usize, &mut [T]),
) {
    let (left, top) = (left as usize, top as usize);
    let shown = (planes.width.min(width as usize - left), planes.height.min(height as usize - top));
    let mut row = Row::default();
    let pictured = samples.chunks_exact_mut(width as usize * channels).skip(top).take(shown.1);
    for (y, pixels) in pictured.enumerate() {
        paint(&mut row, y, &mut pixels[left * channels..][..shown.0 * channels]);
    }
}

fn is_alpha(container: &Container, item: u32) -> bool {
    let urn = container.property(item, b"auxC").and_then(|data| data.get(4..)).unwrap_or(&[]);
    urn.starts_with(b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha")
        || urn.starts_with(b"urn:mpeg:hevc:2015:auxid:1")
}

impl FormatDecoder for Avif<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn read(self: Box<Self>, _: FailOn) -> Result<Pixels, Error> {
        let Header { channels, depth, .. } = self.header;
        let samples = match depth {
            16 => Samples::U16(self.pixels()?),
            _ => Samples::U8(self.pixels()?),
        };
        let mut raster = Raster::new(self.coded.0, self.coded.1, channels, samples)?;
        for transform in &self.transforms {
            raster = transform.apply(raster)?;
        }
        Ok(Pixels {
            samples: raster.samples,
            channels,
            model: ColourModel::of_channels(channels),
            alpha: None,
            encoding: self.colour_encoding(),
            metadata: self.metadata(),
            quality: None,
            warnings: Vec::new(),
        })
    }
}
