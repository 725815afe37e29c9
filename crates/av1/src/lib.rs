//! Still pictures as AV1, by rav1e.
//!
//! A crate of its own because rav1e is generic over its samples: what is instantiated here is compiled once and
//! optimised, and not again with every change of the core.

use rav1e::prelude::{BlockSize, PartitionRange};
use rav1e::prelude::{
    ChromaSamplePosition, ChromaSampling, ColorDescription, ColorPrimaries, Config, EncoderConfig,
    EncoderStatus, MatrixCoefficients, Pixel, PixelRange, Rational, SceneDetectionSpeed, SpeedSettings,
    TransferCharacteristics,
};

/// How a picture is coded.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// 1..=65536 pixels.
    pub width: usize,
    /// 1..=65536 pixels.
    pub height: usize,
    /// 0..=255: base quantizer index of AV1, 0 is finest.
    pub quantizer: u8,
    /// What the colours mean; `None`: it is told elsewhere, or there are none.
    pub colour: Option<Colour>,
}

/// Code points of ITU-T H.273 that are written into the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Primaries of BT.709, transfer of sRGB, matrix of BT.601.
    Srgb,
    /// Primaries and transfer by an ICC profile, matrix of BT.601.
    Profile,
}

/// A picture that was coded.
#[derive(Clone, Debug)]
pub struct Coded {
    /// Sequence header and frame, as OBUs.
    pub data: Vec<u8>,
    /// The contents of the box `av1C` (AV1 codec ISO media file format binding, 2.3).
    pub configuration: Vec<u8>,
}

/// Codes 8-bit planes of full range: one (4:0:0), or luma and both chromas (4:4:4), each `width * height` samples.
///
/// # Errors
/// What rav1e says, or that planes and size do not fit.
pub fn encode_8_bits(settings: &Settings, planes: &[Vec<u8>]) -> Result<Coded, String> {
    encode(settings, 8, planes)
}

/// Codes 10-bit planes (0..=1023), else as [`encode_8_bits`].
///
/// # Errors
/// Those of [`encode_8_bits`].
pub fn encode_10_bits(settings: &Settings, planes: &[Vec<u16>]) -> Result<Coded, String> {
    encode(settings, 10, planes)
}

fn encode<P: Pixel>(settings: &Settings, bits: usize, planes: &[Vec<P>]) -> Result<Coded, String> {
    let &Settings { width, height, .. } = settings;
    let samples = width.checked_mul(height).filter(|&samples| samples > 0);
    if !matches!(planes.len(), 1 | 3) || planes.iter().any(|plane| Some(plane.len()) != samples) {
        let found: Vec<usize> = planes.iter().map(Vec::len).collect();
        return Err(format!("expected 1 or 3 planes of {width}x{height} samples but received {found:?}"));
    }
    let config = Config::new().with_encoder_config(configuration(settings, bits, planes.len()));
    let mut context = config.new_context::<P>().map_err(|e| e.to_string())?;
    let mut frame = context.new_frame();
    for (to, from) in frame.planes.iter_mut().zip(planes) {
        let mut region = to.mut_slice(Default::default());
        for (to, from) in region.rows_iter_mut().zip(from.chunks_exact(width)) {
            to[..width].copy_from_slice(from);
        }
    }
    let configuration = context.container_sequence_header();
    context.send_frame(frame).map_err(|e| e.to_string())?;
    context.flush();
    let mut data = Vec::new();
    loop {
        match context.receive_packet() {
            Ok(packet) => data.extend_from_slice(&packet.data),
            Err(EncoderStatus::Encoded) => {}
            Err(EncoderStatus::LimitReached) => break,
            Err(e) => return Err(e.to_string()),
        }
    }
    Ok(Coded { data, configuration })
}

fn configuration(settings: &Settings, bit_depth: usize, planes: usize) -> EncoderConfig {
    let description = |color_primaries, transfer_characteristics| ColorDescription {
        color_primaries,
        transfer_characteristics,
        matrix_coefficients: MatrixCoefficients::BT601,
    };
    EncoderConfig {
        width: settings.width,
        height: settings.height,
        sample_aspect_ratio: Rational::new(1, 1),
        time_base: Rational::new(1, 1),
        bit_depth,
        chroma_sampling: if planes == 1 { ChromaSampling::Cs400 } else { ChromaSampling::Cs444 },
        chroma_sample_position: ChromaSamplePosition::Unknown,
        pixel_range: PixelRange::Full,
        color_description: settings.colour.map(|colour| match colour {
            Colour::Srgb => description(ColorPrimaries::BT709, TransferCharacteristics::SRGB),
            Colour::Profile => description(ColorPrimaries::Unspecified, TransferCharacteristics::Unspecified),
        }),
        still_picture: true,
        quantizer: settings.quantizer.into(),
        min_quantizer: settings.quantizer,
        speed_settings: speed_settings(),
        ..EncoderConfig::default()
    }
}

/// rav1e's preset for speed, without what serves moving pictures alone, and with blocks of 8 to 16 pixels, as ravif has
/// them: larger ones are tried for long and seldom taken at the qualities that pictures are written with.
fn speed_settings() -> SpeedSettings {
    const PRESET: u8 = 8;
    let mut settings = SpeedSettings::from_preset(PRESET);
    settings.multiref = false;
    settings.rdo_lookahead_frames = 1;
    settings.scene_detection_mode = SceneDetectionSpeed::None;
    settings.motion.include_near_mvs = false;
    settings.motion.use_satd_subpel = false;
    settings.transform.enable_inter_tx_split = false;
    settings.transform.tx_domain_rate = false;
    settings.partition.partition_range = PartitionRange::new(BlockSize::BLOCK_8X8, BlockSize::BLOCK_16X16);
    settings
}
