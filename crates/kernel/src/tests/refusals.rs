//! What is refused, and what is promised about memory.

use super::super::*;
use super::spec;

#[test]
fn bad_specifications_are_refused() {
    let refused = |spec: ConvSpec, weights: usize, bias: usize| {
        let error = Conv::new(Isa::Portable, &spec, &vec![0.0; weights], &vec![0.0; bias]).err();
        assert!(matches!(error, Some(Error::Spec(_))), "{error:?}");
    };
    refused(spec(4, 1), 32, 1);
    refused(spec(3, 2), 18, 1);
    refused(spec(3, 1), 17, 1);
    refused(spec(3, 1), 18, 2);
    refused(ConvSpec { inputs: vec![2, 0], ..spec(3, 1) }, 18, 1);
    refused(ConvSpec { inputs: vec![usize::MAX, 2], ..spec(3, 1) }, 18, 1);
    let slopes = Epilogue::Activate(Activation::PRelu(vec![0.1; 2]));
    refused(ConvSpec { epilogue: slopes, ..spec(3, 1) }, 18, 1);
    refused(ConvSpec { upsample: true, ..spec(3, 0) }, 18, 1);
    refused(ConvSpec { upsample: true, ..spec(5, 2) }, 50, 1);
    assert!(Conv::new(Isa::Portable, &spec(3, 1), &[0.0; 18], &[0.0]).is_ok());
}

#[test]
fn bad_pictures_are_refused() {
    let conv = Conv::new(Isa::Portable, &spec(3, 0), &[0.0; 18], &[0.0]).unwrap();
    let run = |height, width, planes: &[&[f32]], residual: &[&[f32]], rows, out: usize| {
        let mut out = vec![0.0; out * LANES];
        let picture = Activations::whole(height, width, planes, residual);
        conv.run_rows(picture, rows, &mut [&mut out], &mut Scratch::new())
    };
    let plane = [0.0; 36 * LANES];
    assert_eq!(run(6, 6, &[&plane], &[], 0..4, 16), Ok(()));
    let refused = |result: Result<(), Error>, why: &str| {
        assert!(matches!(result, Err(Error::Shape(_))), "{why}: {result:?}");
    };
    refused(run(2, 18, &[&plane], &[], 0..0, 0), "nothing is left");
    refused(run(0, 6, &[&[]], &[], 0..0, 0), "empty");
    refused(run(usize::MAX, 6, &[&plane], &[], 0..4, 16), "overflow");
    refused(run(6, 6, &[&plane[1..]], &[], 0..4, 16), "short plane");
    refused(run(6, 6, &[&plane, &plane], &[], 0..4, 16), "too many planes");
    refused(run(6, 6, &[&plane], &[&plane], 0..4, 16), "unasked residual");
    refused(run(6, 6, &[&plane], &[], 0..5, 20), "rows outside");
    refused(run(6, 6, &[&plane], &[], 2..4, 8), "rows not on a multiple of four");
    refused(run(6, 6, &[&plane], &[], 0..4, 17), "output of another size");
}

#[test]
fn weights_grow_by_the_transform_and_scratch_is_bounded() {
    let epilogue = Epilogue::Activate(Activation::Relu);
    let spec = ConvSpec { inputs: vec![64], outputs: 64, kernel: 3, padding: 1, upsample: false, epilogue };
    let conv = Conv::new(Isa::Portable, &spec, &vec![0.0; 64 * 64 * 9], &[0.0; 64]).unwrap();
    assert_eq!(conv.weight_bytes(), 4 * 64 * 64 * 9 * size_of::<f32>());
    assert!(conv.scratch_bytes() < 1 << 20, "{}", conv.scratch_bytes());
}
