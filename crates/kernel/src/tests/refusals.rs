//! What is refused, and what is promised about memory.

use super::super::*;
use super::spec;

#[test]
fn bad_specifications_are_refused() {
    let refused = |spec: ConvSpec, weights: usize, bias: usize| {
        let error = Conv::new(Isa::Portable, &spec, &vec![0.0; weights], &vec![0.0; bias]).err();
        assert_eq!(error.expect("an error").code(), "ERR_INVALID_ARG_VALUE");
    };
    refused(spec(4, 1), 32, 1);
    refused(spec(3, 2), 18, 1);
    refused(spec(3, 1), 17, 1);
    refused(spec(3, 1), 18, 2);
    refused(ConvSpec { inputs: vec![2, 0], ..spec(3, 1) }, 18, 1);
    refused(ConvSpec { inputs: vec![usize::MAX, 2], ..spec(3, 1) }, 18, 1);
    let slopes = Epilogue::Activate(Activation::PRelu(vec![0.1; 2]));
    refused(ConvSpec { epilogue: slopes, ..spec(3, 1) }, 18, 1);
    refused(ConvSpec { enlarged: true, ..spec(3, 0) }, 18, 1);
    refused(ConvSpec { enlarged: true, ..spec(5, 2) }, 50, 1);
    assert!(Conv::new(Isa::Portable, &spec(3, 1), &[0.0; 18], &[0.0]).is_ok());
}

#[test]
fn bad_pictures_are_refused() {
    let conv = Conv::new(Isa::Portable, &spec(3, 0), &[0.0; 18], &[0.0]).unwrap();
    let run = |height, width, planes: &[&[f32]], residual: &[&[f32]], rows, out: usize| {
        let mut out = vec![0.0; out * LANES];
        let picture = Picture::whole(height, width, planes, residual);
        conv.run_rows(picture, rows, &mut [&mut out], &mut Scratch::new()).map_err(|error| error.code())
    };
    let plane = [0.0; 36 * LANES];
    assert_eq!(run(6, 6, &[&plane], &[], 0..4, 16), Ok(()));
    let refused = Err("ERR_UPSCALER_INFERENCE");
    assert_eq!(run(2, 18, &[&plane], &[], 0..0, 0), refused, "nothing is left");
    assert_eq!(run(0, 6, &[&[]], &[], 0..0, 0), refused, "empty");
    assert_eq!(run(usize::MAX, 6, &[&plane], &[], 0..4, 16), refused, "overflow");
    assert_eq!(run(6, 6, &[&plane[1..]], &[], 0..4, 16), refused, "short plane");
    assert_eq!(run(6, 6, &[&plane, &plane], &[], 0..4, 16), refused, "too many planes");
    assert_eq!(run(6, 6, &[&plane], &[&plane], 0..4, 16), refused, "unasked residual");
    assert_eq!(run(6, 6, &[&plane], &[], 0..5, 20), refused, "rows outside");
    assert_eq!(run(6, 6, &[&plane], &[], 2..4, 8), refused, "rows not on a multiple of four");
    assert_eq!(run(6, 6, &[&plane], &[], 0..4, 17), refused, "output of another size");
}

#[test]
fn weights_grow_by_the_transform_and_scratch_is_bounded() {
    let epilogue = Epilogue::Activate(Activation::Relu);
    let spec = ConvSpec { inputs: vec![64], outputs: 64, kernel: 3, padding: 1, enlarged: false, epilogue };
    let conv = Conv::new(Isa::Portable, &spec, &vec![0.0; 64 * 64 * 9], &[0.0; 64]).unwrap();
    assert_eq!(conv.weight_bytes(), 4 * 64 * 64 * 9 * size_of::<f32>());
    assert!(conv.scratch_bytes() < 1 << 20, "{}", conv.scratch_bytes());
}
