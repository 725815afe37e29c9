use super::*;
use crate::raster::Raster;
use crate::raster::decode::{DecodeOptions, decode};
use std::path::PathBuf;

fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/raster").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn profile_of(name: &str) -> Vec<u8> {
    decode(&fixture(name), &DecodeOptions { keep_metadata: true, ..Default::default() })
        .unwrap()
        .metadata
        .icc
        .unwrap()
}

#[test]
fn there_and_back_again() {
    // Muted colours and the primaries themselves, which sRGB does not hold.
    let muted = (0..4u8).flat_map(|i| [100 + 20 * i, 90 + 15 * i, 110 + 5 * i]);
    let original: Vec<u8> = muted.chain([255, 0, 0, 0, 255, 0, 0, 0, 255, 200, 180, 60]).collect();
    for name in ["icc-p3.png", "icc-adobe.png", "icc-prophoto.png"] {
        let icc = profile_of(name);
        for depth in [8, 16] {
            let samples = Samples::U8(original.clone());
            let samples = if depth == 16 { Samples::U16(samples.into_u16()) } else { samples };
            let (worked, channels, kept) = to_working(
                samples,
                (4, 2),
                3,
                ColourModel::Rgb,
                Some(&ColourEncoding::Icc(icc.clone())),
                &mut Vec::new(),
            )
            .unwrap();
            assert_eq!(kept, Some(icc.clone()));
            let wide =
                if depth == 16 { Samples::U16(worked.into_u16()) } else { Samples::U8(worked.into_u8()) };
            let mut raster = Raster::new(4, 2, channels, wide).unwrap();
            ToProfile::new(&icc, 3, depth).unwrap().apply(&mut raster).unwrap();
            let back = raster.samples.into_u8();
            assert!(back.iter().zip(&original).all(|(a, b)| a.abs_diff(*b) <= 1), "{name}: {back:?}");
        }
    }
}

#[test]
fn a_profile_that_cannot_be_kept_costs_nothing_but_itself() {
    let samples = Samples::U8(vec![10, 20, 30]);
    for (name, icc) in [("grey", profile_of("icc-grey.png")), ("broken", vec![7; 300])] {
        let mut warnings = Vec::new();
        let encoding = ColourEncoding::Icc(icc);
        let (same, channels, kept) =
            to_working(samples.clone(), (1, 1), 3, ColourModel::Rgb, Some(&encoding), &mut warnings).unwrap();
        assert_eq!((same, channels, kept, warnings.len()), (samples.clone(), 3, None, 1), "{name}");
    }
    let cmyk = decode(&fixture("cmyk-icc.tif"), &DecodeOptions { keep_metadata: true, ..Default::default() })
        .unwrap();
    assert_eq!((cmyk.raster.channels, cmyk.metadata.icc), (3, None));
    assert_eq!(cmyk.warnings.len(), 1);
}

#[test]
fn grey_there_and_back_again() {
    let icc = profile_of("icc-grey.png");
    let original: Vec<u16> = (0..64).map(|i| i * 1040).collect();
    let encoding = ColourEncoding::Icc(icc.clone());
    let (srgb, channels) = to_srgb(
        Samples::U16(original.clone()),
        (8, 8),
        1,
        ColourModel::Grey,
        Some(&encoding),
        &mut Vec::new(),
    )
    .unwrap();
    let mut raster = Raster::new(8, 8, channels, srgb).unwrap();
    ToProfile::new(&icc, 1, 16).unwrap().apply(&mut raster).unwrap();
    let Samples::U16(back) = raster.samples else { panic!("depth changed") };
    for (back, original) in back.iter().zip(&original) {
        assert!(back.abs_diff(*original) <= 140, "{back} {original}");
    }
}

#[test]
fn alpha_is_not_a_colour() {
    let encoding = ColourEncoding::Icc(profile_of("icc-adobe.png"));
    let samples = Samples::U8(vec![200, 30, 40, 77, 10, 220, 30, 0]);
    let (samples, channels) =
        to_srgb(samples, (2, 1), 4, ColourModel::Rgb, Some(&encoding), &mut Vec::new()).unwrap();
    let samples = samples.into_u8();
    assert_eq!((channels, samples[3], samples[7]), (4, 77, 0));
    assert_ne!(samples[0], 200);
}

#[test]
fn profiles_that_do_not_fit_are_reported() {
    let mut warnings = Vec::new();
    let samples = Samples::U8(vec![1, 2, 3]);
    for encoding in [ColourEncoding::Icc(profile_of("icc-grey.png")), ColourEncoding::Icc(vec![0; 200])] {
        let (same, _) =
            to_srgb(samples.clone(), (1, 1), 3, ColourModel::Rgb, Some(&encoding), &mut warnings).unwrap();
        assert_eq!(same, samples);
    }
    assert_eq!(warnings.len(), 2);
    assert_eq!(
        ToProfile::new(&profile_of("icc-grey.png"), 3, 8).err().unwrap().code(),
        "ERR_UPSCALER_ENCODE"
    );

    let convert = ToProfile::new(&profile_of("icc-p3.png"), 3, 8).unwrap();
    let mut rgba = Raster::new(1, 1, 4, Samples::U8(vec![0; 4])).unwrap();
    assert_eq!(convert.apply(&mut rgba).unwrap_err().code(), "ERR_INVALID_ARG_VALUE");
}

#[test]
fn code_points_of_srgb_change_nothing_and_those_of_p3_do() {
    const BT709: u8 = 1;
    const P3_D65: u8 = 12;
    const SRGB_CURVE: u8 = 13;
    let samples = Samples::U8(vec![255, 128, 0]);
    let with = |primaries| {
        let encoding = ColourEncoding::Cicp { primaries, transfer: SRGB_CURVE };
        to_srgb(samples.clone(), (1, 1), 3, ColourModel::Rgb, Some(&encoding), &mut Vec::new()).unwrap().0
    };
    assert_eq!(with(BT709), samples);
    // By LittleCMS, with the profile that the P3 fixtures carry.
    let encoding = ColourEncoding::Icc(profile_of("icc-p3.png"));
    let (by_profile, _) =
        to_srgb(samples.clone(), (1, 1), 3, ColourModel::Rgb, Some(&encoding), &mut Vec::new()).unwrap();
    let (a, b) = (with(P3_D65).into_u8(), by_profile.into_u8());
    assert!(a.iter().zip(&b).all(|(a, b)| a.abs_diff(*b) <= 1), "{a:?} {b:?}");
}

#[test]
fn a_profile_that_ends_in_its_header_is_refused_at_any_length() {
    for length in 0..128 {
        let refused = ToProfile::new(&vec![0xff; length], 3, 8).err().unwrap();
        assert_eq!(refused.code(), "ERR_UPSCALER_ENCODE", "{length} bytes");
    }
}
